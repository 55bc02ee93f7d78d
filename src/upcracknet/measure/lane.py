"""The five zones across a lane of AASHTO R 85, and its summary of cracks by class and zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64, Int64

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import Portion
from upcracknet.measure.frame import Frame, Points

Zone = Literal["left edge", "left wheel path", "centre", "right wheel path", "right edge"]
ZONES: tuple[Zone, ...] = get_args(Zone)
WHEEL_PATHS: tuple[Zone, ...] = ("left wheel path", "right wheel path")

WHEEL_PATH_FROM_MM, WHEEL_PATH_TO_MM = 375.0, 1375.0
"""Where a wheel path begins and ends, from the middle of the lane (AASHTO R 85-18)."""

CrackClass = Literal["pattern", "longitudinal", "transverse", "other"]
_CLASSES: dict[str, CrackClass] = {
    "alligator": "pattern",
    "block": "pattern",
    "longitudinal": "longitudinal",
    "transverse": "transverse",
    "diagonal": "other",
    "crack": "other",
}


@dataclass(frozen=True)
class Lane:
    """A lane in a photo that has a scale and a driving direction.

    Attributes:
        left: a place (x, y) in pixels on its left edge.
        right: a place on its right edge.
        frame: the photo.
    """

    left: tuple[float, float]
    right: tuple[float, float]
    frame: Frame

    def __post_init__(self) -> None:
        if self.frame.scale is None or self.frame.driving is None:
            raise ConfigurationError(
                "a lane needs a scale and a driving direction, to measure across it: give both, or no lane"
            )
        if self.width_mm < 2 * WHEEL_PATH_TO_MM:
            raise ConfigurationError(
                f"a lane {self.width_mm / 1000:.2f} m wide; "
                f"expected at least {2 * WHEEL_PATH_TO_MM / 1000:.2f} m, the two wheel paths and the zone "
                "between them: check the two places on its edges"
            )

    @property
    def width_mm(self) -> float:
        """Distance of its edges, across the driving direction."""
        return float(abs(np.diff(self._across(np.array([self.left, self.right])))[0]))

    def zones_of(self, points: Points) -> Int64[np.ndarray, " n"]:
        """Find the zone of places in the photo.

        Args:
            points: n×2 (x, y) in pixels.

        Returns:
            the place of the zone in ``ZONES``; -1 outside the lane.
        """
        left, right = self._across(np.array([self.left, self.right]))
        offsets = (self._across(points) - (left + right) / 2) * np.sign(right - left)
        half = self.width_mm / 2
        limits = (
            -half,
            -WHEEL_PATH_TO_MM,
            -WHEEL_PATH_FROM_MM,
            WHEEL_PATH_FROM_MM,
            WHEEL_PATH_TO_MM,
            np.nextafter(half, np.inf),
        )
        zones = np.searchsorted(limits, offsets, side="right") - 1
        return np.where(zones < len(ZONES), zones, -1)

    def _across(self, points: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, " n"]:
        """Places on the road across the driving direction, in millimetres."""
        assert self.frame.driving is not None
        x, y = self.frame.driving
        across: Float64[np.ndarray, " n"] = self.frame.to_road(points) @ np.array([-y, x])
        return across


@dataclass(frozen=True)
class ZoneExtent:
    """Cracks of one class in one zone.

    Attributes:
        crack_class: "pattern", "longitudinal", "transverse" or "other".
        zone: where; None for transverse cracks, which are summed over the whole lane.
        length_mm: extent: the sum of their lengths.
        width_mean_mm: severity: their average width, weighted by length.
    """

    crack_class: CrackClass
    zone: Zone | None
    length_mm: float
    width_mean_mm: float


def summarise_zones(portions: Sequence[Portion], lane: Lane) -> list[ZoneExtent]:
    """Sum cracks up by class and zone (AASHTO R 85-18, 7.3 to 7.6).

    Joints are left out, and what lies outside the lane.

    Args:
        portions: those of the lane's photo.
        lane: where its edges are.

    Returns:
        the extents that are more than nothing, by class, then zone from left to right.
    """
    lengths: dict[tuple[CrackClass, Zone | None], float] = {}
    areas: dict[tuple[CrackClass, Zone | None], float] = {}
    for portion in portions:
        if portion.kind not in _CLASSES:
            continue
        crack_class = _CLASSES[portion.kind]
        zones = lane.zones_of(portion.segments.middles)
        for number, zone in enumerate(ZONES):
            key = (crack_class, None if crack_class == "transverse" else zone)
            part = portion.segments.lengths[zones == number] * portion.longer
            lengths[key] = lengths.get(key, 0.0) + float(part.sum())
            areas[key] = areas.get(key, 0.0) + float(part @ portion.segments.widths[zones == number])
    extents = [
        ZoneExtent(crack_class, zone, length, areas[crack_class, zone] / length)
        for (crack_class, zone), length in lengths.items()
        if length > 0
    ]
    order = (*get_args(CrackClass), None, *ZONES)
    return sorted(extents, key=lambda row: (order.index(row.crack_class), order.index(row.zone)))
