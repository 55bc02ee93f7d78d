import gc
import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import jaxtyping
import numpy as np
import pytest
import scipy.io
import torch

from upcracknet.files import write_atomically
from upcracknet.networks import UNetGenerator
from upcracknet.runtime import exports
from upcracknet.weights import WeightsRecord, save_weights

# Tests import OpenVINO and NNCF themselves; with this module both send how they are used to their makers.
sys.modules.setdefault("openvino_telemetry", None)

# Test processes share the cores; more threads each would only get in each other's way. Trainings, and
# processes that tests start, know it by the variable.
os.environ["OMP_NUM_THREADS"] = "1"
# Hundreds of processes that tests start need not compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
torch.set_num_threads(1)
cv2.setNumThreads(1)


# Libraries and tests are millions of objects that stay: looking through them again and again while they are
# loaded, and then with each test, took a fourth of all time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def exported_networks(tmp_path_factory) -> Iterator[None]:
    """Networks that tests export are kept apart from the user's own; processes of one run share them.

    Also their graphs, whose writing takes seconds, where tests begin with an empty cache: each export is
    compared with its network anyway.
    """
    folder, write = tmp_path_factory.getbasetemp(), exports.write_graph
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder

    def write_once(network: torch.nn.Module, path: Path) -> None:
        modes = [module.training for module in network.modules()]
        identity = hashlib.sha256(f"{network!r} {modes}".encode())
        for name, tensor in network.state_dict().items():
            identity.update(name.encode() + tensor.contiguous().numpy().tobytes())
        kept = shared / "graphs" / f"{identity.hexdigest()}.onnx"
        if not kept.exists():
            write(network, path)
            write_atomically(kept, path.read_bytes())
        path.write_bytes(kept.read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UPCRACKNET_CACHE", str(shared / "exported"))
        patch.setattr(exports, "write_graph", write_once)
        yield


@pytest.fixture(autouse=True)
def interruptible() -> None:
    """Let Ctrl-C, which some tests press, raise KeyboardInterrupt.

    Started in the background of a shell, a process ignores it; and a library may leave another handler.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Types are not checked, as in use: the package's own checks must do."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def write_small_model(path: Path) -> Path:
    """Write weights of a small untrained generator that takes 64×64 pixels."""
    torch.manual_seed(0)
    record = WeightsRecord("UNetGenerator", {"filters": 4, "depth": 4}, {"input_size": 64}, {"data": "none"})
    save_weights(path, UNetGenerator(4, 4).state_dict(), record)
    return path


@pytest.fixture
def small_model(tmp_path) -> Path:
    """Weights of a small untrained generator that takes 64×64 pixels."""
    return write_small_model(tmp_path / "small.safetensors")


@pytest.fixture
def photo() -> np.ndarray:
    """A grey noisy road with one dark line, uint8 100×150×3."""
    road = np.random.default_rng(0).normal(130, 8, (100, 150, 3)).clip(0, 255).astype(np.uint8)
    road[48:52] = 30
    return road


@pytest.fixture(scope="session")
def made_datasets(tmp_path_factory) -> Path:
    """Small made photos, each with a dark line, as Crack500, DeepCrack and CFD lie on the disk."""
    root, random = tmp_path_factory.mktemp("datasets"), np.random.default_rng(0)

    def draw(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        photo = random.normal(150, 12, (*size, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros(size, np.uint8)
        mask[8:12] = 255
        photo[8:12] = 30
        return photo, mask

    for dataset in ("Crack500", "DeepCrack"):
        for split, count in (("train", 4), ("test", 2)):
            for number in range(count):
                photo, mask = draw((80, 96))
                for kind, suffix, picture in (("img", "jpg", photo), ("lab", "png", mask)):
                    path = root / dataset / f"{split}_{kind}" / f"{number}.{suffix}"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(path), picture)
    for part in ("image", "groundTruth"):
        (root / "CFD" / part).mkdir(parents=True)
    photo, mask = draw((256, 256))  # the paper's protocol cuts patches of this size from CFD
    cv2.imwrite(str(root / "CFD" / "image" / "001.jpg"), photo)
    labels = {"groundTruth": {"Segmentation": np.where(mask > 0, 2, 1).astype(np.uint8)}}
    scipy.io.savemat(root / "CFD" / "groundTruth" / "001.mat", labels)
    return root


@pytest.fixture
def tiny_deepcrack(tmp_path) -> Path:
    """A data root with two photos in DeepCrack's layout: each has a dark line and sound road beside it."""
    random = np.random.default_rng(0)
    for part in ("test_img", "test_lab"):
        (tmp_path / "data" / "DeepCrack" / part).mkdir(parents=True)
    for name, column in (("a", 8), ("b", 12)):
        road = random.normal(160, 4, (170, 200, 3)).clip(0, 255).astype(np.uint8)
        mask = np.zeros(road.shape[:2], np.uint8)
        road[:, column : column + 3] = 40
        mask[:, column : column + 3] = 255
        cv2.imwrite(str(tmp_path / "data" / "DeepCrack" / "test_img" / f"{name}.jpg"), road)
        cv2.imwrite(str(tmp_path / "data" / "DeepCrack" / "test_lab" / f"{name}.png"), mask)
    return tmp_path / "data"


@pytest.fixture
def real_data() -> Path:
    """Folder of the real datasets."""
    folder = os.environ.get("UPCRACKNET_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("UPCRACKNET_DATA does not name a folder with the real datasets")
    return Path(folder)


@pytest.fixture
def photo_and_none(tmp_path) -> Path:
    """A folder with a photo, and a file that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "road.png"), np.random.default_rng(0).integers(90, 160, (64, 80, 3)))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Iterator[None]:
    """Make a failure of a Ctrl-C that goes beyond its test: else it ends one of several processes."""
    try:
        return (yield)
    except KeyboardInterrupt as error:
        if "PYTEST_XDIST_WORKER" not in os.environ:  # pressed by a person
            raise
        raise AssertionError("Ctrl-C went beyond the test that pressed it") from error
