"""What a benchmark ran on, and what a process costs there: memory by the photo's size, and a cold start."""

import contextlib
import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from upcracknet.data.synthetic import synthesize_road
from upcracknet.runtime import has_bfloat16

ROUNDS = 5


def use_all_cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(cores)
    cv2.setNumThreads(cores)
    return cores


def machine(cores: int) -> dict[str, Any]:
    return {
        "processor": processor(),
        "threads": cores,
        "python": platform.python_version(),
        "versions": versions(),
        "peak_gflops": peaks(),
    }


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peaks() -> dict[str, float]:
    """What this machine's matrix product reaches in each precision, in GFLOP/s.

    A product of the same size as a 1×1 convolution is another library's, on some processors the faster one.
    """
    side = 2048
    a, b = torch.rand(2, side, side)
    shapes = (a, (1, side, 32, side // 32)), (b, (side, side, 1, 1))
    photos, kernel = (
        values.reshape(shape).contiguous(memory_format=torch.channels_last) for values, shape in shapes
    )
    whole, short = [(127 * values).to(torch.int8) for values in (a, b)], [a.bfloat16(), b.bfloat16()]
    wide = [photos.bfloat16(), kernel.bfloat16()]
    products: dict[str, list[Callable[[], object]]] = {
        "fp32": [lambda: torch.mm(a, b), lambda: torch.nn.functional.conv2d(photos, kernel)],
        "bf16": [lambda: torch.mm(*short), lambda: torch.nn.functional.conv2d(*wide)],
        "int8": [lambda: torch._int_mm(*whole)],
    }
    reached = {}
    for precision, ways in products.items():
        if precision == "bf16" and not has_bfloat16():
            continue
        with torch.inference_mode():
            for product in ways:
                product()
            seconds = min(statistics.median(timed(product) for _ in range(4 * ROUNDS)) for product in ways)
        reached[precision] = round(2 * side**3 / seconds / 1e9, 1)
    return reached


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    names = ("torch", "openvino", "onnxruntime", "opencv-python-headless", "numpy", "pytorch-lightning")
    return {name: importlib.metadata.version(name) for name in names}


SIZES = {"1 Mpx": (768, 1366), "4 Mpx": (1536, 2731), "12 Mpx": (3000, 4000)}

MEMORY = """
import re, sys, time, pathlib
import numpy as np
from upcracknet import CrackDetector
from upcracknet.data.photo import load_photo, save_image_atomically
from upcracknet.results import detect_raster
import rasterio
def most():  # the peak that getrusage tells is inherited from the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()).group(1)) / 1024
detector = CrackDetector.from_pretrained(runtime="auto")
detector.detect(np.zeros((256, 256, 3), np.uint8))
base = most()
path, how = pathlib.Path(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
if how == "windows":
    detect_raster(detector, path, path.with_suffix(".mask.tif"), scratch=path.parent)
else:
    mask = detector.detect(load_photo(path)).mask
    save_image_atomically(path.with_suffix(".mask.png"), mask.astype(np.uint8) * np.uint8(255))
seconds = time.perf_counter() - start
print(seconds, base, most())
"""


def memory(folder: Path) -> dict[str, Any]:
    """From a photo to its mask on the disk, by size: time and peak memory; each in a process of its own."""
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
