import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.loading import load
from upcracknet.results.measuring import Measuring
from upcracknet.results.settings import MeasureOptions
from upcracknet.serve.options import ServiceOptions
from upcracknet.serve.service import service
from upcracknet.serve.store import open_store
from upcracknet.serve.worker import PhotoWorker

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def road() -> bytes:
    """A small photo with one winding crack, as PNG."""
    photo = np.random.default_rng(0).normal(150, 9, (64, 96, 3)).clip(0, 255).astype(np.uint8)
    for x in range(96):
        y = 20 + round(5 * np.sin(x / 7))
        photo[y : y + 4, x] = 40
    return cv2.imencode(".png", photo)[1].tobytes()


@pytest.fixture(scope="session")
def model():
    """The light detector, and what its results depend on."""
    return load(DetectionOptions("local-contrast", runtime="torch"))


@pytest.fixture
def start(tmp_path, model) -> Iterator[Callable[..., TestClient]]:
    """Starts a service in this process; its client knows its worker as ``app_worker``."""
    with ExitStack() as running:

        def run(detector=model[0], working=True, **options) -> TestClient:
            chosen = replace(ServiceOptions(folder=tmp_path / "service"), **options)
            store = running.enter_context(open_store(Measuring.of(MeasureOptions()), chosen))
            worker = PhotoWorker(detector, model[1], store)
            client = TestClient(service(worker, chosen.guard()), base_url="http://127.0.0.1:8000")
            client.app_worker = worker
            if working:
                running.enter_context(worker)
            return client

        yield run


@pytest.fixture
def client(start) -> TestClient:
    return start()


@pytest.fixture(scope="session")
def uploads() -> ModuleType:
    """The benchmark's hostile uploads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("uploads")


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what another thread or process does; fail where it does not."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
