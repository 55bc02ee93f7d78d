"""What turns a restored photo into a crack map, and the named presets of it."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from upcracknet.errors import ConfigurationError
from upcracknet.networks import NormalizationStatistics

ErrorKind = Literal["squared", "absolute", "absolute_grey"]


@dataclass(frozen=True)
class DetectionSettings:
    """Choices of Section III-D.

    Attributes:
        statistics: what batch normalisation uses at test time: the ``running`` averages of training, or the
            ``image``'s own mean and variance.
        dropout: keep dropout on, as the authors' code does.
        error: ``squared`` is equation (1), averaged over the colours; ``absolute`` is the same without
            squaring, so that faint cracks weigh more; ``absolute_grey`` is the authors' code,
            the difference of grey images that are each stretched to their own minimum and maximum.
        center: first subtract the photo's median difference of each colour. Statistics of the image brighten
            or darken the restoration as a whole, which is no crack. Not for ``absolute_grey``.
        filter_diameter: side of the bilateral filter's window in pixels; 0 does not filter.
        sigma_color: how much errors may differ to be averaged, in units of the error, which lies in [0, 1].
        sigma_space: how far errors may lie apart to be averaged, in pixels.
        eight_bit: round the error map to 8 bits before it is filtered, as the authors' code does.
        minimum_extent: connected crack pixels that reach less far than this many pixels, in height and in
            width, are taken for specks and dropped.
        level_floor: pixels below this error are never marked as crack, whatever Otsu's method says.
    """

    statistics: NormalizationStatistics = "image"
    dropout: bool = False
    error: ErrorKind = "squared"
    center: bool = False
    filter_diameter: int = 5
    sigma_color: float = 0.1
    sigma_space: float = 1.5
    eight_bit: bool = False
    minimum_extent: int = 0
    level_floor: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a weights file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DetectionSettings":
        """Rebuild settings; missing ones take their default.

        Raises:
            ConfigurationError: an unknown setting.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ConfigurationError(
                f"unknown detection settings {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        return cls(**values)


PRESETS: dict[str, DetectionSettings] = {
    "paper": DetectionSettings(),
    "paper-running": DetectionSettings(statistics="running"),
    "authors": DetectionSettings(
        dropout=True,
        error="absolute_grey",
        filter_diameter=25,
        sigma_color=450 / 255,
        sigma_space=15.0,
        eight_bit=True,
    ),
}
