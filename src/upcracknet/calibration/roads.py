"""Roads whose cracks are known, or that have none, and the counts of what thresholds find on them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from upcracknet.data.painted import PaintedPatches
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.resizing import resized
from upcracknet.data.synthetic import paint_cracks, synthesize_road
from upcracknet.detection import Threshold
from upcracknet.detection.threshold import Components
from upcracknet.evaluation.metrics import ConfusionCounts

MINIMUM_EXTENTS = (0, 8, 16, 24)
"""Least extents that are compared, in pixels."""


class Road(NamedTuple):
    """A photo, RGB, 0 to 255, its crack pixels, and those of which nobody can see what they are."""

    photo: UInt8[np.ndarray, "_h _w 3"]
    cracks: Bool[np.ndarray, "_h _w"]
    unknown: Bool[np.ndarray, "_h _w"] | None = None


def undamaged_roads(patches: UndamagedPatches) -> list[Road]:
    """Take all undamaged patches, as roads without cracks."""
    return [_without_cracks(_to_photo(patches[index])) for index in range(len(patches))]


def roads_with_added_cracks(patches: UndamagedPatches, number: int) -> list[Road]:
    """Paint cracks on the first undamaged patches, the same on each call."""
    return [
        Road(*paint_cracks(_to_photo(patches[index]), np.random.default_rng(index)))
        for index in range(number)
    ]


def painted_roads(patches: PaintedPatches) -> list[Road]:
    """Take all painted patches, with what is seen of their cracks; the rest of them does not count."""
    painted = (patches[index] for index in range(len(patches)))
    return [
        Road(_to_photo(patch.photo), patch.crack.numpy() > 0.5, patch.known.numpy() < 0.5)
        for patch in painted
    ]


def shrunk_synthetic_roads(size: int, number: int) -> list[Road]:
    """Make synthetic roads of 384×544 pixels and shrink them to size×size, as the paper shrinks photos."""
    roads = (synthesize_road(seed, 384, 544) for seed in range(1000, 1000 + number))
    # Settings are chosen where the protocol measures: masks on the pixel centres of the photos.
    return [Road(*resized(road.photo, road.mask, size, size)) for road in roads]


def distracting_roads(number: int) -> list[Road]:
    """Make synthetic roads of 256×384 pixels with shadows, stains, joints and paint, and without cracks."""
    return [
        _without_cracks(synthesize_road(seed, 256, 384, cracks=False).undamaged)
        for seed in range(5000, 5000 + number)
    ]


def pooled_counts(
    scores: Iterable[Float[np.ndarray, "_h _w"]], roads: Sequence[Road], thresholds: Sequence[Threshold]
) -> list[ConfusionCounts]:
    """Count what each threshold finds on all roads together, where it is known what is there.

    Args:
        scores: a score map of each road.
        roads: the roads.
        thresholds: they share level and floor, so that the connected pixels are looked for once a road.
    """
    totals = [ConfusionCounts()] * len(thresholds)
    for score, (_, cracks, unknown) in zip(scores, roads, strict=True):
        components = Components.of(score, thresholds[0].level_of(score))
        sizes, pixels = components.sizes, cracks.size
        if unknown is not None:
            sizes = sizes - np.bincount(components.labels[unknown], minlength=len(sizes) + 1)[1:]
            cracks, pixels = cracks & ~unknown, pixels - int(unknown.sum())
        right = np.bincount(components.labels[cracks], minlength=len(sizes) + 1)[1:]
        annotated = int(cracks.sum())
        for place, threshold in enumerate(thresholds):
            kept = components.kept(threshold)
            found, marked = int(right[kept].sum()), int(sizes[kept].sum())
            missed = annotated - found
            totals[place] += ConfusionCounts(found, marked - found, missed, pixels - marked - missed, found)
    return totals


def _without_cracks(photo: UInt8[np.ndarray, "_h _w 3"]) -> Road:
    return Road(photo, np.zeros(photo.shape[:2], bool))


def _to_photo(patch: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    photo: np.ndarray = (patch.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return photo
