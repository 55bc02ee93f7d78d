"""Undamaged patches with painted cracks: photo, the same road without them, and where they are.

This is a fourth family of corruption beside the squares, stripes and jumbled squares of Section III-B: cracks
that are painted instead of regions that are removed. Their truth is known exactly, without any annotation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from upcracknet.data.patches import SeededPatches, UndamagedPatches, flip
from upcracknet.data.synthetic import add_distractors, paint_cracks, synthesize_road
from upcracknet.data.synthetic.noise import log_uniform

Image = Float32[np.ndarray, "h w 3"]
Mask = Float32[np.ndarray, "h w"]

FINE = 5.0
"""Pixels; the widest of fine cracks."""

INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
"""How a photo may have been resized before it is searched; plain bilinear twice as often, as the protocol
`paper` and most programs do it."""


class PaintedPatch(NamedTuple):
    """One training example, or a batch of them.

    Attributes:
        photo: with cracks, in [0, 1].
        road: the same without cracks, in [0, 1].
        crack: share of each pixel that is seen as crack, in [0, 1].
        known: 1 where that is known, else 0.
        has_road: 1 if the road without cracks is known, else 0, and ``road`` is the photo itself.
    """

    photo: Float[Tensor, "*b 3 h w"]
    road: Float[Tensor, "*b 3 h w"]
    crack: Float[Tensor, "*b h w"]
    known: Float[Tensor, "*b h w"]
    has_road: Float[Tensor, "*b"]


@dataclass(frozen=True)
class PaintingRange:
    """How roads and cracks may look.

    Attributes:
        cracked: share of the patches that get cracks.
        distracted: share of the patches that get shadows, stains, joints, paint and the like.
        crowding: how many times more often than on real roads each of these is seen there.
        synthetic: share of the patches whose road is synthetic, not photographed.
        fine: share of the cracked patches that have only cracks under five pixels.
        widths: narrowest and widest crack in pixels of the photo as it was taken.
        depths: faintest and deepest crack as the share of the road's brightness that is lost.
        shrinking: least and greatest factor by which a photo is scaled before it is searched; below 1 it is
            shrunk. Cracks are painted before, so that they shrink and blur as photographed ones do.
        squeezed: share of the patches scaled by two different factors, as the protocol ``paper`` does.
    """

    cracked: float = 0.8
    distracted: float = 0.5
    crowding: float = 1.0
    synthetic: float = 0.15
    fine: float = 0.5
    widths: tuple[float, float] = (0.7, 60.0)
    depths: tuple[float, float] = (0.08, 0.9)
    shrinking: tuple[float, float] = (0.4, 1.6)
    squeezed: float = 0.5


@dataclass(frozen=True)
class SelfLabelledPhoto:
    """A photo and how crack-like an earlier model found each of its pixels.

    Attributes:
        photo: uint8 H×W×3 RGB.
        score: uint8 H×W, 255 is a score of 1.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    score: UInt8[np.ndarray, "h w"]

    def crop(
        self, height: int, width: int, generator: np.random.Generator
    ) -> tuple[UInt8[np.ndarray, "_h _w 3"], Float32[np.ndarray, "_h _w"]]:
        """Cut a random piece of at most this height and width in pixels; its scores are in [0, 1]."""
        height, width = min(height, self.score.shape[0]), min(width, self.score.shape[1])
        top = int(generator.integers(self.score.shape[0] - height + 1))
        left = int(generator.integers(self.score.shape[1] - width + 1))
        place = np.s_[top : top + height, left : left + width]
        return self.photo[place], self.score[place].astype(np.float32) / 255


@dataclass(frozen=True)
class SelfLabels:
    """Photos for a second round of training, and how far an earlier model's scores are believed.

    Attributes:
        photos: photos without annotation, with their scores.
        share: share of the patches that come from them.
        sure: scores up to the first are no crack, scores from the second on are crack.
    """

    photos: Sequence[SelfLabelledPhoto]
    share: float = 0.4
    sure: tuple[float, float] = (0.3, 0.6)


