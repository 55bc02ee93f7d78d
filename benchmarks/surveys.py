"""What a survey is worth on a synthetic drive whose cracks are known, and what one of 10,000 photos costs.

    make surveys
    python benchmarks/surveys.py [FILE] [--photos NUMBER] [--parts drive,growth,cost]

Writes ``docs/results/surveys.md`` if no file is given. About ten minutes, 1 GB of disk.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from upcracknet.data.synthetic.drive import Drive
from upcracknet.data.synthetic.drive_files import camera_notes, write_drive
from upcracknet.files import stamp_of_file, write_atomically
from upcracknet.results import read_results
from upcracknet.survey.comparing import compare_surveys
from upcracknet.survey.pairing import compare_photos
from upcracknet.survey.survey_file import read_survey
from upcracknet.tables import figure, markdown_table, percent

PAGE = Path(__file__).parent.parent / "docs" / "results" / "surveys.md"
CRACKS_A_PHOTO, PLACES_A_CRACK = 10, 200
FILES = ("survey.gpkg", "cracks.geojson", "survey.json", "sections.csv", "report.html")

SUMS: dict[str, Any] = {
    "crack_pixels": 16_000,
    "area_share": 0.04,
    "crack_count": CRACKS_A_PHOTO,
    "crack_length_px": 2000.0,
    "crack_length_m": 4.0,
    "crack_width_mean_mm": 8.0,
    "crack_width_max_mm": 20.0,
    "severity": "medium",
    "severity_length_m": {"low": 2.0, "medium": 2.0},
    "network_area_m2": 0.0,
    "mask": None,
}
"""What a record sums up of the cracks below."""

INTRODUCTION = """# What a survey is worth, and what it costs

```sh
make surveys
```"""

DRIVE = """## Sections against the truth

A synthetic drive: 40 photos of 512 × 768 pixels at 2 mm a pixel along 380 m of a winding road, by a camera
whose clock is an hour behind, and a track with a point each second (`upcracknet synthesize --drive first`).
Each section of 100 m has so many metres of crack; errors are in per cent of the truth. *True masks* take the
place of the detection: what is left is the error of measuring, placing and summing. *Detected* is end to
end, by the default model: cracks that it misses are missing. The road is clean; a real one is harder."""

GROWTH = """## Growth against the truth

The same road a year later (`--drive later`): cracks are longer and wider, some are new, the light is another,
and each photo is shifted by up to 0.1 m and turned by up to 2° (`upcracknet compare`). {pairs} of 40 pairs of
photos were laid on each other. Of 40 pairs of photos of different places {wrong} were."""

COST = """## What 10,000 photos cost

A result folder of {photos:,} photos along {kilometres:.0f} km with {cracks:,} cracks, {size:.0f} MB of
measures. Each command ran in a process of its own on {cores} cores of {machine}. Memory is the most that was
held. Busy is the time of a processor: where it is much less than the seconds, the machine had other work."""


GEOPACKAGE = """
import sys
from pathlib import Path
from upcracknet.results.writing import open_results
from upcracknet.survey.geopackage import write_geopackage
from upcracknet.survey.survey_file import read_survey
with open_results(Path(sys.argv[1])) as results:
    write_geopackage(results, read_survey(results), lambda *_: None)
