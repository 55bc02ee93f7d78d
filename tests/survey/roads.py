"""Surveys for tests: photos on a straight road with hand-made cracks, in a result folder."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.results.folder import FORMAT, ResultFolder
from upcracknet.results.records import Record
from upcracknet.survey.records import Position, SurveyPhoto

START = datetime(2024, 5, 1, 10, 0, 0, tzinfo=UTC)

DEGREE_M = 111_132.0
"""Of latitude, at 45°: the roads of these tests lead north from there."""

SIDE_MM = 2.0
WIDTH, HEIGHT = 1500, 2000  # 3 m × 4 m


def north(metres: float, *, longitude: float = 7.0, latitude: float = 45.0) -> tuple[float, float]:
    """Latitude and longitude of a place so many metres north of the beginning."""
    return latitude + metres / DEGREE_M, longitude


def at(metres: float, **changes: Any) -> Position:
    """A position on the road that leads north, a second every 10 m."""
    latitude, longitude = north(metres)
    known: dict[str, Any] = {
        "latitude": latitude,
        "longitude": longitude,
        "source": "gpx",
        "quality": "each crack",
        "heading_deg": 0.0,
        "course_deg": 0.0,
        "time": START + timedelta(seconds=metres / 10),
    }
    return Position(**known | changes)


def crack(metres: float, **changes: Any) -> dict[str, Any]:
    """A crack as a photo's file has it: longitudinal, 5 mm wide, of low severity."""
    place = [[[700.0, 100.0], [700.0, 100.0 + metres * 1000 / SIDE_MM]]]
    return {
        "number": 1,
        "kind": "longitudinal",
        "length_px": metres * 1000 / SIDE_MM,
        "width_mean_px": 2.5,
        "axis": place,
        "width_along_px": [[2.5, 2.5]],
        "severity": "low",
        "length_mm": metres * 1000,
        "width_mean_mm": 5.0,
        "width_max_mm": 8.0,
        "area_mm2": metres * 5000,
    } | changes


def quantity(distress: str, severity: str, amount: float, unit: str, code: str) -> dict[str, Any]:
    return {
        "distress": distress,
        "severity": severity,
        "amount": amount,
        "unit": unit,
        "code": code,
        "count": None,
    }


def cracks_file(
    cracks: list[dict[str, Any]], quantities: list[dict[str, Any]], networks_m2: float = 0.0, **changes: Any
) -> dict[str, Any]:
    """The content of a photo's file of cracks."""
    return {
        "format": "upcracknet cracks",
        "version": 1,
        "width": WIDTH,
        "height": HEIGHT,
        "scale": {
            "millimetres_per_pixel": SIDE_MM,
            "source": "given",
            "uncertainty": 0.0,
            "method": "number",
        },
        "standard": "astm-d6433",
        "direction": None,
        "widths": "mask",
        "notes": [],
        "cracks": cracks,
        "networks": [{"kind": "alligator", "area_mm2": networks_m2 * 1e6}] if networks_m2 else [],
        "quantities": quantities,
        "readings": dict.fromkeys(("likely", "mildest", "gravest"), quantities),
    } | changes


def result_folder(path: Path) -> ResultFolder:
    path.mkdir(parents=True, exist_ok=True)
    (path / "results.json").write_text(json.dumps(FORMAT))
    return ResultFolder(path)


def add_photo(folder: ResultFolder, name: str, content: dict[str, Any] | None, **changes: Any) -> Record:
    """Write the record of a photo, and its file of cracks where there is a content."""
    known: dict[str, Any] = {
        "name": name,
        "photo": f"/photos/{name}",
        "photo_relative": None,
        "stamp": "1 1",
        "status": "done",
        "width": WIDTH,
        "height": HEIGHT,
        "millimetres_per_pixel": SIDE_MM,
        "scale_source": "given",
        "cracks": None if content is None else f"cracks/{name}.json",
    }
    record = Record(**known | changes)
    files = {"records": record.to_json()}
    if content is not None:
        files["cracks"] = json.dumps(content, separators=(",", ":")).encode()
    for kind, text in files.items():
        file = folder.path / kind / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    return record


def photo(metres: float, name: str = "a", record: Record | None = None, **changes: Any) -> SurveyPhoto:
    """A photo on the road, with its chainage."""
    known = record or Record(
        name, f"/{name}", None, "", "done", width=WIDTH, height=HEIGHT, millimetres_per_pixel=SIDE_MM,
        scale_source="given", cracks=f"cracks/{name}.json",
    )  # fmt: skip
    return SurveyPhoto(known, at(metres, **changes), chainage_m=float(metres))


def line_north(length_m: float, step_m: float = 50.0) -> np.ndarray:
    """Places of a road that leads north, as longitude and latitude."""
    metres = np.append(np.arange(0, length_m, step_m), length_m)
    return np.array([north(value)[::-1] for value in metres])
