"""Undamaged patches for training: random windows without cracks, scaled and flipped (paper, IV-A, IV-B)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int32, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from upcracknet.data.dataset import Sample
from upcracknet.data.undamaged import Window, undamaged_corners
from upcracknet.errors import ConfigurationError, DataError

WINDOW_SIZES = (96, 128, 160, 192, 224, 256, 288, 320, 352)
CACHE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class _Mined:
    """A photo and its undamaged windows: corners by window size, only sizes that have some."""

    sample: Sample
    corners: dict[int, Int32[np.ndarray, "n 2"]]
    pixels: UInt8[np.ndarray, "h w 3"] | None  # None where the cache is full

    def draw(self, size: int, generator: np.random.Generator) -> Window:
        top, left = self.corners[size][generator.integers(len(self.corners[size]))]
        return Window(int(top), int(left), size, size)

    def cut(self, window: Window) -> UInt8[np.ndarray, "s s 3"]:
        photo = self.sample.photo() if self.pixels is None else self.pixels
        return photo[window.top : window.top + window.height, window.left : window.left + window.width]


Item = TypeVar("Item")


class SeededPatches(Dataset[Item]):
    """Patches drawn at random: item i of epoch e depends on (seed, e, i) alone.

    So a run gives the same patches with any number of workers and after a resume.

    Args:
        length: patches an epoch.
        photo_count: number of photos that they come from.
        augment: other patches each epoch; False gives the same each epoch.
        seed: seed of the choices.
    """

    _stream: tuple[int, ...] = ()
    """Keeps kinds of patches apart, so that those of one seed do not repeat each other's choices."""

    def __init__(self, length: int, photo_count: int, *, augment: bool, seed: int) -> None:
        self._length, self.photo_count, self.augment, self.seed = length, photo_count, augment, seed
        # In shared memory, so that data loader workers that outlive an epoch see the change.
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return self._length

    def set_epoch(self, epoch: int) -> None:
        """Choose the patches of this epoch; call it before the epoch's first item."""
        self._epoch.fill_(epoch)

    def _generator(self, index: int) -> np.random.Generator:
        if not 0 <= index < self._length:
            raise IndexError(index)
        epoch = int(self._epoch) if self.augment else 0
        return np.random.default_rng((self.seed, epoch, index, *self._stream))


