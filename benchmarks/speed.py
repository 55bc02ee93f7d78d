"""Speed and memory on this machine, with the authors' procedure as the partner.

    python benchmarks/speed.py            # a quarter of an hour; writes speed.json, prints its tables
    python benchmarks/speed.py stages     # some parts (of main's) again; the others stay

Partners take turns within each round, so a machine that speeds up or slows down does so for all; medians of
the rounds, and of the ratios within a round, are what counts.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import ROUNDS, cold_start, machine, memory, timed, use_all_cores
from torch.utils.flop_counter import FlopCounterMode
from training_speed import training

from upcracknet import CrackDetector
from upcracknet.data.photo import load_photo
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection.pretrained import load_network, load_pretrained, weights_path
from upcracknet.detection.settings import PRESETS
from upcracknet.networks import UNetGenerator
from upcracknet.results import DetectionOptions, open_detection
from upcracknet.results.worker import Worker
from upcracknet.runtime import Engine, has_bfloat16
from upcracknet.tables import NOT_GIVEN, markdown_table
from upcracknet.weights import load_weights, save_weights

PHOTOS = 24
RESULTS = Path(__file__).parent.parent / "docs" / "results"

ENGINES = {
    "PyTorch": Engine(),
    "PyTorch, bf16": Engine("torch", "bf16"),
    "ONNX Runtime": Engine("onnx"),
    "OpenVINO": Engine("openvino"),
    "OpenVINO, bf16": Engine("openvino", "bf16"),
    "OpenVINO, int8": Engine("openvino", "int8"),
}
BY_OPENVINO = [name for name in ENGINES if name.startswith("OpenVINO")]

UNTRAINED = UNetGenerator()
"""The paper's 64 filters, of which no trained ones are shipped: its speed alone says something."""


def references() -> dict[str, torch.nn.Module]:
    return {
        "authors' procedure, 64 filters": UNTRAINED,
        "authors' procedure, 32 filters": load_network(weights_path("up-cracknet-32")),
    }


def systems(folder: Path) -> dict[str, tuple[str, Engine]]:
    """What takes turns with the authors' procedure; 16 bits where the processor has them."""
    wide = folder / "64-filters.safetensors"
    _, record = load_weights(weights_path("up-cracknet-32"))
    record = replace(
        record,
        configuration=record.configuration | {"filters": 64},
        detection=PRESETS["paper"].to_dict() | {"input_size": 256},
    )
    save_weights(wide, UNTRAINED.state_dict(), record)
    models = {
        "default": ("default", [*ENGINES]),
        "UP-CrackNet, 32 filters": ("up-cracknet-32", [*ENGINES]),
        "UP-CrackNet, 64 filters": (str(wide), BY_OPENVINO),
    }
    return {
        f"{name}, {engine}": (model, ENGINES[engine])
        for name, (model, engines) in models.items()
        for engine in engines
        if ENGINES[engine].precision != "bf16" or has_bfloat16()
    }


