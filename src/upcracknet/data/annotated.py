"""Annotated photos for supervised training: scaled, cropped and flipped (Section IV-B)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from upcracknet.data.dataset import Sample
from upcracknet.data.patches import CACHE_BYTES, SeededPatches, flip
from upcracknet.data.resizing import resized
from upcracknet.data.synthetic.noise import log_uniform
from upcracknet.errors import DataError


class AnnotatedPatch(NamedTuple):
    """One training example, or a batch of them.

    Attributes:
        photo: in [0, 1].
        crack: 1 where a person marked a crack, else 0.
    """

    photo: Float[Tensor, "*b 3 h w"]
    crack: Float[Tensor, "*b h w"]


class AnnotatedPatches(SeededPatches[AnnotatedPatch]):
    """Photos with their masks, squeezed to squares as the protocol ``paper`` does.

    With augmentation a photo is drawn at random, scaled, cropped or continued by its mirror image to the size
    of a patch, and flipped: item i of epoch e depends on (seed, e, i) alone. Without it, item i is photo i as
    the protocol sees it.

    Args:
        samples: annotated photos.
        size: side of a patch in pixels.
        scales: least and greatest factor by which a photo is scaled beyond that size.
        augment: draw at random, scale, crop and flip.
        patches_per_epoch: length of the dataset; None gives one patch for each photo. Without augmentation
            always one for each photo.
        seed: seed of the choices.
        cache_bytes: photos are held in memory up to so many bytes, the others are read when needed.

    Raises:
        DataError: there are no photos, or one has no mask.
        PhotoError: a photo or mask cannot be read.
    """

    _stream = (2,)

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        size: int = 256,
        scales: tuple[float, float] = (0.5, 2.0),
        augment: bool = True,
        patches_per_epoch: int | None = None,
        seed: int = 0,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        if not samples:
            raise DataError("no annotated photos to learn from; give a dataset with masks")
        missing = [sample.name for sample in samples if sample.mask_path is None]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(samples)} photos have no mask, {missing[0]} for one; supervised "
                "networks learn from annotated photos only"
            )
        self.size, self.scales = size, scales
        self._samples = tuple(samples)
        self._cached: dict[int, tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]] = {}
        for index, sample in enumerate(samples):
            photo, mask = sample.photo(), sample.mask()
            if mask.shape != photo.shape[:2]:
                raise DataError(
                    f"{sample.name}: mask {mask.shape} and photo {photo.shape[:2]} differ in size"
                )
            cache_bytes -= photo.nbytes + mask.nbytes
            if cache_bytes >= 0:
                self._cached[index] = photo, mask
        length = (patches_per_epoch if augment else None) or len(samples)
        super().__init__(length, len(samples), augment=augment, seed=seed)

    def __getitem__(self, index: int) -> AnnotatedPatch:
        generator = self._generator(index)
        if not self.augment:
            return _patch(*self._squeezed(index, self.size))
        scaled = max(2, round(self.size * log_uniform(generator, *self.scales)))
        photo, mask = self._squeezed(int(generator.integers(len(self._samples))), scaled)
        missing = max(0, self.size - scaled)
        before = missing // 2
        padding = ((before, missing - before), (before, missing - before))
        # A mirror image is no larger than the photo; symmetric padding repeats it as often as needed.
        photo = np.pad(photo, (*padding, (0, 0)), mode="symmetric")
        mask = np.pad(mask, padding, mode="symmetric")
        top, left = generator.integers(len(photo) - self.size + 1, size=2)
        photo, mask = (part[top : top + self.size, left : left + self.size] for part in (photo, mask))
        photo, mask = flip((photo, mask), generator, transpose=False)
        return _patch(photo, mask)

    def _squeezed(
        self, index: int, size: int
    ) -> tuple[UInt8[np.ndarray, "{size} {size} 3"], Bool[np.ndarray, "{size} {size}"]]:
        sample = self._samples[index]
        photo, mask = self._cached.get(index) or (sample.photo(), sample.mask())
        # What is learned lies where the protocol measures it.
        return resized(photo, mask, size, size)


def _patch(photo: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> AnnotatedPatch:
    return AnnotatedPatch(
        torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1))).float().div_(255),
        torch.from_numpy(np.ascontiguousarray(mask)).float(),
    )