class UndamagedPatches(SeededPatches[Float[Tensor, "3 h w"]]):
    """Random undamaged patches: float32 3×size×size in [0, 1].

    A photo is chosen with equal chance among those with an undamaged window, then one of its window sizes,
    then one of its windows of this size: large windows are rare and would otherwise hardly be seen.

    Args:
        samples: photos; those without a mask are taken as undamaged all over.
        size: side of a patch in pixels, after scaling.
        window_sizes: sides of the windows cut from the photos, in pixels.
        stride: step between candidate windows, in pixels.
        margin: distance to keep from annotated cracks, in pixels.
        augment: new windows each epoch, flips and transposition; False gives the same patches each epoch, not
            flipped.
        patches_per_epoch: length of the dataset; None gives one patch for each photo with an undamaged
            window.
        seed: seed of the choices.
        cache_bytes: photos are held in memory up to so many bytes, the others are read when needed.

    Raises:
        ConfigurationError: a size, the stride or the number of patches is below 1, or the margin below 0.
        DataError: no photo has an undamaged window.
        PhotoError: a photo or mask cannot be read.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        size: int = 256,
        window_sizes: Sequence[int] = WINDOW_SIZES,
        stride: int = 16,
        margin: int = 4,
        augment: bool = True,
        patches_per_epoch: int | None = None,
        seed: int = 0,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        problems = [
            f"{setting} is {value}, expected at least {least}"
            for setting, value, least in (
                ("size", size, 1),
                ("smallest window size", min(window_sizes, default=0), 1),
                ("stride", stride, 1),
                ("margin", margin, 0),
                ("patches per epoch", 1 if patches_per_epoch is None else patches_per_epoch, 1),
            )
            if value < least
        ]
        if problems:
            raise ConfigurationError("; ".join(problems))
        self.size = size
        self._mined = _mine(samples, tuple(window_sizes), stride, margin, cache_bytes)
        if not self._mined:
            raise DataError(
                f"no undamaged window of sizes {', '.join(map(str, window_sizes))} in {len(samples)} photos "
                f"with a margin of {margin} pixels to cracks; use smaller windows or less cracked photos"
            )
        found = len(self._mined)
        super().__init__(patches_per_epoch or found, found, augment=augment, seed=seed)

    @property
    def window_count(self) -> int:
        """How many undamaged windows there are, of all sizes."""
        return sum(len(corners) for mined in self._mined for corners in mined.corners.values())

    def choose(self, index: int) -> tuple[Sample, Window]:
        """Find the photo and the window in it that item ``index`` of this epoch is cut from."""
        mined, window = self._choose(self._generator(index))
        return mined.sample, window

    def window(self, generator: np.random.Generator, least: int) -> UInt8[np.ndarray, "s s 3"]:
        """Draw a random undamaged window at the photo's own scale.

        Args:
            generator: source of randomness; the dataset's own seed and epoch play no part.
            least: side in pixels that would be enough; a photo's smallest such windows are taken, or its
                largest where all are smaller.
        """
        mined = self._mined[generator.integers(len(self._mined))]
        size = next((size for size in sorted(mined.corners) if size >= least), max(mined.corners))
        return mined.cut(mined.draw(size, generator))

    def __getitem__(self, index: int) -> Float[Tensor, "3 h w"]:
        generator = self._generator(index)
        mined, window = self._choose(generator)
        patch = mined.cut(window)
        if window.height != self.size:
            method = cv2.INTER_AREA if window.height > self.size else cv2.INTER_LINEAR
            patch = cv2.resize(patch, (self.size, self.size), interpolation=method)
        if self.augment:
            (patch,) = flip([patch], generator)
        channels_first = np.ascontiguousarray(patch.transpose(2, 0, 1))
        return torch.from_numpy(channels_first).float().div_(255)

    def _choose(self, generator: np.random.Generator) -> tuple[_Mined, Window]:
        mined = self._mined[generator.integers(len(self._mined))]
        sizes = list(mined.corners)
        size = sizes[generator.integers(len(sizes))]
        return mined, mined.draw(size, generator)


def split_samples(
    samples: Sequence[Sample], validation_share: float, seed: int = 0
) -> tuple[list[Sample], list[Sample]]:
    """Split photos, never patches of one photo, into training and validation.

    Args:
        samples: at least 2 samples, or any number with ``validation_share`` 0.
        validation_share: share of the photos for validation, in [0, 1); above 0 at least one photo goes to
            each part.
        seed: the same seed gives the same split, whatever the order of the samples.

    Returns:
        training samples and validation samples, each in the order of their names.

    Raises:
        DataError: the share is out of range, or one photo alone is to be split.
    """
    if not 0 <= validation_share < 1:
        raise DataError(f"validation share {validation_share}, expected at least 0 and below 1")
    ordered = sorted(samples, key=lambda sample: sample.name)
    if validation_share == 0:
        return ordered, []
    if len(ordered) < 2:
        raise DataError(f"{len(ordered)} photo cannot be split in training and validation; give at least 2")
    count = min(max(round(validation_share * len(ordered)), 1), len(ordered) - 1)
    chosen = set(np.random.default_rng(seed).permutation(len(ordered))[:count].tolist())
    training = [sample for index, sample in enumerate(ordered) if index not in chosen]
    return training, [ordered[index] for index in sorted(chosen)]


def _mine(
    samples: Sequence[Sample], window_sizes: tuple[int, ...], stride: int, margin: int, cache_bytes: int
) -> list[_Mined]:
    found = []
    for sample in samples:
        photo = sample.photo()
        mask = None if sample.mask_path is None else sample.mask()
        if mask is not None and mask.shape != photo.shape[:2]:
            raise DataError(f"{sample.name}: mask {mask.shape} and photo {photo.shape[:2]} differ in size")
        shape = (photo.shape[0], photo.shape[1])
        by_size = {
            size: undamaged_corners(mask, size=size, stride=stride, margin=margin, shape=shape)
            for size in window_sizes
        }
        corners = {size: places for size, places in by_size.items() if len(places)}
        if not corners:
            continue
        cached = photo.nbytes <= cache_bytes
        cache_bytes -= photo.nbytes if cached else 0
        found.append(_Mined(sample, corners, photo if cached else None))
    return found


def flip(
    pictures: Sequence[np.ndarray], generator: np.random.Generator, *, transpose: bool = True
) -> list[np.ndarray]:
    """Flip pictures of one size at random, all in the same way.

    Args:
        pictures: H×W or H×W×3; squares, if they are transposed.
        generator: source of randomness.
        transpose: exchange rows and columns too, which makes eight ways instead of four.
    """
    horizontally, vertically, *transposed = generator.random(3 if transpose else 2) < 0.5
    if horizontally:
        pictures = [picture[:, ::-1] for picture in pictures]
    if vertically:
        pictures = [picture[::-1] for picture in pictures]
    return [np.swapaxes(picture, 0, 1) if any(transposed) else picture for picture in pictures]
