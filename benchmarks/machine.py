"""What a benchmark ran on: processor, versions, and what its matrix product reaches."""

import contextlib
import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import torch

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
