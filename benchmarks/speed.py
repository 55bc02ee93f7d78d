"""Speed and memory of detection and training on this machine, with the authors' procedure as the partner.

    python benchmarks/speed.py            # a quarter of an hour; writes docs/results/speed.json, prints the tables
    python benchmarks/speed.py detection  # some parts (of main's) anew; the others stay

Partners take turns within each round, so a machine that speeds up or slows down does so for all; medians of
the rounds, and of the ratios within a round, are what counts.
"""

import contextlib
import importlib.metadata
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from upcracknet.survey.storage import PhotoReference
from upcracknet.survey.worker import SurveySettings, SurveyWorker

from upcracknet import CrackDetector
from upcracknet.data.photo import load_photo
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackMap
from upcracknet.detection.acceleration import exported_part, with_network
from upcracknet.detection.pretrained import load_pretrained, weights_path
from upcracknet.detection.settings import PRESETS
from upcracknet.detection.threshold import apply_threshold
from upcracknet.networks import UNetGenerator
from upcracknet.runtime import Precision, Runtime, has_bfloat16
from upcracknet.runtime.engine import Engine
from upcracknet.weights import load_weights, save_weights

ROUNDS = 5
PHOTOS = 24
RESULTS = Path(__file__).parent.parent / "docs" / "results"
SIZES = {"1 Mpx": (768, 1366), "4 Mpx": (1536, 2731), "12 Mpx": (3000, 4000)}

UNTRAINED = UNetGenerator()
"""The paper's 64 filters, of which no trained ones are shipped: its speed alone says something."""

REFERENCES = {
    "authors' procedure, 64 filters": UNTRAINED,
    "authors' procedure, 32 filters": load_pretrained("up-cracknet-32", "authors").scorer.generator,
}


ENGINES: list[tuple[str, Runtime, Precision]] = [
    ("PyTorch", "torch", "fp32"),
    ("PyTorch, bf16", "torch", "bf16"),
    ("ONNX Runtime", "onnx", "fp32"),
    ("OpenVINO", "openvino", "fp32"),
    ("OpenVINO, bf16", "openvino", "bf16"),
    ("OpenVINO, int8", "openvino", "int8"),
]


def systems(folder: Path) -> dict[str, SurveySettings]:
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
        "default": ("default", ENGINES),
        "teacher": ("teacher", ENGINES[3:]),
        "faithful model, 32 filters": ("up-cracknet-32", ENGINES),
        "faithful model, 64 filters": (str(wide), ENGINES[3:]),
    }
    return {
        f"{name}, {engine}": SurveySettings(model, runtime=runtime, precision=precision)
        for name, (model, engines) in models.items()
        for engine, runtime, precision in engines
        if precision != "bf16" or has_bfloat16()
    }


def authors_procedure(generator: UNetGenerator, photo: Path, folder: Path) -> np.ndarray:
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


def iou(masks: np.ndarray, truth: np.ndarray) -> float:
    return round(100 * float((masks & truth).sum() / (masks | truth).sum()), 1)


