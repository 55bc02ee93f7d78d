"""Result folders that are written by hand, so that every figure of a report is known."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from upcracknet.results import Record, ResultFolder, read_results
from upcracknet.survey.records import Position, Section, Survey, SurveyPhoto
from upcracknet.survey.survey_file import write_survey

START = datetime(2026, 5, 4, 9, tzinfo=UTC)


def crack(
    length_px: float = 100.0, width_px: float = 5.0, kind: str = "longitudinal", severity: str | None = "low"
) -> dict[str, Any]:
    """A crack at 2 mm per pixel; without a severity it has no millimetres."""
    has_mm = severity is not None
    return {
        "kind": kind,
        "severity": severity,
        "length_px": length_px,
        "length_mm": 2 * length_px if has_mm else None,
        "width_mean_px": width_px,
        "width_max_px": 2 * width_px,
        "width_mean_mm": 2 * width_px if has_mm else None,
        "width_max_mm": 4 * width_px if has_mm else None,
        "axis": [[[10.0, 10.0], [80.0, 30.0]]],
        "width_along_px": [[width_px, width_px]],
    }


def write_photo(
    folder: Path,
    name: str,
    found: Sequence[dict[str, Any]] = (),
    quantities: Sequence[dict[str, Any]] = (),
    *,
    scale: bool = True,
    **more: Any,
) -> Record:
    """Write the record, the file of cracks and the overlay of a photo of 96 × 64 pixels."""
    own = [each for each in found if each["kind"] != "joint"]
    lengths = [each["length_mm"] / 1000 for each in own if each["length_mm"] is not None]
    record = Record(
        name=name,
        photo=f"/gone/{name}",
        photo_relative=None,
        stamp="1 1",
        status="done",
        width=96,
        height=64,
        crack_pixels=100 * len(own),
        area_share=0.01,
        threshold=0.6,
        overlay=f"overlays/{name}.jpg",
        settings={"model": "default", "sha256": "ab" * 32, "detection": {"preset": None}},
        measures={"standard": "astm-d6433"},
        cracks=f"cracks/{name}.json",
        crack_count=len(own),
        crack_length_px=float(sum(each["length_px"] for each in own)),
    )
    if scale:
        record = replace(
            record,
            crack_length_m=float(sum(lengths)),
            millimetres_per_pixel=2.0,
            scale_source="given: 2 mm per pixel",
            scale_uncertainty=0.05,
            network_area_m2=0.0,
            crack_width_mean_mm=10.0 if own else None,
            crack_width_max_mm=20.0 if own else None,
            severity="low" if own else None,
        )
    record = replace(record, **more)
    content = {
        "format": "upcracknet cracks",
        "version": 1,
        "width": 96,
        "height": 64,
        "widths": "photo",
        "scale": {"millimetres_per_pixel": 2.0} if scale else None,
        "standard": "astm-d6433",
        "cracks": list(found),
        "networks": [],
        "quantities": list(quantities),
    }
    for file, text in (
        (f"cracks/{name}.json", json.dumps(content, separators=(",", ":"))),
        (f"records/{name}.json", record.to_json().decode()),
    ):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    overlay = folder / "overlays" / f"{name}.jpg"
    overlay.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(overlay), np.full((64, 96, 3), 150, np.uint8))
    return record


def open_folder(folder: Path) -> ResultFolder:
    """Mark a folder as one of results, and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text('{"format": "upcracknet results", "version": 1}')
    return read_results(folder)


def place(chainage_m: float, east: float = 7.44, north: float = 46.95) -> tuple[float, float]:
    """Longitude and latitude along a road to the north-east, from a place in Berne."""
    return (east + chainage_m * 5e-6 + 180) % 360 - 180, north + chainage_m * 6e-6


def write_places(results: ResultFolder, *, pci: bool = True, east: float = 7.44) -> Survey:
    """Write a survey: photos 20 m apart in sections of 100 m; each section is worse than the one before."""
    photos = []
    for number, record in enumerate(results.records()):
        longitude, latitude = place(20 * number + 10, east)
        position = Position(latitude, longitude, "gpx", "photo", time=START + timedelta(seconds=number))
        photos.append(SurveyPhoto(record, position, section=number // 5 + 1, chainage_m=20.0 * number + 10))
    sections = []
    for number in range((len(photos) + 4) // 5):
        own = [photo.record for photo in photos if photo.section == number + 1]
        length = float(sum(record.crack_length_m or 0 for record in own))
        sections.append(
            Section(
                number + 1, 100.0 * number, 100.0 * number + 100,
                tuple(place(100 * number + 10 * step, east) for step in range(11)), len(own),
                length_m=length, length_px=float(sum(record.crack_length_px or 0 for record in own)),
                severity_length_m={"low": length}, severity="low", network_area_m2=0.0,
                width_mean_mm=10.0, width_max_mm=20.0,
                **({"pci": 90.0 - number, "pci_lowest": 80.0 - number, "pci_highest": 95.0} if pci else {}),
            )
        )  # fmt: skip
    survey = Survey(tuple(photos), tuple(sections), {}, ("All photos lie on the track.",))
    write_survey(results, survey)
    return survey


@pytest.fixture
def results(tmp_path) -> ResultFolder:
    """Eleven photos with cracks of 200 mm each, one that failed, and their places."""
    folder = open_folder(tmp_path / "Bridge Road")
    for number in range(11):
        write_photo(
            folder.path, f"day/{number:02}.jpg", [crack(), crack(50.0, 2.0, severity="cannot be graded")]
        )
    write_photo(
        folder.path, "day/broken.jpg", status="failed", error="day/broken.jpg: truncated", cracks=None
    )
    write_places(folder)
    return folder
