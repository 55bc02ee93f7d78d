"""Models for other programs: a file of an engine, a file for QGIS, or a folder for a model hub."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from upcracknet import __version__
from upcracknet.data.registry import open_dataset
from upcracknet.detection.acceleration import export_scorer, exported_part
from upcracknet.detection.detector import FREE_OVERLAP, FREE_TILE
from upcracknet.detection.hub import export_for_hub, hub_problems
from upcracknet.detection.pretrained import SHIPPED, Pretrained, load_pretrained, weights_path
from upcracknet.detection.qgis import TILE_SIDE, export_for_qgis, qgis_problems
from upcracknet.detection.scorer import RestorationScorer
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import ConfigurationError
from upcracknet.runtime import Engine, Precision, runtime_of_file, size_multiple
from upcracknet.weights import WeightsRecord, load_weights

Purpose = Literal["engine", "qgis", "hub"]

MOST_PHOTOS = 48
"""Photos that int8 is measured on; more change nothing and take memory."""


@dataclass(frozen=True)
class ExportOptions:
    """Choices of ``upcracknet export``.

    Attributes:
        purpose: for ``engine``, a file of ONNX Runtime or OpenVINO; for ``qgis``, a file of Deepness and
            GeoDeep; for ``hub``, a folder.
        precision: what the engine calculates in.
        photos: folder or dataset of undamaged road, on which ``int8`` is measured beside synthetic roads.
        data_root: folder with the named datasets.
        preset: detection settings other than the model's own.
        millimetres_per_pixel: size of a pixel on the road, for ``qgis``.
        tile_size: side of a tile in pixels, for ``qgis``.
    """

    purpose: Purpose = "engine"
    precision: Precision = "fp32"
    photos: str | None = None
    data_root: Path | None = None
    preset: str | None = None
    millimetres_per_pixel: float | None = None
    tile_size: int | None = None

    @property
    def tile_side(self) -> int:
        """Side of a tile in pixels."""
        return TILE_SIDE if self.tile_size is None else self.tile_size

    def problems(self, output: Path) -> list[str]:
        """List what does not fit together, each as a sentence that says what to do."""
        found = []
        if self.purpose == "qgis":
            found += qgis_problems(output, self.millimetres_per_pixel, self.tile_side)
        else:
            given = {"--millimetres-per-pixel": self.millimetres_per_pixel, "--tile-size": self.tile_size}
            found += [
                f"{name} is for --for qgis alone; leave it out"
                for name, value in given.items()
                if value is not None
            ]
        if self.purpose == "hub":
            found += hub_problems(output)
        if self.purpose != "engine" and self.precision != "fp32":
            found.append(f"--for {self.purpose} has --precision fp32 alone; leave --precision out")
        if self.photos is not None and self.precision != "int8":
            found.append("--photos is for --precision int8 alone; leave it out")
        return found


def export_model(model: str, output: Path, options: ExportOptions) -> tuple[dict[str, Any], list[str]]:
    """Write a model for other programs.

    Args:
        model: a shipped model, a run folder, or a ``.safetensors`` file.
        output: file to write; for ``hub`` a folder.
        options: for what, and how.

    Returns:
        what was written; and what to know of it, in sentences.

    Raises:
        ConfigurationError: choices that do not fit together, all at once; a model without this form; or a
            package is missing.
        WeightsError: no such model, or unusable weights.
        OutputError: it cannot be written.
    """
    problems = options.problems(output)
    if model in CLASSICAL or runtime_of_file(Path(model)) is not None:
        problems.append(f"{model}: no trained network; give a model or a .safetensors file")
    if problems:
        raise ConfigurationError("; ".join(problems))
    path, preset = weights_path(model), options.preset
    _, record = load_weights(path)
    pretrained = load_pretrained(model, preset)
    if isinstance(pretrained.scorer, RestorationScorer):  # its settings are then the file's own
        settings = pretrained.scorer.settings.to_dict()
        detection = settings | {"input_size": pretrained.scorer.input_size}
        record, preset = replace(record, detection=detection), None
    license_name = "apache-2.0" if model in SHIPPED else None
    notes: list[str] = []
    report: dict[str, Any] = {"model": str(output)}
    if options.purpose == "hub":
        notes = export_for_hub(model, path, record, output, preset=preset, license_name=license_name)
        written = sorted(output.iterdir())
    elif options.purpose == "qgis":
        assert options.millimetres_per_pixel is not None
        notes = export_for_qgis(
            pretrained.scorer, pretrained.threshold, output,
            millimetres_per_pixel=options.millimetres_per_pixel, tile_side=options.tile_side,
            description=_origin(record, license_name) | {"for": "qgis", "level": pretrained.threshold.level},
        )  # fmt: skip
        report |= {"millimetres_per_pixel": options.millimetres_per_pixel, "tile_size_px": options.tile_side}
        written = [output]
    else:
        _export_for_engine(pretrained, record, output, options, preset, license_name)
        report |= {"engine": runtime_of_file(output), "precision": options.precision}
        written = [file for file in (output, output.with_suffix(".bin")) if file.exists()]
    report["megabytes"] = round(sum(file.stat().st_size for file in written if file.is_file()) / 1e6, 2)
    return report, notes


def _export_for_engine(
    pretrained: Pretrained, record: WeightsRecord, output: Path, options: ExportOptions, preset: str | None,
    license_name: str | None,
) -> None:  # fmt: skip
    data = options.photos, options.data_root
    samples = () if data[0] is None else open_dataset(data[0], data[1], "train").samples[:MOST_PHOTOS]
    scorer, threshold = pretrained.scorer, pretrained.threshold
    side = scorer.input_size
    description = {
        "record": asdict(record),
        "preset": preset,
        **_origin(record, license_name),
        "input": {
            "name": "images",
            "type": "float32",
            "shape": ["batch", 3, side or "height", side or "width"],
            "channels": "RGB",
            "range": [0, 1],
            "multiple_px": side or size_multiple(exported_part(scorer)),
            "padding": scorer.padding,
        },
        "threshold": {
            "level": threshold.level,
            "least_level": threshold.floor,
            "hysteresis": threshold.hysteresis,
            "minimum_extent_px": threshold.minimum_extent,
        },
        "tiles": {
            "largest_side_px": side or FREE_TILE,
            "overlap_px": FREE_OVERLAP if side is None else side // 4,
        },
    }
    engine, photos = Engine(precision=options.precision), (sample.photo() for sample in samples)
    export_scorer(scorer, threshold, output, engine, description, photos=photos)


def _origin(record: WeightsRecord, license_name: str | None) -> dict[str, Any]:
    return {"version": __version__, "weights_sha256": record.sha256, "license": license_name}
