"""Large images and many photos: time and memory against size and number, and workers of Ray.

    python benchmarks/many_and_large.py          # an hour, 8 GB of disk; writes many-and-large.json
    python benchmarks/many_and_large.py growth   # one part (rasters, layouts, streaming, growth, workers)

The machinery is measured with the classical method local-contrast, whose own time is small, so that what
grows with an image or a survey cannot hide behind a network; then one look at a gigapixel with the default.
"""

import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from upcracknet.data.synthetic import synthesize_road
from upcracknet.results import DetectionOptions, open_detection
from upcracknet.results.by_ray import Cluster
from upcracknet.tables import markdown_table

RESULTS = Path(__file__).parent.parent / "docs" / "results"
RASTERS = (
    *(("local-contrast", side, side) for side in (4096, 16384, 32768)),
    *(("default", side, side) for side in (4096, 32768)),
)
"""Method, height and width."""

PHOTOS = 1000
ROUNDS = 3
GROWTH = (200, 2000, 20_000)
LIGHT = DetectionOptions("local-contrast", runtime="torch")

RASTER = """
import re, sys, time, pathlib
from upcracknet import CrackDetector
from upcracknet.results import detect_raster
detector = CrackDetector.from_pretrained(sys.argv[2], runtime="auto")
path = pathlib.Path(sys.argv[1])
start = time.perf_counter()
found = detect_raster(detector, path, path.with_suffix(".mask.tif"), overlay=path.with_suffix(".png"))
seconds = time.perf_counter() - start
most = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()).group(1)) / 1024
print(seconds, most)
"""


