"""What a user chooses of a detection, and what its results depend on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import ConfigurationError
from upcracknet.measure.severity import StandardName
from upcracknet.runtime import Precision, Runtime

Widths = Literal["photo", "mask"]
"""What widths are measured in."""


@dataclass(frozen=True)
class DetectionOptions:
    """How cracks are found, and what is written of each photo.

    Attributes:
        model: default, up-cracknet-32, up-cracknet-32-calibrated, a run folder of `upcracknet train`, a
            .safetensors file, a file of ``upcracknet export``, or a classical method of `upcracknet methods`,
            such as sauvola.
        preset: detection settings other than the model's own: paper, paper-running or authors; for weights of
            Deepcrack19 guided-filter.
        runtime: what runs the network: torch, onnx or openvino; auto takes the fastest that is installed. The
            first time a model is exported, which takes about ten seconds.
        precision: bf16 and int8 are faster and slightly different. bf16 needs a processor that has it, and
            torch or openvino; int8 onnx or openvino.
        overlap: overlap of neighbouring tiles of large photos, in pixels; without it 96, for UP-CrackNet 64.
        batch_size: tiles scored at a time; more is faster and takes more memory.
        overlays: write the photo with its cracks in red.
        scores: also write the score map, as 16-bit PNG or as float32 NumPy array; of images in windows as
            16-bit GeoTIFF.
    """

    model: str = "default"
    preset: str | None = None
    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    overlap: int | None = None
    batch_size: int = 8
    overlays: bool = True
    scores: Literal["none", "png", "npy"] = "none"


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
        track: GPX file of the drive or flight, which gives the driving direction.
        widths: photo takes widths at half depth of the grey profile across the crack, where the photo shows
            it; mask takes those of the mask alone.
        crack_pictures: write pictures: cracks by severity on the photo, with number, width and a legend.
    """

    scale: Path | None = None
    millimetres_per_pixel: float | None = None
    standard: StandardName = "astm-d6433"
    direction: float | None = None
    track: Path | None = None
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
    """

    model: str
    sha256: str | None
    detection: dict[str, Any]
    overlays: bool
    scores: Literal["none", "png", "npy"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the records."""
        return asdict(self)
