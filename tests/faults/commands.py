"""The commands in which faults are injected: what each needs, how it runs, and what it leaves."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from tests.results.rasters import UTM, write

from upcracknet import calibration
from upcracknet.calibration import crack_remover
from upcracknet.cli.main import run
from upcracknet.data.painted import PaintingRange
from upcracknet.networks import CrackRemover
from upcracknet.results.log import LOG, OLDER_LOG
from upcracknet.runtime import exports
from upcracknet.weights import WeightsRecord, load_weights, save_weights

LIGHT = ("--model", "local-contrast", "--runtime", "torch")
GPS = ExifTags.GPS


def road(number: int, size: tuple[int, int] = (64, 96)) -> np.ndarray:
    """A grey road with a winding crack."""
    photo = np.random.default_rng(number).normal(150, 9, (*size, 3)).clip(0, 255).astype(np.uint8)
    for x in range(size[1]):
        y = 20 + 3 * number + round(5 * np.sin(x / 7))
        photo[y : y + 4, x] = 40
    return photo


def write_photos(world: Path) -> None:
    """Two photos that know where they were taken, and an image that is read in windows."""
    (world / "photos").mkdir()
    for number in range(2):
        exif = Image.Exif()
        exif[ExifTags.IFD.GPSInfo] = {
            GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (48 + number * 1e-4, 0.0, 0.0),
            GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (9.0, 0.0, 0.0),
        }  # fmt: skip
        Image.fromarray(road(number)).save(world / "photos" / f"{number}.jpg", quality=95, exif=exif)
    write(world / "photos" / "map.tif", road(2, (80, 90)), **UTM)


def write_crack_free(world: Path) -> None:
    (world / "photos").mkdir()
    for number in range(4):
        photo = np.random.default_rng(number).normal(130, 20, (160, 192, 3)).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(world / "photos" / f"{number}.png"), photo)


def write_model(world: Path) -> None:
    torch.manual_seed(0)
    record = WeightsRecord("CrackRemover", {"widths": [4, 6]}, {}, {})
    save_weights(world / "small.safetensors", CrackRemover((4, 6)).state_dict(), record)


def detect(world: Path) -> int:
    words = ("--scores", "png", "--crack-pictures", "--millimetres-per-pixel", "2")
    return run(["detect", f"{world}/photos", "-o", f"{world}/out", *LIGHT, *words])


def write_results(world: Path) -> None:
    write_photos(world)
    assert detect(world) == 0


def write_annotated(world: Path) -> None:
    write_results(world)
    (world / "annotated").mkdir()
    for number in range(2):
        mask = np.zeros((64, 96), np.uint8)
        mask[30 + number, :50] = 255
        cv2.imwrite(str(world / "annotated" / f"{number}.jpg.png"), mask)


def write_model_and_photos(world: Path) -> None:
    write_model(world)
    write_crack_free(world)


_write_graph = exports.write_graph


def _write_graph_once(world: Path) -> Callable[[torch.nn.Module, Path], None]:
    """Write the graph of the small network; PyTorch, which takes seconds, is asked once."""
    kept = world.with_name("graph.onnx")

    def write_graph(network: torch.nn.Module, path: Path) -> None:
        if not kept.exists():
            _write_graph(network, kept)
        path.write_bytes(kept.read_bytes())

    return write_graph


_distracting_roads = cache(calibration.distracting_roads)  # drawn in seconds
SMALL_ROADS = {"roads": (64, PaintingRange(shrinking=(1.0, 1.0)))}


@contextmanager
def in_cache(world: Path) -> Iterator[None]:
    """Keep exports in the folder; leave out, or make only once, what takes seconds; while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPCRACKNET_CACHE", str(world / "cache"))
        patch.setattr(exports, "write_graph", _write_graph_once(world))
        patch.setattr(calibration, "distracting_roads", _distracting_roads)
        patch.setattr(calibration, "PAINTINGS", SMALL_ROADS)
        patch.setattr(crack_remover, "LEVELS", (0.3, 0.5))
        yield


TINY = (
    "data.size=32", "data.window_sizes=[48, 64]", "data.validation_share=0.34", "epochs=2", "workers=0",
    "networks.generator_filters=2", "data.patches_per_epoch=2", "networks.generator_depth=2",
    "networks.discriminator_filters=2", "batch_size=2", "precision=32", "losses.ssim=0", "losses.msgms=0",
    "losses.style=0",
)  # fmt: skip