def write_raster(path: Path, height: int, width: int, **layout: Any) -> Path:
    """A georeferenced RGB image of synthetic road, written in strips."""
    import rasterio
    from rasterio.transform import from_origin

    profile = {
        "driver": "GTiff", "count": 3, "dtype": "uint8", "width": width, "height": height, "tiled": True,
        "blockxsize": 512, "blockysize": 512, "crs": "EPSG:32633", "bigtiff": "if_safer",
        "transform": from_origin(500000, 5400000, 0.002, 0.002),
    } | layout  # fmt: skip
    if not profile["tiled"]:
        del profile["blockxsize"]
        profile.setdefault("blockysize", 1)
    roads = [synthesize_road(seed, 512, 512).photo for seed in range(16)]
    random = np.random.default_rng(0)
    with rasterio.open(path, "w", **profile) as file:
        for top in range(0, height, 512):
            strip = np.concatenate([roads[n] for n in random.integers(0, 16, -(-width // 512))], axis=1)
            rows = min(512, height - top)
            window = rasterio.windows.Window(0, top, width, rows)
            file.write(np.moveaxis(strip[:rows, :width], -1, 0), window=window)
    return path


def raster(folder: Path, height: int, width: int, model: str, **layout: Any) -> dict[str, Any]:
    path = write_raster(folder / "road.tif", height, width, **layout)
    words = [sys.executable, "-W", "ignore", "-c", RASTER, str(path), model]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for left in folder.glob("road.*"):
        left.unlink()
    seconds, most = map(float, output.split()[-2:])
    return {
        "model": model,
        "width": width,
        "height": height,
        "nanoseconds_per_pixel": round(1e9 * seconds / (height * width), 1),
        "megabytes_at_most": round(most),
    }


def resident() -> float:
    """Memory of this process in MB, at this moment."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def streaming(folder: Path) -> dict[str, Any]:
    """Memory along a survey of photos of 12 megapixels."""
    photos = folder / "photos"
    photos.mkdir()
    for number in range(PHOTOS):
        path = photos / f"{number:04}.jpg"
        if number < 10:
            road = np.tile(synthesize_road(number, 750, 1000).photo, (4, 4, 1))
            cv2.imwrite(str(path), road[..., ::-1])
        else:
            os.link(photos / f"{number % 10:04}.jpg", path)
    start = time.perf_counter()
    with open_detection([str(photos)], folder / "out", LIGHT) as detection:
        memory = [resident() for _ in detection.records()]
    seconds = time.perf_counter() - start
    return {
        "photos": PHOTOS,
        "photos_per_second": round(PHOTOS / seconds, 2),
        "megabytes_of_the_101st_to_150th": round(statistics.mean(memory[100:150])),
        "megabytes_of_the_last_50": round(statistics.mean(memory[-50:])),
        "megabytes_at_most_after_100": round(max(memory[100:])),
    }


def growth(folder: Path) -> list[dict[str, Any]]:
    """Time a photo of a first run, and of the start of a resumed one, against the number of photos."""
    found = []
    for count in GROWTH:
        photos = folder / f"tiny-{count}"
        photos.mkdir()
        cv2.imwrite(str(photos / "0.png"), synthesize_road(0, 32, 32).photo)
        for number in range(1, count):
            shutil.copyfile(photos / "0.png", photos / f"{number}.png")
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            with open_detection([str(photos)], folder / f"out-{count}", LIGHT) as detection:
                for _ in detection.records():
                    pass
                detection.summary()
            seconds.append(time.perf_counter() - start)
        found.append(
            {
                "photos": count,
                "milliseconds_a_photo": round(1e3 * seconds[0] / count, 2),
                "milliseconds_a_finished_photo": round(1e3 * seconds[1] / count, 3),
            }
        )
    return found


def layouts(folder: Path) -> list[dict[str, Any]]:
    """Seconds for 36 megapixels in the layouts that are slow to read in windows, and memory at most."""
    kinds: dict[str, dict[str, Any]] = {
        "tiles, LZW": {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "lzw"},
        "strips, deflate": {"tiled": False, "compress": "deflate"},
        "one strip of 2,048 rows, LZW": {"tiled": False, "blockysize": 2048, "compress": "lzw"},
        "tiles, JPEG": {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "jpeg"},
    }
    return [
        {"layout": name} | raster(folder, 6000, 6000, "local-contrast", **profile)
        for name, profile in kinds.items()
    ]


def workers(folder: Path) -> dict[str, Any]:
    """Photos a second of one and of two workers of Ray, once all have started, each with a core of its own.

    Left alone, one worker takes two cores: it reads and writes beside its network. The command itself may
    take any core.
    """
    import ray

    photos = folder / "small"
    photos.mkdir()
    for number in range(192):
        cv2.imwrite(str(photos / f"{number:03}.png"), synthesize_road(number, 384, 544).photo)
    cores = sorted(os.sched_getaffinity(0))
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(ROUNDS):
        for number in rates:
            os.sched_setaffinity(0, set(cores[:number]))  # what Ray starts inherits it
            ray.init(
                num_cpus=number, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False
            )
            os.sched_setaffinity(0, set(cores))
            out = folder / f"ray-{turn}-{number}"
            with open_detection([str(photos)], out, DetectionOptions()) as detection:
                times = [time.perf_counter() for _ in detection.records("ray", Cluster(number))]
            ray.shutdown()
            warm = 16 * number  # the first batches of each worker wait for its start
            rates[number].append((len(times) - warm) / (times[-1] - times[warm - 1]))
    ratios = [two / one for one, two in zip(*rates.values(), strict=True)]
    return {
        "photos_per_second": {
            f"{n} workers": round(statistics.median(values), 2) for n, values in rates.items()
        },
        "times_one_worker": round(statistics.median(ratios), 2),
        "range": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def report(result: dict[str, Any]) -> str:
    lines = [
        "# Large images and many photos", "",
        f"`python benchmarks/many_and_large.py` on {result['processors']} cores. `local-contrast` shows what "
        "the machinery costs; the models' own time is in [speed.md](speed.md).",
    ]  # fmt: skip
    tables = {
        "rasters": ("One image", ("method", "width", "height", "ns a pixel", "MB at most")),
        "layouts": (
            "Layouts of GeoTIFFs, 36 megapixels, `local-contrast`",
            ("layout", "method", "width", "height", "ns a pixel", "MB at most"),
        ),
        "growth": (
            "The number of photos, 32×32 pixels, `local-contrast`, this process",
            ("photos", "ms a photo", "ms a photo that is finished"),
        ),
    }
    for part, (title, columns) in tables.items():
        if part in result:
            rows = ([str(value) for value in row.values()] for row in result[part])
            lines += ["", f"## {title}", "", markdown_table(columns, rows)]
    if "streaming" in result:
        lines += [
            "", "## Many photos of 12 megapixels, `local-contrast`, this process", "",
            *(f"- {name.replace('_', ' ')}: {value}" for name, value in result["streaming"].items()),
        ]  # fmt: skip
    if "workers" in result:
        ray_ = result["workers"]
        lines += [
            "", "## Workers of Ray with a core each, the default, photos of 544×384", "",
            *(f"- {name}: {value} photos a second" for name, value in ray_["photos_per_second"].items()),
            f"- two have {ray_['times_one_worker']} times the rate of one "
            f"({'–'.join(map(str, ray_['range']))})",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    kept = RESULTS / "many-and-large.json"
    result: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    result["processors"] = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts: dict[str, Callable[[], Any]] = {
            "rasters": lambda: [raster(folder, height, width, model) for model, height, width in RASTERS],
            "layouts": lambda: layouts(folder),
            "streaming": lambda: streaming(folder),
            "growth": lambda: growth(folder),
            "workers": lambda: workers(folder),
        }
        for part in sys.argv[1:] or parts:
            print(f"{part} …", file=sys.stderr, flush=True)
            result[part] = parts[part]()
            kept.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(report(result))


if __name__ == "__main__":
    main()