def authors_procedure(generator: torch.nn.Module, photo: Path, folder: Path) -> np.ndarray:
    """One image at a time in training mode, grey error stretched to its range, through an 8-bit PNG."""
    generator.train()
    image = torch.from_numpy(load_photo(photo)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        restored = generator(image)
    grey = [
        cv2.cvtColor(((values[0].permute(1, 2, 0).numpy() + 1) / 2).astype(np.float32), cv2.COLOR_RGB2GRAY)
        for values in (image, restored)
    ]
    stretched = [(values - values.min()) / (values.max() - values.min() + 1e-8) for values in grey]
    error = np.abs(stretched[0] - stretched[1])
    png = str(folder / f"{photo.stem}-error.png")
    cv2.imwrite(png, (255 * error / max(error.max(), 1e-8)).astype(np.uint8))
    filtered = cv2.bilateralFilter(cv2.imread(png), 25, 450, 15)
    _, mask = cv2.threshold(
        cv2.cvtColor(filtered, cv2.COLOR_BGR2GRAY), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    cv2.imwrite(str(folder / f"{photo.stem}.png"), mask)
    return mask > 0


def detection(folder: Path) -> dict[str, Any]:
    """End to end, from files to files, and the IoU on these synthetic photos."""
    roads = [synthesize_road(seed, 256, 256) for seed in range(PHOTOS)]
    truth, photos = np.stack([road.mask for road in roads]), []
    for number, road in enumerate(roads):
        photos.append(folder / "photos" / f"{number:02}.jpg")
        photos[-1].parent.mkdir(exist_ok=True)
        cv2.imwrite(str(photos[-1]), road.photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    work: dict[str, Callable[[], list[np.ndarray]]] = {}
    for name, generator in references().items():
        work[name] = lambda generator=generator: [
            authors_procedure(generator, photo, folder) for photo in photos
        ]
    with ExitStack() as claims:
        for name, (model, engine) in systems(folder).items():
            options = DetectionOptions(model, runtime=engine.runtime, precision=engine.precision)
            output = folder / re.sub(r"\W+", "-", name)
            opened = claims.enter_context(open_detection([str(folder / "photos")], output, options))
            worker = Worker(opened.detector, opened.results, opened.settings)
            work[name] = lambda worker=worker, todo=opened.plan.todo, output=output: [
                cv2.imread(str(output / str(record.mask)), 0) > 0 for record in worker.process(todo)
            ]
        masks = {name: np.stack(run()) for name, run in work.items()}
        seconds = {name: [] for name in work}
        for _ in range(ROUNDS):
            for name, run in work.items():
                seconds[name].append(timed(run))
    first, result = seconds[next(iter(work))], {}
    for name, values in seconds.items():
        ratios = [a / b for a, b in zip(first, values, strict=True)]
        iou = 100 * float((masks[name] & truth).sum() / (masks[name] | truth).sum())
        result[name] = {
            "megapixels_per_second": round(PHOTOS * 256 * 256 / 1e6 / statistics.median(values), 3),
            "photos_per_second": round(PHOTOS / statistics.median(values), 2),
            "times_reference": round(statistics.median(ratios), 2),
            "times_reference_range": [round(min(ratios), 2), round(max(ratios), 2)],
            "iou_on_these": None if "64 filters" in name else round(iou, 1),
        }
    return result


class Clock:
    """Takes the time that a network works."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.seconds, self.start = 0.0, 0.0
        network.register_forward_pre_hook(self._begin)
        network.register_forward_hook(self._end)

    def _begin(self, *_: object) -> None:
        self.start = time.perf_counter()

    def _end(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self.start


def one_round(detector: CrackDetector, clock: Clock, path: Path, folder: Path) -> tuple[float, ...]:
    """Seconds of each stage of one photo."""
    decoding = timed(lambda: load_photo(path))
    photo, clock.seconds = load_photo(path), 0.0
    whole = timed(lambda: detector.detect(photo))
    network, found = clock.seconds, detector.detect(photo)
    cutting = timed(lambda: detector.threshold.mask(found.score))
    encoding = timed(
        lambda: (found.save_mask(folder / "mask.png"), found.save_overlay(folder / "overlay.jpg"))
    )
    return decoding, network, whole - network - cutting, cutting, encoding


def stages(folder: Path, peak: dict[str, float]) -> dict[str, Any]:
    """Where the time of one photo goes, stage by stage, and how near the network is to the peak.

    The operations are those that PyTorch counts in the network; int8 is held against the peak in int8.
    """
    path = folder / "stages.jpg"
    road = synthesize_road(1, 768, 1024).photo
    cv2.imwrite(str(path), road[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    result = {}
    for name, (model, engine) in systems(folder).items():
        loaded, plain = load_pretrained(model, engine=engine), load_pretrained(model)
        clock, watched = Clock(loaded.scorer.network), CrackDetector(loaded.scorer, loaded.threshold)
        with FlopCounterMode(display=False) as counter:
            CrackDetector(plain.scorer, plain.threshold).detect(road)
        watched.detect(road)
        rounds = [one_round(watched, clock, path, folder) for _ in range(ROUNDS)]
        medians = [statistics.median(values) for values in zip(*rounds, strict=True)]
        names = ("decode", "network", "tiles, resampling, filter", "threshold", "encode")
        speed = counter.get_total_flops() / medians[1] / 1e9
        result[name] = {
            stage: round(1000 * value, 1) for stage, value in zip(names, medians, strict=True)
        } | {"network_gflops": round(speed, 1), "share_of_peak": round(speed / peak[engine.precision], 2)}
    return result


def table(rows: dict[str, Any]) -> str:
    """A Markdown table of figures: rows by name, of one figure or of several by name."""
    rows = {name: row if isinstance(row, dict) else {"": row} for name, row in rows.items()}
    columns = ("", *(column.replace("_", " ") for column in next(iter(rows.values()))))
    return markdown_table(
        columns, [(name.replace("_", " "), *map(cell, row.values())) for name, row in rows.items()]
    )


def cell(value: Any) -> str:
    """A figure, or the two ends of a range."""
    return NOT_GIVEN if value is None else "–".join(map(str, value if isinstance(value, list) else [value]))


def report(result: dict[str, Any]) -> str:
    titles = {
        "detection": f"Detection, end to end: {PHOTOS} synthetic photos of 256×256 pixels",
        "stages": "Where the time goes: one photo of 1024×768 pixels, milliseconds",
        "memory": "Size of the photo, the default by the fastest engine",
        "cold_start": "Cold start, seconds",
    }
    parts = [f"## {title}\n\n{table(result[part])}\n" for part, title in titles.items()]
    learned = {k: v for k, v in result["training"].items() if isinstance(v, dict)}
    names = next(iter(learned.values()))
    rows = {name: {column: values[name] for column, values in learned.items()} for name in names}
    parts.append(f"## Training: {result['training']['what']}\n\n{table(rows)}\n")
    return "\n".join([json.dumps(result["machine"], ensure_ascii=False) + "\n", *parts])


def main() -> None:
    kept = RESULTS / "speed.json"
    result: dict[str, Any] = json.loads(kept.read_text("utf-8")) if sys.argv[1:] else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result |= {"rounds": ROUNDS, "machine": machine(use_all_cores())}
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "detection": lambda: detection(folder),
            "stages": lambda: stages(folder, result["machine"]["peak_gflops"]),
            "memory": lambda: memory(folder),
            "training": training,
            "cold_start": lambda: cold_start(folder),
        }
        for part in sys.argv[1:] or parts:
            print(f"{part} …", file=sys.stderr, flush=True)
            result[part] = parts[part]()
    kept.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(report(result))


if __name__ == "__main__":
    main()
