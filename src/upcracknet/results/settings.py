"""How cracks are to be measured, and what their detection depends on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import ConfigurationError
from upcracknet.measure.severity import StandardName
from upcracknet.results.sources import Source
from upcracknet.results.where_road import WhereRoad

Widths = Literal["photo", "mask"]
"""What widths are measured in."""


@dataclass(frozen=True)
class MeasureOptions:
    """How cracks are measured, once they are found.

    Attributes:
        scale: scale file of `upcracknet scale`: how large a pixel is on the road, for all photos, or for each
            folder or photo. Images that are georeferenced know it.
        millimetres_per_pixel: one number for all photos, in place of a scale file.
        standard: grades cracks by their width: astm-d6433 or fhwa-ltpp.
        direction: driving direction in the photos, in degrees against their x axis, counter-clockwise; 90 is
            up. Without it, it is taken from the photo's EXIF or the track; else it is up.
        gpx: track of the drive or flight, which gives the driving direction, and the places of a video's
            frames.
        widths: photo takes widths at half depth of the grey profile across the crack, where the photo shows
            it; mask takes those of the mask alone.
        crack_pictures: write pictures: cracks by severity on the photo, with number, width and a legend.
    """

    scale: Path | None = None
    millimetres_per_pixel: float | None = None
    standard: StandardName = "astm-d6433"
    direction: float | None = None
    gpx: Path | None = None
    widths: Widths = "photo"
    crack_pictures: bool = False

    def or_none(self, measure: bool) -> "MeasureOptions | None":
        """Give these options, or none where nothing is to be measured.

        Args:
            measure: whether cracks are to be measured.

        Raises:
            ConfigurationError: they are not, and there are options for it.
        """
        if measure:
            return self
        if self != MeasureOptions():
            raise ConfigurationError(
                "--no-measure and options of measuring, such as --scale, were given; leave one of them out"
            )
        return None


@dataclass(frozen=True)
class ResultSettings:
    """What the cracks that are found in a photo depend on, beside the photo.

    Attributes:
        model: name or file of the model.
        sha256: checksum of the model's tensors; None for a classical method.
        detection: how the model detects: preset, the weights' own settings, threshold, engine, tiles.
        overlays: whether the photo with its cracks in red is written.
        scores: in which form the score map is written.
        where: what of the photos is road.
        keep_frames: whether the frames of videos are written.
    """

    model: str
    sha256: str | None
    detection: dict[str, Any]
    overlays: bool
    scores: Literal["none", "png", "npy"]
    where: WhereRoad = field(default_factory=WhereRoad)
    keep_frames: bool = False

    def of(self, source: Source) -> dict[str, Any]:
        """Give what the results of a photo depend on, as plain values, for its record.

        What is none leaves the settings of a record as they were before there was such a setting.

        Args:
            source: the photo.
        """
        return {
            "model": self.model,
            "sha256": self.sha256,
            "detection": self.detection,
            "overlays": self.overlays,
            "scores": self.scores,
            **self.where.settings(source.address),
            "frames": True if self.keep_frames and source.frame is not None else None,
        }
