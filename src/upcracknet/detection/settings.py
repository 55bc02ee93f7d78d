"""What turns a restored photo into a crack map, and the named presets of it."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from upcracknet.errors import ConfigurationError
from upcracknet.networks import NormalizationStatistics
from upcracknet.parsing import built

ErrorKind = Literal["squared", "absolute", "stretched_grey"]

WIDEST_FILTER = 255
"""Pixels: for each pixel the filter looks at all of its window; wider ones would take minutes a photo."""


@dataclass(frozen=True)
class DetectionSettings:
    """Choices of Section III-D.

    Attributes:
        statistics: what batch normalisation uses at test time: the ``running`` averages of training, or the
            ``image``'s own mean and variance.
        dropout: keep dropout on, as the authors' code does.
        stretch: bring the photo to the whole range from 0 to 1 before it is restored, all colours together,
            and the error map before it is filtered, as the authors' code does.
        error: ``squared`` is equation (1), averaged over the colours; ``absolute`` is the same without
            squaring, so that faint cracks weigh more; ``stretched_grey`` is the authors' code, the absolute
            difference of grey images that are each stretched to their own minimum and maximum.
        center: first subtract the photo's median difference of each colour. Statistics of the image brighten
            or darken the restoration as a whole, which is no crack. Not for ``stretched_grey``.
        filter_diameter: side of the bilateral filter's window in pixels; 0 does not filter.
        sigma_color: how much errors may differ to be averaged, in units of the error, which lies in [0, 1].
        sigma_space: how far errors may lie apart to be averaged, in pixels.
        eight_bit: filter the error map in 8 bits, and cut what is stretched down to 8 bits, fractions
            dropped, as the authors' code does.
        minimum_extent: connected crack pixels that reach less far than this many pixels, in height and in
            width, are taken for specks and dropped.
        level_floor: pixels below this error are never marked as crack, whatever Otsu's method says.

    Raises:
        ConfigurationError: a filter that cannot be, or is wider than :data:`WIDEST_FILTER`.
    """

    statistics: NormalizationStatistics = "image"
    dropout: bool = False
    stretch: bool = False
    error: ErrorKind = "squared"
    center: bool = False
    filter_diameter: int = 5
    sigma_color: float = 0.1
    sigma_space: float = 1.5
    eight_bit: bool = False
    minimum_extent: int = 0
    level_floor: float = 0.0

    def __post_init__(self) -> None:
        sigmas = (self.sigma_color, self.sigma_space)
        if not 0 <= self.filter_diameter <= WIDEST_FILTER or not all(0 < s < math.inf for s in sigmas):
            raise ConfigurationError(
                f"a filter of {self.filter_diameter} pixels with sigmas of {sigmas}; expected at most "
                f"{WIDEST_FILTER} pixels, and sigmas above 0"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a weights file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DetectionSettings":
        """Rebuild settings; missing ones take their default.

        Raises:
            ConfigurationError: an unknown setting, or a filter that cannot be.
            ValueError: a value of another type.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigurationError(
                f"unknown detection settings {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        return built(cls, values)


PRESETS: dict[str, DetectionSettings] = {
    "paper": DetectionSettings(),
    "paper-running": DetectionSettings(statistics="running"),
    "authors": DetectionSettings(
        dropout=True,
        stretch=True,
        error="stretched_grey",
        filter_diameter=25,
        # Their code filters three equal channels, whose differences OpenCV adds up: 450 there is 150 of one.
        sigma_color=150 / 255,
        sigma_space=15.0,
        eight_bit=True,
    ),
}
