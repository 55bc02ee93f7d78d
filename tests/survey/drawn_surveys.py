"""Result folders whose cracks are drawn, and surveys of them, for tests."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyogrio.raw import read

from upcracknet.measure.inspection import inspect
from upcracknet.measure.scale import Scale
from upcracknet.results.crack_files import crack_file, summary
from upcracknet.results.records import Record
from upcracknet.results.writing import WritableResults, open_results
from upcracknet.survey.records import Position, SurveyPhoto

HERE = Position(
    48.0, 9.0, "exif", "each crack", heading_deg=30.0, time=datetime(2024, 5, 1, 10, 0, 0, 500_000, UTC)
)
SCALE = Scale.uniform(2.0, source="ruler.jpg")


def wave() -> np.ndarray:
    """A crack from left to right, 5 pixels wide; its middle is at 152 + 20 sin(x / 40)."""
    mask = np.zeros((300, 400), bool)
    for x in range(20, 380):
        mask[150 + round(20 * np.sin(x / 40)) + np.arange(5), x] = True
    return mask


def forked() -> np.ndarray:
    """The same, and another one that meets it from above: three branches."""
    mask = wave()
    for y in range(20, 133):
        mask[y, 200 + round(6 * np.sin(y / 20)) + np.arange(4)] = True
    return mask


def network() -> np.ndarray:
    """Wavy cracks 60 pixels apart in both directions."""
    mask = np.zeros((420, 420), bool)
    along = np.arange(420)
    for middle in range(40, 400, 60):
        across = middle + np.rint(8 * np.sin(along / 14 + middle)).astype(int)
        for step in range(-2, 3):
            mask[across + step, along] = mask[along, across + step] = True
    return mask


def measured_photo(
    folder: Path,
    name: str,
    position: Position | None = HERE,
    drawn: np.ndarray | None = None,
    scale: Scale | None = SCALE,
    **more: Any,
) -> SurveyPhoto:
    """A photo whose cracks are measured; it lies in a folder beside the result folder."""
    mask = forked() if drawn is None else drawn
    with open_results(folder) as results:
        inspection = inspect(mask, scale)
        file = f"cracks/{name}.json"
        results.file(file).parent.mkdir(parents=True, exist_ok=True)
        results.file(file).write_bytes(crack_file(inspection, "mask"))
        photo = folder.parent / "photos" / name
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes(b"photo")
        record = Record(
            name, str(photo), f"../photos/{name}", "1 1", "done", width=mask.shape[1], height=mask.shape[0],
            area_share=0.02, cracks=file, overlay=f"overlays/{name}.jpg",
            measures={"standard": "astm-d6433"}, **summary(inspection),
        )  # fmt: skip
        results.finish(record)
    return SurveyPhoto(replace(record, **more), position, section=1, chainage_m=3.0)


def writable(folder: Path) -> WritableResults:
    return WritableResults(folder)


def layer(folder: Path, name: str) -> tuple[dict[str, list], list, dict]:
    """The columns, the shapes and the description of a layer of a GeoPackage."""
    about, _, shapes, values = read(folder / "survey.gpkg", layer=name)
    columns = dict(zip(about["fields"], (list(column) for column in values), strict=True))
    return columns, list(shapely.from_wkb(shapes)), about
