import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.results.conftest import IN_MM, LIGHT, write_photos
from tests.serve.conftest import until

from upcracknet.results import open_detection
from upcracknet.serve.review.app import review_app
from upcracknet.serve.review.review import Review

NAME = "day-0/002.png"


@pytest.fixture(scope="session")
def measured(tmp_path_factory) -> Path:
    """Six photos and their result folder, measured; not to be changed."""
    root = tmp_path_factory.mktemp("review")
    photos = write_photos(root / "photos", 6)
    with open_detection([str(photos)], root / "out", LIGHT, IN_MM) as detection:
        detection.run(lambda record: None)
    # Copies of it find their own photos, not these.
    return root.rename(root.with_name("measured"))


@pytest.fixture
def folder(measured, tmp_path) -> Path:
    """A result folder of six measured photos, which lie beside it."""
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.fixture
def start(folder) -> Iterator[Callable[..., TestClient]]:
    """Starts a server in this process; its client knows its review as ``review``."""
    with ExitStack() as running:

        def run(token: str | None = None) -> TestClient:
            review = Review(folder)
            running.enter_context(review.measurer)
            client = TestClient(review_app(review, token), base_url="http://127.0.0.1:8000")
            client.review = review
            return client

        yield run


@pytest.fixture
def client(start) -> TestClient:
    return start()


@pytest.fixture
def row(client) -> Callable[..., dict]:
    """Gives the row of a photo."""
    return lambda name=NAME: next(row for row in client.get("/api/photos").json() if row["name"] == name)


def as_png(mask: np.ndarray) -> bytes:
    return cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()


def decoded(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


def line_mask(top: int = 10, thickness: int = 4) -> np.ndarray:
    """A level crack of 60 pixels in a photo of 96×64; a joint would span it all."""
    mask = np.zeros((64, 96), bool)
    mask[top : top + thickness, 20:80] = True
    return mask


def send(client: TestClient, row: dict, status: str, mask: np.ndarray | None = None, **more):
    """What the page sends: a form."""
    form = {"status": status, "revision": row["revision"]} | more
    files = None if mask is None else {"mask": ("mask.png", as_png(mask), "image/png")}
    return client.put(f"/api/photos/{row['id']}/correction", data=form, files=files)


def measures(client: TestClient, row: dict) -> dict:
    """The measures of a photo, once they are made."""
    address = f"/api/photos/{row['id']}/measures"
    until(lambda: client.get(address).status_code != 202)  # a slow machine makes it ask again
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()
