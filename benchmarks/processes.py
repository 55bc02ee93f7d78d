"""What a process costs: memory against the size of a photo, and the time of a cold start; see speed.py."""

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from machine import ROUNDS, timed

from upcracknet.data.synthetic import synthesize_road

SIZES = {"1 Mpx": (768, 1366), "4 Mpx": (1536, 2731), "12 Mpx": (3000, 4000)}

MEMORY = """
import re, sys, time, pathlib
import numpy as np
from upcracknet import CrackDetector
from upcracknet.data.photo import load_photo
def most():  # the peak that getrusage tells is inherited from the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()).group(1)) / 1024
detector = CrackDetector.from_pretrained(runtime="auto")
detector.detect(np.zeros((256, 256, 3), np.uint8))
base = most()
path, how = pathlib.Path(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
if how == "windows":
    from upcracknet.results import detect_raster
    detect_raster(detector, path, path.with_suffix(".mask.tif"), scratch=path.parent)
else:
    detector.detect(load_photo(path))
seconds = time.perf_counter() - start
print(seconds, base, most())
"""


def memory(folder: Path) -> dict[str, Any]:
    """Time and peak memory against the size of a photo; each in a process of its own."""
    road = synthesize_road(3, 768, 1024).photo
    result = {}
    for name, (height, width) in SIZES.items():
        path = folder / f"{height}.png"
        tiled = np.tile(road, (-(-height // 768), -(-width // 1024), 1))[:height, :width]
        cv2.imwrite(str(path), tiled)
        for how in ("whole", "windows"):
            words = [sys.executable, "-W", "ignore", "-c", MEMORY, str(path), how]
            output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
            seconds, base, peak = map(float, output.split()[-3:])
            result[f"{name}, {how}"] = {
                "megapixels_per_second": round(height * width / 1e6 / seconds, 3),
                "megabytes_before": round(base),
                "megabytes_at_most": round(peak),
            }
    return result


def cold_start(folder: Path) -> dict[str, Any]:
    """From the command to the result of one photo, the network exported before."""
    path = folder / "one.jpg"
    cv2.imwrite(str(path), synthesize_road(1, 480, 640).photo)
    command = [sys.executable, "-m", "upcracknet", "detect", str(path), "--overwrite"]
    command += ["-o", str(folder / "one")]

    def seconds(words: list[str]) -> float:
        return statistics.median(
            timed(lambda: subprocess.run(words, capture_output=True, check=True)) for _ in range(ROUNDS)
        )

    def imports(code: str) -> float:
        return seconds([sys.executable, "-c", code])

    subprocess.run(command, capture_output=True, check=True)  # exports the network
    empty = imports("pass")
    return {
        "detect_one_photo": round(seconds(command), 2),
        "python_alone": round(empty, 2),
        "import_torch": round(imports("import torch") - empty, 2),
        "import_opencv": round(imports("import cv2") - empty, 2),
        "import_of_the_command": round(imports("import upcracknet.cli.detect") - empty, 2),
    }
