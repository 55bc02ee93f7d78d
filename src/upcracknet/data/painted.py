"""Undamaged patches with painted cracks: photo, the same road without them, and where they are.

This is a fourth family of corruption beside the squares, stripes and jumbled squares of Section III-B: cracks
that are painted instead of regions that are removed. Their truth is known exactly, without any annotation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from torch import Tensor

from upcracknet.data.backgrounds import Background, Labels, undamaged_piece, without_cracks
from upcracknet.data.camera import change_light, photograph
from upcracknet.data.patches import SeededPatches, UndamagedPatches, flip
from upcracknet.data.synthetic import BESTIARY, SURFACES, Surface, paint_cracks, synthesize_road
from upcracknet.data.synthetic.distractors import lay_distractors
from upcracknet.data.synthetic.loose import drop_leaves, drop_twigs, scatter_pebbles
from upcracknet.data.synthetic.marks import cast_hard_shadow, cast_tree_shadow
from upcracknet.data.synthetic.noise import Plane, Scene, log_uniform
from upcracknet.data.visibility import seen_cracks

Image = Float32[np.ndarray, "h w 3"]
Mask = Float32[np.ndarray, "h w"]

FINE = 5.0
"""Pixels; the widest of fine cracks."""

ORDINARY = 15.0
"""Pixels; the widest of cracks that are neither fine nor wide."""

WIDE = (12.0, 120.0)
"""Pixels of the patch; how wide the main one of wide cracks is."""

PHOTOGRAPHED: tuple[Surface, ...] = ("asphalt", "concrete")
"""Surfaces whose distractors are laid on photos, of which nobody knows what they show."""

ALL = 0.99
"""Share of a pixel that counts as the whole of it."""

INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
"""How a photo may have been resized before it is searched; plain bilinear twice as often, as the protocol
`paper` and most programs do it."""


COVERS: tuple[Callable[[Scene, Plane, np.random.Generator], None], ...] = (
    scatter_pebbles,
    drop_leaves,
    drop_twigs,
    lambda scene, _, generator: cast_tree_shadow(scene, generator),
    lambda scene, _, generator: cast_hard_shadow(scene, generator),
)
"""What may come to lie over cracks."""


class PaintedPatch(NamedTuple):
    """One training example, or a batch of them.

    Attributes:
        photo: with cracks, in [0, 1].
        road: the same without cracks, in [0, 1].
        crack: share of each pixel that is seen as crack, in [0, 1].
        known: 1 where that is known, else 0: the crack is too faint to be seen, or an earlier model was in
            doubt.
        has_road: 1 if ``road`` has no cracks; else 0, and it is the photo before cracks were painted on it.
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
        things: share of the patches that get one thing that is no crack, each kind as often as any other: on
            real roads manholes, cables and branches are too rare to learn from.
        synthetic: share of the patches whose road is synthetic, not photographed; of those that are not from
            photos with cracks of their own.
        surfaces: the surfaces of synthetic roads; all but gravel, which models are judged on without having
            seen it.
        fine: share of the cracked patches that have only cracks under five pixels.
        wide: share of the cracked patches whose main crack is 12 to 120 pixels wide in the patch, each width
            on a logarithmic scale as often as any other.
        widths: narrowest and widest crack in pixels of the photo as it was taken.
        depths: faintest and deepest crack as the share of the road's brightness that is lost.
        shrinking: least and greatest factor by which a photo is scaled before it is searched; below 1 it is
            shrunk, above 1 enlarged; where a photo is too small for a patch, it is shrunk less. Cracks are
            painted before, so that they shrink and blur as photographed ones do.
        squeezed: share of the patches scaled by two different factors, as the protocol ``paper`` does.
        covered: share of the patches with loose things on their cracks, or a shadow over road and cracks.
        camera: share of the training patches that are blurred, noisy, sharpened or compressed at last.
    """

    cracked: float = 0.75
    distracted: float = 0.5
    crowding: float = 1.0
    things: float = 0.2
    synthetic: float = 0.4
    surfaces: tuple[Surface, ...] = tuple(surface for surface in SURFACES if surface != "gravel")
    fine: float = 0.5
    wide: float = 0.1
    widths: tuple[float, float] = (0.7, 120.0)
    depths: tuple[float, float] = (0.08, 0.9)
    shrinking: tuple[float, float] = (0.35, 4.0)
    squeezed: float = 0.3
    covered: float = 0.25
    camera: float = 0.67


class PaintedPatches(SeededPatches[PaintedPatch]):
    """Random cracked patches; item i of epoch e depends on (seed, e, i) alone.

    Args:
        undamaged: where the roads come from, of several datasets with equal chance; each chooses photo and
            window by its own seed. Their windows are taken at the photo's own scale.
        size: side of a patch in pixels.
        painting: how roads and cracks may look.
        labels: photos with cracks of their own to paint on as well, in groups with a share each: the share of
            the patches that no group before it has taken.
        augment: other patches each epoch, with changes of light and noise; False gives the same each epoch.
        patches_per_epoch: length of the dataset.
        seed: seed of the choices.
    """

    _stream = (1,)

    def __init__(
        self,
        undamaged: Sequence[UndamagedPatches],
        *,
        size: int = 256,
        painting: PaintingRange | None = None,
        labels: Sequence[Labels] = (),
        augment: bool = True,
        patches_per_epoch: int = 2000,
        seed: int = 0,
    ) -> None:
        self.undamaged = tuple(undamaged)
        self.size = size
        self.painting = painting or PaintingRange()
        self.labels = tuple(group for group in labels if group.photos)
        photos = sum(source.photo_count for source in self.undamaged)
        super().__init__(patches_per_epoch, photos, augment=augment, seed=seed)

    def __getitem__(self, index: int) -> PaintedPatch:
        generator = self._generator(index)
        photo, road, painted, before, known = self._painted(generator)
        if self.augment:
            photo, road, painted, before, known = flip((photo, road, painted, before, known), generator)
            photo, road = change_light((photo, road), generator)
            if generator.random() < self.painting.camera:
                photo, road = photograph((photo, road), generator)
        seen = seen_cracks(photo, road, painted)
        known = np.where(painted > 0.5, seen, known > ALL)
        has_road = float(not before.any())
        return PaintedPatch(
            _tensor(photo.transpose(2, 0, 1)),
            _tensor(road.transpose(2, 0, 1)),
            _tensor(np.maximum(painted, before)),
            _tensor(known),
            torch.tensor(has_road),
        )

    def _painted(self, generator: np.random.Generator) -> tuple[Image, Image, Mask, Mask, Mask]:
        """Photo, road, what is painted, what was crack before, and where that is known."""
        painting, size = self.painting, self.size
        height, width = (round(size / factor) for factor in draw_factors(painting, generator))
        road, before, known, covered = self._background(height, width, generator)
        photo, crack = road, np.zeros(before.shape, bool)
        if generator.random() < painting.cracked:
            widths, usual = draw_widths(painting, size / min(road.shape[:2]), generator)
            photo, crack = paint_cracks(
                road,
                generator,
                widths=widths,
                usual=usual,
                depths=painting.depths,
                covered=covered,
                mark="seen",
            )
        if generator.random() < painting.covered:
            photo, road, hidden = cover((photo, road), generator)
            crack, before = crack & ~hidden, before * ~hidden
        how = INTERPOLATIONS[generator.integers(len(INTERPOLATIONS))]
        painted, before, known = (
            share_of_pixels(mask, size) for mask in (crack.astype(np.float32), before, known)
        )
        return resize(photo, size, how), resize(road, size, how), painted, before, known

    def _background(self, height: int, width: int, generator: np.random.Generator) -> Background:
        """A piece of road of this height and width, or of this shape and smaller."""
        painting = self.painting
        for group in self.labels:
            if generator.random() < group.share:
                return group.piece(height, width, generator)
        if not self.undamaged or generator.random() < painting.synthetic:
            surface = painting.surfaces[int(generator.integers(len(painting.surfaces)))]
            seed = int(generator.integers(2**31))
            road = synthesize_road(seed, height, width, surface=surface, cracks=False, distractors=False)
            background = without_cracks(road.undamaged)
        else:
            surface = PHOTOGRAPHED[int(generator.integers(len(PHOTOGRAPHED)))]
            source = self.undamaged[generator.integers(len(self.undamaged))]
            background = undamaged_piece(source, height, width, generator)
        scene = background.photo.astype(np.float32)
        covered = np.zeros(scene.shape[:2], np.float32)
        if generator.random() < painting.distracted:
            covered = lay_distractors(scene, generator, surface, painting.crowding)
        if generator.random() < painting.things:
            list(BESTIARY.values())[int(generator.integers(len(BESTIARY)))](scene, covered, generator)
        photo = np.clip(np.rint(scene), 0, 255).astype(np.uint8)
        return background._replace(photo=photo, covered=covered)


def draw_widths(
    painting: PaintingRange, factor: float, generator: np.random.Generator
) -> tuple[tuple[float, float], float | None]:
    """Draw how wide a patch's cracks are in pixels of the photo, of which it is scaled by a factor.

    Returns:
        narrowest and widest crack, and the usual width of the main crack where that is given.
    """
    narrowest, widest = painting.widths
    kind = generator.random()
    if kind < painting.fine:
        return (narrowest, max(narrowest, min(FINE, widest))), None
    if kind < painting.fine + painting.wide:
        return painting.widths, log_uniform(generator, *WIDE) / factor
    return (narrowest, max(narrowest, min(ORDINARY, widest))), None


def cover(
    photos: tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"]], generator: np.random.Generator
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """Drop one kind of loose things on a road, or cast a shadow over it, with cracks and without alike.

    Args:
        photos: uint8 H×W×3 RGB, the road with its cracks and without; not changed.
        generator: source of randomness.

    Returns:
        both, and the bool H×W mask of where things hide the road.
    """
    lay = COVERS[int(generator.integers(len(COVERS)))]
    seed, results = int(generator.integers(2**31)), []
    covered = np.zeros(photos[0].shape[:2], np.float32)
    for photo in photos:
        scene, same = photo.astype(np.float32), np.random.default_rng(seed)
        lay(scene, covered, same)
        results.append(np.clip(np.rint(scene), 0, 255).astype(np.uint8))
    return results[0], results[1], covered > 0.5


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


def resize(
    photo: UInt8[np.ndarray, "h w 3"], size: int, interpolation: int
) -> Float32[np.ndarray, "{size} {size} 3"]:
    """Squeeze a photo to a square, in [0, 1]."""
    if interpolation == cv2.INTER_AREA and min(photo.shape[:2]) < size:
        interpolation = cv2.INTER_CUBIC  # a mean of pixels is no way to enlarge a photo
    resized = cv2.resize(photo, (size, size), interpolation=interpolation)
    return np.asarray(resized.astype(np.float32) / 255)


def share_of_pixels(mask: Float32[np.ndarray, "h w"], size: int) -> Float32[np.ndarray, "{size} {size}"]:
    """Squeeze a mask to a square: the share of each pixel that it covers."""
    interpolation = cv2.INTER_AREA if min(mask.shape) > size else cv2.INTER_LINEAR
    return np.minimum(cv2.resize(mask, (size, size), interpolation=interpolation), 1)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
