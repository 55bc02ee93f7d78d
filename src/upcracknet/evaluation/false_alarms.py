"""How much of sound road a detector marks as crack, on windows of real photos and on synthetic roads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset
from upcracknet.data.synthetic import synthesize_road
from upcracknet.data.undamaged import Window, undamaged_corners
from upcracknet.detection import CrackDetector
from upcracknet.errors import DataError, PhotoError
from upcracknet.evaluation.evaluate import Progress
from upcracknet.evaluation.protocol import annotated, whole

WINDOW_SIZES = (256, 192, 160)
"""Sides in pixels, large ones first: smaller ones would show too little road to be a photo."""

WINDOWS_PER_PHOTO = 2  # so that no photo weighs much more than another
MARGIN = 8  # pixels kept from annotated cracks, whose edges are uncertain
STRIDE = 16

FIRST_SEED = 20_000
"""Seeds that nothing else in this package uses; calibration takes those from 1000 on."""

Photo = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class CleanPhotos:
    """Photos without cracks, made or read when they are needed.

    Attributes:
        name: short name.
        description: what they are, in a sentence for a table.
        sources: number of photos or seeds that they come from.
        load: gives the crack-free photos of the source of a number; may raise ``PhotoError`` or
            ``DataError``.
    """

    name: str
    description: str
    sources: int
    load: Callable[[int], list[Photo]]


@dataclass(frozen=True)
class FalseAlarms:
    """What was marked as crack where there is none.

    Attributes:
        photos: number of crack-free photos.
        pixels: number of their pixels.
        crack_pixels: how many of these were marked as crack.
        photos_with_cracks: in how many photos there was any.
        unreadable: an error for each source that could not be read.
    """

    photos: int
    pixels: int
    crack_pixels: int
    photos_with_cracks: int
    unreadable: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Share of the pixels that was marked as crack, 0 to 1, pooled over all photos."""
        return self.crack_pixels / self.pixels

    @property
    def photo_share(self) -> float:
        """Share of the photos in which anything was marked as crack, 0 to 1."""
        return self.photos_with_cracks / self.photos


def undamaged_windows(truth: Bool[np.ndarray, "h w"]) -> list[Window]:
    """Find at most two windows of a photo that keep 8 pixels away from its cracks and do not overlap.

    Large windows come first; of one size the first from the top, then from the left.
    """
    taken: list[Window] = []
    for size in WINDOW_SIZES:
        for top, left in undamaged_corners(truth, size=size, stride=STRIDE, margin=MARGIN):
            window = Window(int(top), int(left), size, size)
            if not any(_overlap(window, other) for other in taken):
                taken.append(window)
            if len(taken) == WINDOWS_PER_PHOTO:
                return taken
    return taken


def clean_windows(dataset: CrackDataset) -> CleanPhotos:
    """Take the undamaged windows of a data set's annotated photos.

    Args:
        dataset: a part that the detector was not trained on.
    """
    samples = annotated(dataset)

    def load(index: int) -> list[Photo]:
        item = whole(samples[index])
        return [
            item.photo[window.top : window.top + window.height, window.left : window.left + window.width]
            for window in undamaged_windows(item.truth)
        ]

    sizes = ", ".join(map(str, WINDOW_SIZES))
    return CleanPhotos(
        name=f"windows of {dataset.name}",
        description=f"windows of {sizes} pixels of {dataset.name}'s {dataset.split} photos, at least "
        f"{MARGIN} pixels from annotated cracks, at most {WINDOWS_PER_PHOTO} a photo",
        sources=len(samples),
        load=load,
    )


def clean_roads(number: int = 40, height: int = 384, width: int = 544) -> CleanPhotos:
    """Make synthetic roads without cracks, with shadows, stains, joints and other things like cracks."""
    return CleanPhotos(
        name="synthetic roads",
        description=f"synthetic roads of {width}×{height} pixels with distractors and without cracks, "
        f"seeds {FIRST_SEED} to {FIRST_SEED + number - 1}",
        sources=number,
        load=lambda index: [synthesize_road(FIRST_SEED + index, height, width, cracks=False).photo],
    )


def count_false_alarms(
    detector: CrackDetector, clean: CleanPhotos, *, progress: Progress = lambda done, total: None
) -> FalseAlarms:
    """Detect on crack-free photos and count what is found.

    Args:
        detector: what is measured.
        clean: the photos; one that cannot be read is named in the result.
        progress: called after each source is read.

    Raises:
        DataError: there is no crack-free photo, or none could be read.
    """
    unreadable: list[str] = []

    def photos() -> Iterator[Photo]:
        for index in range(clean.sources):
            try:
                yield from clean.load(index)
            except (PhotoError, DataError) as error:
                unreadable.append(str(error))
            progress(index + 1, clean.sources)

    found = [(crack_map.mask.size, crack_map.crack_pixels) for crack_map in detector.detect_many(photos())]
    if not found:
        reason = f"; the first error: {unreadable[0]}" if unreadable else "; use photos with more sound road"
        raise DataError(f"{clean.name}: no crack-free photo in {clean.sources} of them{reason}")
    return FalseAlarms(
        photos=len(found),
        pixels=sum(pixels for pixels, _ in found),
        crack_pixels=sum(cracks for _, cracks in found),
        photos_with_cracks=sum(cracks > 0 for _, cracks in found),
        unreadable=tuple(unreadable),
    )


def _overlap(one: Window, other: Window) -> bool:
    rows = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    columns = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    return rows > 0 and columns > 0