class PaintedPatches(SeededPatches[PaintedPatch]):
    """Random cracked patches; item i of epoch e depends on (seed, e, i) alone.

    Args:
        undamaged: where the roads come from, of several datasets with equal chance; each chooses photo and
            window by its own seed. Their windows are taken at the photo's own scale.
        size: side of a patch in pixels.
        painting: how roads and cracks may look.
        self_labels: photos without annotation to learn from as well; None for none.
        augment: other patches each epoch, with changes of light and noise; False gives the same each epoch.
        patches_per_epoch: length of the dataset.
        seed: seed of the choices.
    """

    _stream = (1,)

    def __init__(
        self,
        undamaged: Sequence[UndamagedPatches],
        *,
        size: int = 192,
        painting: PaintingRange | None = None,
        self_labels: SelfLabels | None = None,
        augment: bool = True,
        patches_per_epoch: int = 2000,
        seed: int = 0,
    ) -> None:
        self.undamaged = tuple(undamaged)
        self.size = size
        self.painting = painting or PaintingRange()
        self.self_labels = self_labels
        photos = sum(source.photo_count for source in self.undamaged)
        super().__init__(patches_per_epoch, photos, augment=augment, seed=seed)

    def __getitem__(self, index: int) -> PaintedPatch:
        generator = self._generator(index)
        labels = self.self_labels
        if labels is not None and labels.photos and generator.random() < labels.share:
            photo, crack, known = self._self_labelled(labels, generator)
            road, has_road = photo, 0.0
        else:
            photo, road, crack = self._painted(generator)
            known, has_road = np.ones_like(crack), 1.0
        if self.augment:
            photo, road, crack, known = flip((photo, road, crack, known), generator)
            photo, road = change_light((photo, road), generator)
        return PaintedPatch(
            _tensor(photo.transpose(2, 0, 1)),
            _tensor(road.transpose(2, 0, 1)),
            _tensor(crack),
            _tensor(known),
            torch.tensor(has_road),
        )

    def _painted(self, generator: np.random.Generator) -> tuple[Image, Image, Mask]:
        painting, size = self.painting, self.size
        height, width = (round(size / factor) for factor in draw_factors(painting, generator))
        road = self._road(height, width, generator)
        if generator.random() < painting.distracted:
            road = add_distractors(road, generator, painting.crowding)
        photo, crack = road, np.zeros((height, width), bool)
        if generator.random() < painting.cracked:
            narrowest, widest = painting.widths
            if generator.random() < painting.fine:
                widest = min(FINE, widest)
            photo, crack = paint_cracks(
                road, generator, widths=(narrowest, widest), depths=painting.depths, mark="seen"
            )
        how = INTERPOLATIONS[generator.integers(len(INTERPOLATIONS))]
        share = share_of_pixels(crack.astype(np.float32), size)
        return resize(photo, size, how), resize(road, size, how), share

    def _self_labelled(self, labels: SelfLabels, generator: np.random.Generator) -> tuple[Image, Mask, Mask]:
        size = self.size
        height, width = (round(size / factor) for factor in draw_factors(self.painting, generator))
        labelled = labels.photos[int(generator.integers(len(labels.photos)))]
        photo, score = labelled.crop(height, width, generator)
        how = INTERPOLATIONS[generator.integers(len(INTERPOLATIONS))]
        score = share_of_pixels(score, size)
        low, high = labels.sure
        known = ((score <= low) | (score >= high)).astype(np.float32)
        return resize(photo, size, how), (score >= high).astype(np.float32), known

    def _road(self, height: int, width: int, generator: np.random.Generator) -> UInt8[np.ndarray, "h w 3"]:
        if not self.undamaged or generator.random() < self.painting.synthetic:
            seed = int(generator.integers(2**31))
            return synthesize_road(seed, height, width, cracks=False, distractors=False).undamaged
        source = self.undamaged[generator.integers(len(self.undamaged))]
        return extend(source.window(generator, max(height, width)), height, width, generator)


def draw_factors(painting: PaintingRange, generator: np.random.Generator) -> tuple[float, float]:
    """Draw the factors by which a patch is scaled, down and across."""
    low, high = painting.shrinking
    if generator.random() >= painting.squeezed:
        factor = log_uniform(generator, low, high)
        return factor, factor
    # Photos are wider than high, and squeezed to a square: the width shrinks by up to 1.8 times more.
    across = log_uniform(generator, low, min(1.0, high))
    down = min(high, across * generator.uniform(1.0, 1.8))
    return (down, across) if generator.random() < 0.75 else (across, down)


def extend(
    window: UInt8[np.ndarray, "s s 3"], height: int, width: int, generator: np.random.Generator
) -> UInt8[np.ndarray, "h w 3"]:
    """Cut a piece of this height and width; a smaller window is continued by its mirror image."""
    down, across = max(0, height - window.shape[0]), max(0, width - window.shape[1])
    if down or across:
        window = np.pad(window, ((0, down), (0, across), (0, 0)), mode="reflect")
    top = int(generator.integers(window.shape[0] - height + 1))
    left = int(generator.integers(window.shape[1] - width + 1))
    return np.ascontiguousarray(window[top : top + height, left : left + width])


def resize(
    photo: UInt8[np.ndarray, "h w 3"], size: int, interpolation: int
) -> Float32[np.ndarray, "{size} {size} 3"]:
    """Squeeze a photo to a square, in [0, 1]."""
    resized = cv2.resize(photo, (size, size), interpolation=interpolation)
    return np.asarray(resized.astype(np.float32) / 255)


def share_of_pixels(mask: Float32[np.ndarray, "h w"], size: int) -> Float32[np.ndarray, "{size} {size}"]:
    """Squeeze a mask to a square: the share of each pixel that it covers."""
    interpolation = cv2.INTER_AREA if min(mask.shape) > size else cv2.INTER_LINEAR
    return np.minimum(cv2.resize(mask, (size, size), interpolation=interpolation), 1)


def change_light(images: tuple[Image, Image], generator: np.random.Generator) -> tuple[Image, Image]:
    """Change contrast, brightness, tint, sharpness and noise alike in the photo and the road beneath."""
    contrast, brightness = log_uniform(generator, 0.6, 1.6), generator.normal(0, 0.1)
    shift = (brightness + generator.normal(0, 0.02, 3)).astype(np.float32)
    middle = np.float32(images[0].mean())
    sharpness, blur = generator.random(), generator.uniform(0.3, 1.2)
    noise = np.float32(generator.uniform(0, 0.05) if generator.random() < 0.4 else 0)
    grains = generator.standard_normal((*images[0].shape[:2], 1), dtype=np.float32) * noise

    def changed(image: Image) -> Image:
        image = (image - middle) * np.float32(contrast) + middle + shift
        if sharpness < 0.25:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur))
        elif sharpness > 0.85:  # many cameras sharpen
            image = image + np.float32(0.5 * blur) * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
        return np.clip(image + grains, 0, 1)

    return changed(images[0]), changed(images[1])


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
