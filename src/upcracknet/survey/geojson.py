"""The file ``cracks.geojson``: the cracks of a survey for web maps (RFC 7946), made from its GeoPackage."""

from collections.abc import Iterator
from typing import Any

from upcracknet.errors import OutputError
from upcracknet.files import one_line, replacing
from upcracknet.results.writing import WritableResults
from upcracknet.survey import geopackage
from upcracknet.survey.geopackage import AT_ONCE

NAME = "cracks.geojson"

DECIMALS = 9
"""Of degrees: a tenth of a millimetre. With the usual seven, a centimetre, a crack would be a staircase."""


COLUMNS = (
    *(
        "crack",
        "branch",
        "name",
        "photo",
        "overlay",
        "class",
        "severity",
        "standard",
        "length_m",
        "length_px",
    ),
    *("width_mean_mm", "width_max_mm", "width_mean_px", "bearing_deg", "scale_source", "position_quality"),
    *("section", "review_status"),
)
"""Those of the layers that a map shows; all of them would make the file twice as large."""


def write_geojson(results: WritableResults) -> None:
    """Write ``cracks.geojson``: the layers ``cracks`` and ``cracks_at_photos`` of ``survey.gpkg`` together.

    In longitude and latitude (WGS 84); lines across the line at 180° are cut there (RFC 7946, section 3.1.9).
    Features go from one file to the other in batches and are not held.

    Args:
        results: the folder, claimed, with its ``survey.gpkg``.

    Raises:
        OutputError: it cannot be written.
    """
    import pyarrow
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import open_arrow, write_arrow

    source = results.file(geopackage.NAME)
    how: dict[str, Any] = {"use_pyarrow": True, "batch_size": AT_ONCE, "columns": COLUMNS}
    with replacing(results.file(NAME), suffix=".geojson", scratch=results.scratch) as partial:
        try:
            with (
                open_arrow(source, layer="cracks", **how) as (about, lines),
                open_arrow(source, layer="cracks_at_photos", **how) as (_, points),
            ):
                write_arrow(
                    pyarrow.RecordBatchReader.from_batches(lines.schema, _one_after_another(lines, points)),
                    partial,
                    layer="cracks",
                    driver="GeoJSON",
                    geometry_name=about["geometry_name"],
                    geometry_type="Unknown",
                    crs=about["crs"],
                    layer_options={
                        "RFC7946": "YES",
                        "COORDINATE_PRECISION": str(DECIMALS),
                        "WRITE_NAME": "NO",
                    },
                )
        except (DataSourceError, DataLayerError, RuntimeError, UnicodeError) as error:
            raise OutputError(
                f"cannot write {NAME} ({one_line(error)}); choose another folder or free some space"
            ) from error


def _one_after_another(*readers: Any) -> Iterator[Any]:
    for reader in readers:
        yield from reader