def files(*folders: str) -> Callable[[Path], dict[str, bytes]]:
    """What stands in folders, or files, but for locks and logs; times of day are left out."""

    def outcome(world: Path) -> dict[str, bytes]:
        found = [world / folder for folder in folders]
        paths = [path for place in found for path in (place.rglob("*") if place.is_dir() else [place])]
        return {
            path.relative_to(world).as_posix(): _content(path)
            for path in paths
            if path.is_file() and path.parent.name != ".upcracknet" and path.name not in (LOG, OLDER_LOG)
        }  # fmt: skip

    return outcome


def trained(world: Path) -> dict[str, bytes]:
    """What training leaves; how fast it was is left out."""
    found = files("run")(world)
    checkpoint = found.pop("run/checkpoints/last.ckpt", b"")
    if checkpoint:  # it holds times
        state = torch.load(world / "run/checkpoints/last.ckpt", weights_only=True)
        found["epoch"] = str((state["epoch"], state["global_step"])).encode()
        found["weights"] = _values(state["state_dict"])
    speed = re.compile(rb'"(seconds|images_per_second)": [\d.]+')
    return {name: speed.sub(b"", content) for name, content in found.items()}


def _values(tensors: dict[str, torch.Tensor]) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in tensors.values())


def _content(path: Path) -> bytes:
    if path.suffix == ".safetensors":  # its header has no order
        tensors, record = load_weights(path)
        return _values(tensors) + str(record.detection).encode()
    if path.suffix == ".gpkg":
        with closing(sqlite3.connect(path)) as database:
            content = "\n".join(database.iterdump()).encode()
    elif path.suffix == ".pdf":
        content = path.read_bytes()
        return b"whole" if content.startswith(b"%PDF") and content.endswith(b"%%EOF\n") else content
    else:
        content = path.read_bytes()
    return re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?", b"", content)


@dataclass(frozen=True)
class Command:
    """A command, or a call of the library.

    Attributes:
        prepare: makes what it needs in an empty folder.
        run: runs it, and gives its exit code.
        outcome: what it leaves, by file.
        output: the folder that it writes to.
        needs_output: whether the folder must be there before.
        only_once: whether a second run is refused where a first one was done.
    """

    prepare: Callable[[Path], None]
    run: Callable[[Path], int]
    outcome: Callable[[Path], dict[str, bytes]]
    output: str = "out"
    needs_output: bool = False
    only_once: bool = False


def calling(*words: str) -> Callable[[Path], int]:
    """A run of the command line; ``{}`` stands for the folder."""
    return lambda world: run([word.replace("{}", str(world)) for word in words])


COMMANDS = {
    "detect": Command(write_photos, detect, files("out")),
    "measure": Command(
        write_results, calling("measure", "{}/out", "--standard", "fhwa-ltpp", "--crack-pictures"),
        files("out"), needs_output=True,
    ),
    "map": Command(write_results, calling("map", "{}/out"), files("out"), needs_output=True),
    "report": Command(
        write_results, calling("report", "{}/out", "-o", "{}/paper/report.html", "--pdf"),
        files("out", "paper"), "paper",
    ),
    "export-results": Command(
        write_results, calling("export-results", "{}/out", "--to", "cvat", "-o", "{}/export"),
        files("out", "export"), "export",
    ),
    "import": Command(
        write_annotated, calling("import", "{}/out", "{}/annotated", "--from", "masks"),
        files("out"), needs_output=True,
    ),
    "export": Command(
        write_model, calling("export", "{}/small.safetensors", "-o", "{}/models/small.onnx"),
        files("models"), "models",
    ),
    "cache of exports": Command(
        write_model_and_photos,
        calling(
            "detect", "{}/photos/0.png", "-o", "{}/out", "--model", "{}/small.safetensors", "--runtime",
            "onnx", "--no-measure",
        ),
        files("cache"), "cache",
    ),
    "train": Command(
        write_crack_free,
        calling("train", *TINY, "--photos", "{}/photos", "-o", "{}/run", "--device", "cpu"),
        trained, "run",
    ),
    "calibrate": Command(
        write_model_and_photos,
        calling(
            "calibrate", "{}/small.safetensors", "-o", "{}/mine/mine.safetensors", "--photos", "{}/photos",
            "--roads", "1", "--scales", "1",
        ),
        files("mine"), "mine",
    ),
    "prepare": Command(
        write_crack_free,
        calling(
            "prepare", "{}/photos", "-o", "{}/patches", "--count", "3", "--rounds", "0", "--sizes", "64",
            "--model", "canny",
        ),
        files("patches"), "patches", only_once=True,
    ),
}  # fmt: skip
