"""How long the review page's server takes to give out and to save the mask of a photo of 50 megapixels.

    python benchmarks/review_save.py

Prints the median of three requests of each kind, within one process and without a browser. Measures are asked
for after saving, until they are there.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from starlette.testclient import TestClient

from upcracknet.data.synthetic import synthesize_road
from upcracknet.results import DetectionOptions, MeasureOptions, open_detection
from upcracknet.serve.review.app import review_app
from upcracknet.serve.review.review import Review
from upcracknet.tables import figure, markdown_table

SIZE = 8192, 6144
TIMES = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        road = cv2.resize(synthesize_road(0, 768, 1024).photo, SIZE, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "road.jpg"), road[..., ::-1])
        options = DetectionOptions("local-contrast", runtime="torch")
        measures = MeasureOptions(millimetres_per_pixel=0.5)
        with open_detection([str(folder / "road.jpg")], folder / "out", options, measures) as detection:
            detection.run(lambda record: None)
        rows = []
        for attempt in range(TIMES):
            review = Review(folder / "out")  # nothing is held at the start
            with review.measurer:
                client = TestClient(review_app(review), base_url="http://127.0.0.1:8000")
                rows.append([*review_once(client, attempt)])
        names = ["mask, first", "mask, again", "mask, unchanged", "save", "measures after that"]
        seconds = [figure(median(column), 2) for column in zip(*rows, strict=True)]
        table = [list(pair) for pair in zip(names, seconds, strict=True)]
        print(markdown_table(["request", "seconds"], table))


def review_once(client: TestClient, attempt: int) -> list[float]:
    """Look at the photo, draw a line and save it; seconds of each request."""
    address = "/api/photos/0"
    first, answer = timed(lambda: client.get(f"{address}/mask"))
    again, _ = timed(lambda: client.get(f"{address}/mask"))
    tag = {"If-None-Match": answer.headers.get("etag", "")}
    unchanged, _ = timed(lambda: client.get(f"{address}/mask", headers=tag))
    mask = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    top = 1000 + 50 * attempt
    mask[top : top + 12, 1000:3000] = 255
    form = {"status": "corrected", "revision": client.get(address).json()["revision"]}
    files = {"mask": ("mask.png", cv2.imencode(".png", mask)[1].tobytes(), "image/png")}
    save, saved = timed(lambda: client.put(f"{address}/correction", data=form, files=files))
    assert saved.status_code == 200, saved.text

    def measured() -> None:
        while client.get(f"{address}/measures").status_code == 202:
            pass

    return [first, again, unchanged, save, timed(measured)[0]]


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    value = act()
    return time.perf_counter() - begin, value


if __name__ == "__main__":
    main()
