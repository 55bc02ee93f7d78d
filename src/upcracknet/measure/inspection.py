"""All that is measured of one photo: cracks, their classes and severities, networks, quantities."""

from dataclasses import dataclass, replace

import numpy as np

from upcracknet.measure.classes import Classes, classify
from upcracknet.measure.cracks import measure_cracks, measure_in_windows
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction, Frame
from upcracknet.measure.joints import Joint
from upcracknet.measure.networks import Network
from upcracknet.measure.quantities import Quantity, book
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.severity import StandardName, grade
from upcracknet.measure.windows import Read


@dataclass(frozen=True, eq=False)
class Inspection:
    """All that is measured of one photo."""

    cracks: tuple[Crack, ...]
    classes: Classes
    scale: RoadScale | None
    standard: StandardName

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Quantities; none without a scale."""
        return () if self.scale is None else tuple(book(self.classes, self.standard))

    @property
    def networks(self) -> tuple[Network, ...]:
        """Networks."""
        return self.classes.networks

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Joints."""
        return self.classes.joints

    @property
    def direction(self) -> Direction | None:
        """Driving direction."""
        return self.classes.frame.direction

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know."""
        return ()


def inspect(
    mask: np.ndarray,
    scale: RoadScale | None = None,
    photo: np.ndarray | None = None,
    *,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
) -> Inspection:
    """Measure a mask."""
    cracks = measure_cracks(mask, scale, photo)
    return _of(cracks, (mask.shape[0], mask.shape[1]), scale, direction, standard)


def inspect_in_windows(
    read_mask: Read,
    shape: tuple[int, int],
    scale: RoadScale | None = None,
    *,
    read_photo: Read | None = None,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
    window: int = 2048,
) -> Inspection:
    """Measure a mask in windows."""
    cracks = measure_in_windows(read_mask, shape, scale, read_photo=read_photo, window=window)
    return _of(cracks, shape, scale, direction, standard)


def _of(
    cracks: list[Crack],
    shape: tuple[int, int],
    scale: RoadScale | None,
    direction: Direction | None,
    standard: StandardName,
) -> Inspection:
    classes = classify(cracks, Frame(*shape, scale, direction))
    graded = [
        replace(
            crack,
            kind=kind,
            severity=None
            if crack.width_mean_mm is None or kind == "joint"
            else grade(crack.width_mean_mm, standard, width_px=crack.width_mean_px),
        )
        for crack, kind in zip(cracks, classes.kinds, strict=True)
    ]
    return Inspection(tuple(graded), classes, scale, standard)