"""
"""Writes survey.gpkg alone, of a survey that is there."""


def run(*words: str) -> tuple[float, float, float]:
    """Run a command of the package; give its seconds, those of a processor, and the most memory in MB."""
    return run_python("-m", "upcracknet", *words)


def run_python(*words: str) -> tuple[float, float, float]:
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-W", "ignore", *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise RuntimeError(f"{' '.join(words)}: failed")
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def survey(folder: Path, drive: Drive) -> dict[str, Any]:
    """Make a drive and two result folders: out/ of what is found, true/ of the true masks; give the truth."""
    truth = write_drive(folder, drive)
    track = ("--gpx", str(folder / "track.gpx"), "--clock-offset", "3600", "--straight-down")
    run("detect", str(folder / "photos"), "-o", str(folder / "out"), "--millimetres-per-pixel", "2")
    shutil.copytree(folder / "out", folder / "true")
    for mask in (folder / "masks").iterdir():
        shutil.copy(mask, folder / "true/masks" / f"{mask.stem}.jpg.png")
    run("measure", str(folder / "true"), "--millimetres-per-pixel", "2", "--overwrite")
    for name in ("out", "true"):
        run("map", str(folder / name), *track)
    return truth


def error(found: float | None, true: float) -> str:
    return percent(None if found is None or not true else found / true - 1, 1, signed=True)


def drive_rows(folder: Path, truth: dict[str, Any]) -> Iterator[list[str]]:
    """Truth and errors of each section, and of all."""
    surveys = [read_survey(read_results(folder / name)).sections for name in ("true", "out")]
    for true, *found in zip(truth["sections"], *surveys, strict=True):
        lengths = [error(section.length_m, true["length_m"]) for section in found]
        areas = [error(section.network_area_m2, true["network_area_m2"]) for section in found]
        area = figure(true["network_area_m2"], 2)
        yield [str(true["number"]), figure(true["length_m"], 1), *lengths, area, *areas]
    total = sum(section["length_m"] for section in truth["sections"])
    area = sum(section["network_area_m2"] for section in truth["sections"])
    lengths = [error(sum(section.length_m or 0 for section in found), total) for found in surveys]
    areas = [error(sum(section.network_area_m2 or 0 for section in found), area) for found in surveys]
    yield ["all", figure(total, 1), *lengths, figure(area, 2), *areas]


def growth_part(folder: Path, truths: list[dict[str, Any]]) -> str:
    rows = []
    for name in ("true", "out"):
        old, new = (read_results(folder / drive / name) for drive in ("first", "later"))
        comparison = compare_surveys(old, new)
        for change, before, after in zip(
            comparison.sections, truths[0]["sections"], truths[1]["sections"], strict=True
        ):
            true = after["length_m"] - before["length_m"]
            masks = "true masks" if name == "true" else "detected"
            rows.append([masks, str(change.new.number), figure(true, 1), figure(change.growth_m, 1)])
    shifted = [
        (a.old, b.new, 0.0)
        for a, b in zip(comparison.pairs, comparison.pairs[1:] + comparison.pairs[:1], strict=True)
    ]
    wrong = sum(pair.change is not None for pair in compare_photos(old, new, shifted))
    text = GROWTH.format(pairs=len(comparison.registered), wrong=wrong)
    return text + "\n\n" + markdown_table(["masks", "section", "true growth, m", "growth found, m"], rows)


def many(folder: Path, template: Path, count: int) -> Drive:
    """A result folder of many photos, written without detecting: records, measures, photos, overlays."""
    drive = Drive(count=count)
    record = next(read_results(template).records())
    content = json.loads((template / str(record.cracks)).read_bytes())
    picture = cv2.imencode(".jpg", np.full((768, 512, 3), 128, np.uint8))[1].tobytes()
    shutil.copy(template / "results.json", folder)
    for name in ("photos", "records", "cracks", "overlays"):
        (folder / name).mkdir()
    variants = [json.dumps(content | measured(seed), separators=(",", ":")) for seed in range(50)]
    for number, chainage_m in enumerate(drive.chainages_m):
        name = f"{number:05}.jpg"
        photo = folder / "photos" / name
        exif = camera_notes(drive.driven.time(float(chainage_m))).tobytes()
        marked = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif  # the segment APP1 of a JPEG
        photo.write_bytes(picture[:2] + marked + picture[2:])
        (folder / "cracks" / f"{name}.json").write_text(variants[number % len(variants)])
        (folder / "overlays" / f"{name}.jpg").write_bytes(picture)
        files = {"overlay": f"overlays/{name}.jpg", "cracks": f"cracks/{name}.json"}
        place = {"name": name, "photo": str(photo), "photo_relative": f"photos/{name}"}
        made = replace(record, stamp=stamp_of_file(photo), **place, **files, **SUMS)
        (folder / "records" / f"{name}.json").write_bytes(made.to_json())
    (folder / "track.gpx").write_bytes(drive.driven.gpx(float(drive.chainages_m[-1])))
    return drive


def measured(seed: int) -> dict[str, Any]:
    """Cracks and quantities of a photo, of real size."""
    generator = np.random.default_rng(seed)
    cracks = []
    for number in range(1, CRACKS_A_PHOTO + 1):
        start, heading = generator.uniform(100, 400, 2), generator.uniform(0, np.pi)
        along = np.arange(PLACES_A_CRACK)[:, None] * [np.cos(heading), np.sin(heading)]
        wander = gaussian_filter1d(np.cumsum(generator.normal(0, 0.3, along.shape), axis=0), 4.0, axis=0)
        axis = (start + along + wander).round(2).tolist()
        widths = generator.uniform(3, 5, PLACES_A_CRACK).round(2)
        shares = {"mean": 1.0, "median": 1.0, "p95": 1.2, "max": 1.4}
        crack = {f"width_{name}_px": share * float(widths.mean()) for name, share in shares.items()}
        crack |= {f"width_{name}_mm": 2 * crack[f"width_{name}_px"] for name in shares}
        crack |= {"number": number, "orientation_deg": float(np.degrees(heading)), "gradable": True}
        crack |= {
            "kind": ("longitudinal", "transverse")[number % 2],
            "severity": ("low", "medium")[number % 2],
        }
        crack |= {"length_px": 200.0, "length_mm": 400.0, "area_px": 800, "area_mm2": 3200.0}
        crack |= {"scale_source": "given", "scale_uncertainty": 0.05, "width_max_place": axis[0]}
        cracks.append(crack | {"axis": [axis], "width_along_px": [widths.tolist()]})
    row = {"distress": "longitudinal and transverse", "unit": "m", "code": "10", "count": None}
    quantities = [row | {"severity": severity, "amount": 2.0} for severity in ("low", "medium")]
    return {"cracks": cracks, "networks": [], "quantities": quantities}


def cost_part(folder: Path, template: Path, count: int) -> str:
    drive = many(folder, template, count)
    size = sum(path.stat().st_size for path in (folder / "cracks").iterdir()) / 1e6
    track = ("--gpx", str(folder / "track.gpx"), "--clock-offset", "3600", "--straight-down")
    costs = [
        run("map", str(folder), *track),
        run("report", str(folder), "-o", str(folder / "report.html")),
    ]
    costs.append((costs[0][0] + costs[1][0], costs[0][1] + costs[1][1], max(costs[0][2], costs[1][2])))
    costs.append(run_python("-c", GEOPACKAGE, str(folder)))
    names = ("`upcracknet map`", "`upcracknet report`", "both", "`survey.gpkg` alone, again")
    rows = [
        [name, figure(seconds, 1), figure(busy, 1), figure(memory, 0)]
        for name, (seconds, busy, memory) in zip(names, costs, strict=True)
    ]
    sizes = [[f"`{name}`", figure((folder / name).stat().st_size / 1e6, 1)] for name in FILES]
    text = COST.format(
        photos=count,
        kilometres=drive.chainages_m[-1] / 1000,
        cracks=count * CRACKS_A_PHOTO,
        size=size,
        cores=len(os.sched_getaffinity(0)),
        machine=processor(),
    )
    table = markdown_table(["command", "seconds", "busy, s", "memory, MB"], rows)
    return "\n\n".join([text, table, markdown_table(["file", "MB"], sizes)])


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.split(": ")[1] for line in lines if line.startswith("model name")), "an unknown processor"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path, default=PAGE)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--parts", default="drive,growth,cost")
    given = parser.parse_args()
    parts = [INTRODUCTION]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        first = survey(folder / "first", Drive())
        if "drive" in given.parts:
            heads = [
                "section",
                "crack, m",
                "true masks, %",
                "detected, %",
                "networks, m²",
                "true masks, %",
                "detected, %",
            ]
            parts += [DRIVE, markdown_table(heads, drive_rows(folder / "first", first))]
        if "growth" in given.parts:
            parts.append(growth_part(folder, [first, survey(folder / "later", Drive(later=True))]))
        if "cost" in given.parts:
            (folder / "many").mkdir()
            parts.append(cost_part(folder / "many", folder / "first/true", given.photos))
    write_atomically(given.file, ("\n\n".join(parts) + "\n").encode())


if __name__ == "__main__":
    main()