def detection(folder: Path) -> dict[str, Any]:
    """End to end, from files to files, and the IoU on these made photos."""
    roads = [synthesize_road(seed, 256, 256) for seed in range(PHOTOS)]
    photos = []
    for number, road in enumerate(roads):
        path = folder / f"{number:02}.jpg"
        cv2.imwrite(str(path), road.photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        photos.append(path)
    references = [PhotoReference(str(path), path.stem, "") for path in photos]
    truth = np.stack([road.mask for road in roads])
    work: dict[str, Callable[[], np.ndarray]] = {}
    for name, generator in REFERENCES.items():
        work[name] = lambda generator=generator: np.stack(
            [authors_procedure(generator, photo, folder) for photo in photos]
        )
    for name, settings in systems(folder).items():
        worker = SurveyWorker(folder / re.sub(r"\W+", "-", name), settings)
        work[name] = lambda worker=worker: [*worker.process(references)] and np.stack(
            [cv2.imread(str(worker.folder / "masks" / f"{p.stem}.png"), 0) > 0 for p in photos]
        )
    masks = {name: run() for name, run in work.items()}
    seconds = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            seconds[name].append(timed(run))
    megapixels = PHOTOS * 256 * 256 / 1e6
    first = seconds[next(iter(work))]
    return {
        name: {
            "megapixels_per_second": round(megapixels / statistics.median(values), 3),
            "photos_per_second": round(PHOTOS / statistics.median(values), 2),
            "times_reference": round(statistics.median(a / b for a, b in zip(first, values, strict=True)), 2),
            "times_reference_range": [
                round(min(a / b for a, b in zip(first, values, strict=True)), 2),
                round(max(a / b for a, b in zip(first, values, strict=True)), 2),
            ],
            "iou_on_these": None if "64 filters" in name else iou(masks[name], truth),
        }
        for name, values in seconds.items()
    }


class Clock(torch.nn.Module):
    """A network under the clock."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.seconds = network, 0.0
        self.size_multiple = getattr(network, "size_multiple", 1)

    def forward(self, images: torch.Tensor) -> Any:
        start = time.perf_counter()
        answer = self.network(images)
        self.seconds += time.perf_counter() - start
        return answer


def stages(folder: Path, peak: dict[str, float]) -> dict[str, Any]:
    """Where the time of one photo goes, stage by stage, and how near the network is to the peak.

    The operations are those that PyTorch counts in the network; int8 is held against the peak in int8.
    """
    path = folder / "stages.jpg"
    road = synthesize_road(1, 768, 1024).photo
    cv2.imwrite(str(path), road[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    result = {}
    for name, settings in systems(folder).items():
        loaded = load_pretrained(settings.model, engine=Engine(settings.runtime, settings.precision))
        scorer, threshold = loaded.scorer, loaded.threshold
        network, _ = exported_part(scorer)
        clock = Clock(network)
        watched = CrackDetector(with_network(scorer, clock), threshold)
        plain = load_pretrained(settings.model).scorer
        with FlopCounterMode(display=False) as counter:
            CrackDetector(plain, threshold).detect(road)
        watched.detect(road)
        rounds = []
        for _ in range(ROUNDS):
            clock.seconds, start = 0.0, time.perf_counter()
            photo = load_photo(path)
            decoded = time.perf_counter()
            canvas = next(watched.scored([photo]))
            scored = time.perf_counter()
            score = canvas.result()
            level = threshold.level(score)
            mask = apply_threshold(score, level, threshold.minimum_extent, threshold.hysteresis)
            found = CrackMap(photo, score, mask, level)
            cut = time.perf_counter()
            found.save_mask(folder / "mask.png")
            found.save_overlay(folder / "overlay.png")
            end = time.perf_counter()
            rounds.append(
                (decoded - start, clock.seconds, scored - decoded - clock.seconds, cut - scored, end - cut)
            )
        medians = [statistics.median(values) for values in zip(*rounds, strict=True)]
        names = ("decode", "network", "tiles, resampling, filter", "threshold", "encode")
        result[name] = {
            stage: round(1000 * value, 1) for stage, value in zip(names, medians, strict=True)
        } | {
            "network_gflops": round(counter.get_total_flops() / medians[1] / 1e9, 1),
            "share_of_peak": round(
                counter.get_total_flops() / medians[1] / 1e9 / peak[settings.precision], 2
            ),
        }
    return result


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
    from upcracknet.survey import detect_raster
    detect_raster(detector, path, path.with_suffix(".mask.tif"))
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


def training() -> dict[str, Any]:
    """Images a second of the faithful network, and its loss; the authors' code restores twice a step."""
    import logging

    import pytorch_lightning as lightning
    from torch.utils.data import DataLoader

    from upcracknet.training.up_cracknet import AdversarialRestoration
    from upcracknet.training.up_cracknet_configuration import NetworkConfiguration, TrainingConfiguration

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    class TwoPasses(AdversarialRestoration):
        def _update_discriminator(self, corrupted, originals, restored, optimizer):  # type: ignore[no-untyped-def]
            return super()._update_discriminator(corrupted, originals, self.generator(corrupted), optimizer)

    class Steps(lightning.Callback):
        def __init__(self) -> None:
            self.seconds, self.losses, self.start = [], [], 0.0

        def on_train_batch_start(self, *_: object) -> None:
            self.start = time.perf_counter()

        def on_train_batch_end(self, trainer: Any, *_: object) -> None:
            self.seconds.append(time.perf_counter() - self.start)
            self.losses.append(float(trainer.callback_metrics["train/total"]))

    images = torch.stack(
        [
            torch.from_numpy(synthesize_road(seed, 256, 256).undamaged).permute(2, 0, 1).float() / 255
            for seed in range(40)
        ]
    )

    def run(name: str, filters: int, batch: int, steps: int, seed: int = 0) -> Steps:
        kind, precision = kinds[name]
        torch.manual_seed(seed)
        configuration = TrainingConfiguration(
            networks=NetworkConfiguration(filters, 8, filters), batch_size=batch, seed=seed
        )
        watch = Steps()
        repeated = images.repeat(-(-steps * batch // len(images)), 1, 1, 1)[: steps * batch]
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[watch],
            enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
            precision=precision,
        )  # fmt: skip
        model = kind(configuration)
        original = model.log_dict
        model.log_dict = lambda values, **how: original(values, **how | {"on_step": True, "on_epoch": False})  # type: ignore[method-assign]
        with contextlib.redirect_stderr(io.StringIO()):
            trainer.fit(model, DataLoader(repeated, batch_size=batch))
        return watch

    kinds: dict[str, tuple[type[AdversarialRestoration], Any]] = {
        "authors' two passes, fp32": (TwoPasses, "32-true"),
        "one pass, fp32": (AdversarialRestoration, "32-true"),
    }
    if has_bfloat16():
        kinds["one pass, bf16 (the default here)"] = (AdversarialRestoration, "bf16-mixed")
    rounds: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name in kinds:
            rounds[name].append(4 / statistics.median(run(name, 64, 4, 6).seconds[1:]))
    first = next(iter(rounds.values()))
    ratios = {name: [b / a for a, b in zip(first, values, strict=True)] for name, values in rounds.items()}
    curves = {name: [run(name, 8, 4, 200, seed).losses for seed in range(2)] for name in kinds}
    return {
        "what": "64 filters, batches of 4, 256×256",
        "images_per_second": {name: round(statistics.median(v), 2) for name, v in rounds.items()},
        "times_reference": {name: round(statistics.median(v), 2) for name, v in ratios.items()},
        "times_reference_range": {name: [round(min(v), 2), round(max(v), 2)] for name, v in ratios.items()},
        "loss_of_the_last_50_of_200_steps": {
            name: [round(statistics.mean(losses[-50:]), 4) for losses in runs]
            for name, runs in curves.items()
        },
    }


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


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    names = ("torch", "openvino", "onnxruntime", "opencv-python-headless", "numpy", "pytorch-lightning")
    return {name: importlib.metadata.version(name) for name in names}


def table(head: list[str], rows: Iterator[list[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def report(result: dict[str, Any]) -> str:
    machine = result["machine"]
    head = [
        "# Speed and memory", "",
        f"`make bench` on {machine['processor']}, {machine['threads']} threads; "
        + ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        + f". Medians of {ROUNDS} rounds in which all systems take turns.",
        "",
        "Its matrix product reaches "
        + ", ".join(f"{value} in {precision}" for precision, value in machine["peak_gflops"].items())
        + ", in 10⁹ operations a second.", "",
        "## Detection, end to end", "",
        f"{PHOTOS} made photos of 256×256 pixels as JPEG, masks and overlays written. The reference is the "
        "authors' procedure: 32 bits, one image a time, training mode, error through an 8-bit PNG, bilateral "
        "filter 25/450/15, Otsu's method. The IoU is that of these photos alone.", "",
    ]  # fmt: skip
    lines = head + table(
        ["", "Mpx/s", "photos/s", "times the reference", "range", "IoU on these"],
        (
            [
                name, row["megapixels_per_second"], row["photos_per_second"], row["times_reference"],
                "–".join(map(str, row["times_reference_range"])),
                "– (untrained)" if row["iou_on_these"] is None else row["iou_on_these"],
            ]
            for name, row in result["detection"].items()
        ),
    )  # fmt: skip
    lines += [
        "## Where the time goes",
        "",
        "One photo of 1024×768 pixels, milliseconds, one stage after the other.",
        "",
    ]
    first = next(iter(result["stages"].values()))
    lines += table(["", *first], ([name, *row.values()] for name, row in result["stages"].items()))
    lines += [
        "## Size of the photo",
        "",
        "The default by the fastest engine, each in a process of its own.",
        "",
    ]
    lines += table(
        ["", "Mpx/s", "MB before", "MB at most"],
        ([name, *row.values()] for name, row in result["memory"].items()),
    )
    training_ = result["training"]
    lines += ["## Training", "", f"The faithful network: {training_['what']}.", ""]
    lines += table(
        ["", "images/s", "times the reference", "range", "loss of the last 50 of 200 steps ¹"],
        (
            [
                name,
                value,
                training_["times_reference"][name],
                "–".join(map(str, training_["times_reference_range"][name])),
                ", ".join(map(str, training_["loss_of_the_last_50_of_200_steps"][name])),
            ]
            for name, value in training_["images_per_second"].items()
        ),
    )
    lines += [
        "¹ 8 filters, seeds 0 and 1.", "",
        "## Cold start", "",
        "`upcracknet detect one.jpg`, seconds, warm disk, network exported before.", "",
    ]  # fmt: skip
    lines += table(
        ["", "s"], ([name.replace("_", " "), value] for name, value in result["cold_start"].items())
    )
    return "\n".join(lines)


def main() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(cores)
    cv2.setNumThreads(cores)
    kept = RESULTS / "speed.json"
    result: dict[str, Any] = {}
    if sys.argv[1:]:
        result = json.loads(kept.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peak = peaks()
        result["rounds"] = ROUNDS
        result["machine"] = {
            "processor": processor(), "threads": cores, "python": platform.python_version(),
            "versions": versions(), "peak_gflops": peak,
        }  # fmt: skip
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "detection": lambda: detection(folder),
            "stages": lambda: stages(folder, peak),
            "memory": lambda: memory(folder),
            "training": training,
            "cold_start": lambda: cold_start(folder),
        }
        for part in sys.argv[1:] or parts:
            print(f"{part} …", file=sys.stderr, flush=True)
            result[part] = parts[part]()
    RESULTS.joinpath("speed.json").write_text(
        json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8"
    )
    print(report(result))


if __name__ == "__main__":
    main()
