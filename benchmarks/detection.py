"""Speed and memory of detection, with the authors' settings as the partner of each run.

    python benchmarks/detection.py            # about two minutes; writes docs/results/speed.json

The two settings take turns, so a machine that speeds up or slows down does so for both; medians are what
counts.
"""

import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from upcracknet import CrackDetector
from upcracknet.data.synthetic import synthesize_road

REPEATS = 5
OUTPUT = Path(__file__).parent.parent / "docs" / "results" / "speed.json"


def seconds(detector: CrackDetector, photos: list[np.ndarray]) -> float:
    start = time.perf_counter()
    for _ in detector.detect_many(photos):
        pass
    return time.perf_counter() - start


def compare(name: str, photos: list[np.ndarray]) -> dict[str, object]:
    detectors = {
        preset: CrackDetector.from_pretrained("paper", preset=preset) for preset in ("paper", "authors")
    }
    for detector in detectors.values():
        seconds(detector, photos[:1])
    runs: dict[str, list[float]] = {preset: [] for preset in detectors}
    for _ in range(REPEATS):
        for preset, detector in detectors.items():
            runs[preset].append(seconds(detector, photos))
    megapixels = sum(photo.shape[0] * photo.shape[1] for photo in photos) / 1e6
    median = {preset: statistics.median(values) for preset, values in runs.items()}
    ratios = [theirs / ours for ours, theirs in zip(runs["paper"], runs["authors"], strict=True)]
    return {
        "what": name,
        "megapixels": round(megapixels, 3),
        "paper_megapixels_per_second": round(megapixels / median["paper"], 3),
        "authors_megapixels_per_second": round(megapixels / median["authors"], 3),
        "times_faster_median": round(statistics.median(ratios), 2),
        "times_faster_range": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def import_seconds(statement: str) -> float:
    """Median time of a fresh process that runs the statement, less that of one that runs nothing."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    pairs = [run(statement) - run("pass") for _ in range(REPEATS)]
    return round(statistics.median(pairs), 3)


def main() -> None:
    small = [synthesize_road(seed, 256, 256).photo for seed in range(16)]
    large = [np.tile(synthesize_road(0, 750, 1000).photo, (2, 2, 1))]
    result = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "repeats": REPEATS,
        "import_upcracknet_seconds": import_seconds("import upcracknet"),
        "import_detector_seconds": import_seconds("from upcracknet import CrackDetector"),
        "detection": [compare("16 photos of 256×256", small), compare("one photo of 3 megapixels", large)],
        "peak_memory_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    OUTPUT.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
