"""The layers of a survey's map: what columns they have, and how their rows are gathered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from upcracknet.results.tables import readable

CRACKS = {
    "crack": "string",
    "number": "int64",
    "branch": "int64",
    "branches": "int64",
    "name": "string",
    "photo": "string",
    "overlay": "string",
    "class": "string",
    "severity": "string",
    "standard": "string",
    "length_m": "float64",
    "length_px": "float64",
    "crack_length_m": "float64",
    "crack_length_px": "float64",
    "width_mean_mm": "float64",
    "width_median_mm": "float64",
    "width_p95_mm": "float64",
    "width_max_mm": "float64",
    "width_mean_px": "float64",
    "width_median_px": "float64",
    "width_p95_px": "float64",
    "width_max_px": "float64",
    "area_mm2": "float64",
    "area_px": "int64",
    "orientation_deg": "float64",
    "bearing_deg": "float64",
    "gradable": "bool_",
    "scale_source": "string",
    "scale_uncertainty": "float64",
    "position_source": "string",
    "position_quality": "string",
    "section": "int64",
    "review_status": "string",
}
"""Columns of the layers ``cracks`` and ``cracks_at_photos`` and their types; what is not known is empty."""

AREAS = {
    "name": "string",
    "photo": "string",
    "overlay": "string",
    "class": "string",
    "standard": "string",
    "area_m2": "float64",
    "area_px": "float64",
    "pieces": "int64",
    "piece_side_mm": "float64",
    "piece_side_px": "float64",
    "scale_source": "string",
    "scale_uncertainty": "float64",
    "position_source": "string",
    "position_quality": "string",
    "section": "int64",
    "review_status": "string",
}
"""Columns of the layer ``areas``."""

PHOTOS = {
    "name": "string",
    "photo": "string",
    "overlay": "string",
    "status": "string",
    "time": "time",
    "heading_deg": "float64",
    "course_deg": "float64",
    "altitude_m": "float64",
    "width_px": "int64",
    "height_px": "int64",
    "area_percent": "float64",
    "crack_count": "int64",
    "crack_length_m": "float64",
    "crack_length_px": "float64",
    "width_mean_mm": "float64",
    "width_max_mm": "float64",
    "severity": "string",
    "network_area_m2": "float64",
    "standard": "string",
    "millimetres_per_pixel": "float64",
    "scale_source": "string",
    "scale_uncertainty": "float64",
    "position_source": "string",
    "position_quality": "string",
    "position_problem": "string",
    "section": "int64",
    "chainage_m": "float64",
    "counted_percent": "float64",
    "review_status": "string",
    "reviewer_note": "string",
    "warning": "string",
    "measure_warning": "string",
    "error": "string",
}
"""Columns of the layer ``photos``."""

GEOMETRY = "geom"
"""Name of the column of geometries."""

Geometry = Literal["Point", "LineString", "MultiPolygon"]


@dataclass
class Layer:
    """The rows of one layer that wait to be written.

    Attributes:
        name: of the layer.
        description: what a feature is, in words.
        geometry: kind of its geometries.
        columns: names and types, as pyarrow calls them; "time" is a moment in UTC.
        count: features so far.
        rows: values by column, as many of each.
        shapes: their geometries in ISO well-known binary; None for one without a place.
    """

    name: str
    description: str
    geometry: Geometry
    columns: dict[str, str]
    count: int = 0
    rows: dict[str, list[Any]] = field(default_factory=dict)
    shapes: list[bytes | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = {column: [] for column in self.columns}

    def add(self, shape: bytes | None, values: Mapping[str, Any]) -> None:
        """Add a feature; columns that it has no value for stay empty."""
        self.extend([shape], {}, values)

    def extend(
        self, shapes: Sequence[bytes | None], values: Mapping[str, Sequence[Any]], shared: Mapping[str, Any]
    ) -> None:
        """Add features.

        Args:
            shapes: of each.
            values: by column, one for each feature.
            shared: by column, what is the same for all of them; texts need not be UTF-8, as file names.
        """
        self.count += len(shapes)
        self.shapes += shapes
        for column, held in self.rows.items():
            held += values.get(column) or [readable(shared.get(column))] * len(shapes)

    def take(self) -> Any:
        """Give the waiting rows as a record batch of Arrow, and hold them no longer."""
        import pyarrow

        schema = self.schema()
        columns = {GEOMETRY: self.shapes} | self.rows
        arrays = [pyarrow.array(columns[field.name], field.type) for field in schema]
        self.shapes.clear()
        for held in self.rows.values():
            held.clear()
        return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)

    def schema(self) -> Any:
        """Give the columns as a schema of Arrow, the geometry first."""
        import pyarrow

        def of(kind: str) -> Any:
            return pyarrow.timestamp("ms", "UTC") if kind == "time" else getattr(pyarrow, kind)()

        columns = {GEOMETRY: pyarrow.binary()} | {column: of(kind) for column, kind in self.columns.items()}
        return pyarrow.schema(columns.items())
