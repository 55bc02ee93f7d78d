"""What is known of each photo: one record a photo, the truth of a result folder; tables are made of them."""

import json
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.files import one_line
from upcracknet.measure.severity import NOT_GRADED, STANDARDS
from upcracknet.parsing import built, fits, parse_json

Status = Literal["done", "failed"]

LARGEST_SIDE = 10_000_000
"""Pixels that no side of an image has: at 1 mm a pixel it would be 10 km long."""

FOLDERS = ("masks/", "overlays/", "scores/", "frames/", "cracks/", "pictures/")
"""Where the files of a photo lie, below the result folder."""


@dataclass(frozen=True, slots=True)
class Record:
    """One photo and what was found in it; what is not known is None.

    Attributes:
        name: of the photo's results, unique in the folder.
        photo: absolute path or URL.
        photo_relative: the path from the result folder, so that both can be moved together; None for a URL.
        stamp: size and time of change of the photo that was read, or what its server gives for them.
        status: ``done`` or ``failed``.
        taken_at: when a frame of a video was taken, by the camera's clock, in UTC (ISO 8601); None of photos,
            and where the video does not say when it began.
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        crack_pixels: number of crack pixels; once measured, of the corrected mask where there is one.
        road_pixels: number of pixels that show road: without those that have no data, and without what
            ``--region`` and ``--road`` leave out. None in records of earlier versions.
        area_share: share of the road that the photo shows that is crack, in [0, 1]; None where it shows none.
        crack_area_cm2: area of the crack pixels, in square centimetres, where the size of a pixel is known;
            where it differs from place to place the area of the measured cracks.
        millimetres_per_pixel: side of a pixel on the road, where it is the same everywhere.
        threshold: score above which a pixel was marked as crack.
        mask: file below the result folder: 255 is crack.
        overlay: file below the result folder: the photo with its cracks in red.
        score: file below the result folder: 65535 (or 1.0 in a NumPy file) is a score of 1.
        frame: file below the result folder: the frame of a video; None unless it was asked for.
        warning: what to know before this result is trusted.
        error: why the photo could not be used.
        settings: what the result depends on: the model, the sha256 of its tensors, how it detects.
        crack_count: number of cracks, without joints; as all that follows None where nothing was measured.
        crack_length_px: length of all cracks without joints, in pixels.
        crack_length_m: the same on the road in metres; needs a scale, as all in metres and millimetres.
        crack_width_mean_mm: mean width of all cracks in millimetres, each counted by its length.
        crack_width_max_mm: greatest width of a crack in millimetres.
        severity: the gravest that any crack or network has, however short, in the standard's word.
        severity_length_m: length in metres of the cracks of each severity.
        network_area_m2: area of alligator and block cracking in square metres.
        scale_source: where the millimetres come from.
        scale_uncertainty: one standard deviation of the scale, relative to a length.
        cracks: file below the result folder: all that was measured.
        picture: file below the result folder: cracks by severity on the photo.
        measure_warning: what to know before the measures are trusted, or why there are none.
        review_status: what a person said of the photo: ``accepted``, ``rejected`` or ``corrected``; None also
            where another mask was accepted.
        reviewer_note: why, in the person's words.
        measures: what the measures depend on: scale, standard, driving direction, correction; the scale alone
            of a photo that is to be measured again.
    """

    name: str
    photo: str
    photo_relative: str | None
    stamp: str
    status: Status
    taken_at: str | None = None
    width: int | None = None
    height: int | None = None
    crack_pixels: int | None = None
    road_pixels: int | None = None
    area_share: float | None = None
    crack_area_cm2: float | None = None
    millimetres_per_pixel: float | None = None
    threshold: float | None = None
    mask: str | None = None
    overlay: str | None = None
    score: str | None = None
    frame: str | None = None
    warning: str | None = None
    error: str | None = None
    settings: dict[str, Any] | None = None
    crack_count: int | None = None
    crack_length_px: float | None = None
    crack_length_m: float | None = None
    crack_width_mean_mm: float | None = None
    crack_width_max_mm: float | None = None
    severity: str | None = None
    severity_length_m: dict[str, float] | None = None
    network_area_m2: float | None = None
    scale_source: str | None = None
    scale_uncertainty: float | None = None
    cracks: str | None = None
    picture: str | None = None
    measure_warning: str | None = None
    review_status: str | None = None
    reviewer_note: str | None = None
    measures: dict[str, Any] | None = None

    @property
    def files(self) -> list[str]:
        """The files that belong to this result, below the result folder."""
        named = (self.mask, self.overlay, self.score, self.frame, self.cracks, self.picture)
        return [file for file in named if file]

    @property
    def rank(self) -> tuple[int, float, float, float]:
        """How bad the photo is: by its severity, then by length in metres and in pixels, then by area."""
        return (
            severity_rank(self.severity),
            self.crack_length_m or 0.0,
            self.crack_length_px or 0.0,
            self.area_share or 0.0,
        )

    def without_measures(self) -> "Record":
        """Give the record as it was before anything was measured."""
        unknown: dict[str, Any] = dict.fromkeys(MEASURES)
        return replace(self, **unknown)

    def to_json(self) -> bytes:
        """Give the content of the record's file."""
        # Escapes alone keep file names that are not UTF-8. Indented by hand: `indent` of json.dumps is slow.
        lines = (f' "{name}": {json.dumps(getattr(self, name))}' for name in _FIELDS)
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read a record.

        Raises:
            DataError: it is damaged, or no record.
            UpCrackNetError: the disk does not give it out; it may be whole.
        """
        try:
            record = built(cls, parse_json(path.read_bytes()))
            # A record names its own file and files of its folder: else those of others would be replaced.
            parts = [*record.name.split("/"), *(part for file in record.files for part in file.split("/"))]
            inside = all(file.startswith(FOLDERS) for file in record.files)
            own = path.as_posix().endswith(f"/{record.name}.json") and not {"", ".", ".."} & set(parts)
            usable = inside and own and record._is_plausible()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            missing = FileNotFoundError | NotADirectoryError | IsADirectoryError
            if isinstance(error, OSError) and not isinstance(error, missing):
                raise UpCrackNetError(
                    f"{path}: cannot be read ({one_line(error)}); check the disk, and that you may read it"
                ) from error
            raise DataError(
                f"{path}: no record that can be read ({type(error).__name__}); delete it and run "
                "`upcracknet detect` again"
            ) from error
        if not usable:
            raise DataError(f"{path}: no record of this folder, or names files outside it; delete it")
        return record

    def _is_plausible(self) -> bool:
        """Whether its values can be those of a photo: others could neither be measured nor drawn.

        Raises:
            ValueError: the photo was taken at a time that is none.
        """
        sizes = (self.width, self.height)
        sized = None not in sizes or (sizes == (None, None) and self.mask is None)
        counted = (self.crack_pixels, self.road_pixels, self.crack_count)
        shares = (self.area_share, self.scale_uncertainty)
        _ = self.taken_at is None or datetime.fromisoformat(self.taken_at)
        return (
            sized
            and all(side is None or 0 < side <= LARGEST_SIDE for side in sizes)
            and all(count is None or 0 <= count < LARGEST_SIDE**2 for count in counted)
            and all(share is None or 0 <= share <= 1 for share in shares)
            and fits((self.settings or {}).get("detection"), dict[str, Any] | None)
            and (self.measures is None or fits(self.measures.get("standard"), str | None))
        )


_FIELDS = tuple(each.name for each in fields(Record))

MEASURES = (
    *("crack_count", "crack_length_px", "crack_length_m", "crack_width_mean_mm", "crack_width_max_mm"),
    *("severity", "severity_length_m", "network_area_m2", "scale_source", "scale_uncertainty"),
    *("cracks", "picture", "measure_warning", "measures", "crack_area_cm2", "millimetres_per_pixel"),
    *("review_status", "reviewer_note"),
)
"""Fields of a record that measuring fills."""

RANKS = {NOT_GRADED: 1} | {
    name: place for standard in STANDARDS.values() for place, name in enumerate(standard.severities, 2)
}
"""The place of each severity of all standards, from the mildest up."""

COLUMNS = {
    "name": "string",
    "photo": "string",
    "status": "string",
    "taken_at": "string",
    "width": "int64",
    "height": "int64",
    "crack_pixels": "int64",
    "road_pixels": "int64",
    "area_share": "float64",
    "crack_area_cm2": "float64",
    "millimetres_per_pixel": "float64",
    "threshold": "float64",
    "crack_count": "int64",
    "crack_length_px": "float64",
    "crack_length_m": "float64",
    "crack_width_mean_mm": "float64",
    "crack_width_max_mm": "float64",
    "severity": "string",
    "network_area_m2": "float64",
    "scale_source": "string",
    "scale_uncertainty": "float64",
    "review_status": "string",
    "reviewer_note": "string",
    "mask": "string",
    "overlay": "string",
    "score": "string",
    "frame": "string",
    "cracks": "string",
    "picture": "string",
    "warning": "string",
    "measure_warning": "string",
    "error": "string",
}
"""Columns of the tables and their types; what a photo lacks is empty."""


def severity_rank(severity: str | None) -> int:
    """Give the place of a severity among all: 0 for none, up to 4 for the gravest."""
    return 0 if severity is None else RANKS.get(severity, 0)


@dataclass
class Counts:
    """How many photos there are, what became of them, and what was measured.

    Attributes:
        photos: number of photos.
        done: of them, how many could be used.
        failed: how many could not.
        with_cracks: how many have a crack; once measured, one that is no joint.
        measured: in how many the cracks were measured.
        reviewed: of how many a person said what is in them.
        crack_length_m: length in metres of the cracks that have a scale; None where none was known, as below.
        severity_length_m: of it, the length of each severity.
        network_area_m2: area in square metres of alligator and block cracking.
    """

    photos: int = 0
    done: int = 0
    failed: int = 0
    with_cracks: int = 0
    measured: int = 0
    reviewed: int = 0
    crack_length_m: float | None = None
    severity_length_m: dict[str, float] | None = None
    network_area_m2: float | None = None

    def add(self, record: Record) -> None:
        """Count one more photo."""
        self.photos += 1
        self.done += record.status == "done"
        self.failed += record.status == "failed"
        self.with_cracks += bool(record.crack_pixels if record.crack_count is None else record.crack_count)
        self.measured += record.cracks is not None
        self.reviewed += record.review_status is not None
        self.crack_length_m = _sum(self.crack_length_m, record.crack_length_m)
        self.network_area_m2 = _sum(self.network_area_m2, record.network_area_m2)
        if record.severity_length_m is not None:
            sums = self.severity_length_m = self.severity_length_m or {}
            for severity, length in record.severity_length_m.items():
                sums[severity] = round(sums.get(severity, 0) + length, 4)


def _sum(known: float | None, more: float | None) -> float | None:
    return known if more is None else round((known or 0) + more, 4)
