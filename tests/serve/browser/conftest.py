"""A Chromium without a window looks at the review page as a person would. Skipped where there is none."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from tests.serve.browser.pages import COUNT, HEIGHT, NAME, PATIENCE_SECONDS, WIDTH, Page

from upcracknet.results import DetectionOptions, MeasureOptions, open_detection
from upcracknet.results.folder import read_results
from upcracknet.serve.review.app import review_app
from upcracknet.serve.review.review import Review

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One browser for all tests of a process."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,800"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.unhandled_prompt_behavior = "ignore"
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(PATIENCE_SECONDS)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def found(tmp_path_factory) -> Path:
    """The results of small photos with a crack each, in millimetres, with scores; and of a broken one."""
    folder = tmp_path_factory.mktemp("found")
    for number in range(COUNT):
        photo = np.random.default_rng(number).normal(150, 9, (HEIGHT, WIDTH, 3)).clip(0, 255).astype(np.uint8)
        for x in range(WIDTH):
            y = 30 + 5 * number + round(5 * np.sin(x / 11))
            photo[y : y + 4, x] = 40
        path = folder / "photos" / f"day-{number % 2}" / f"IMG_{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo)
    (folder / "photos" / "day-1" / "broken.png").write_bytes(b"no photo")
    options = DetectionOptions("local-contrast", runtime="torch", scores="png")
    measures = MeasureOptions(millimetres_per_pixel=2.0)
    with open_detection([str(folder / "photos")], folder / "out", options, measures) as detection:
        detection.run(lambda record: None)
    return folder / "out"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the review of a folder in this process; gives its address."""
    review = Review(folder)
    app = review_app(review)
    with socket.create_server(("127.0.0.1", 0)) as listening, review.measurer:
        configuration = uvicorn.Config(app, log_config=None, log_level="warning", ws="none", lifespan="off")
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        for number, name in enumerate(review.photos.names()[:COUNT]):
            review.photos.set_doubt(name, 5 * number % COUNT / COUNT)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


@pytest.fixture(scope="module")
def modules(chromium, found) -> Iterator[Page]:
    """A page whose modules are tried; nothing is changed in its folder."""
    with served(found) as address:
        page = Page(chromium, address, read_results(found))
        page.open()
        yield page
        chromium.get("about:blank")


@pytest.fixture
def page(chromium, found, tmp_path) -> Iterator[Page]:
    """The page of a survey of its own. At the end, nothing may have gone wrong in the browser."""
    out = tmp_path / "out"
    shutil.copytree(found, out)
    chromium.get_log("browser")
    with served(out) as address:
        page = Page(chromium, address, read_results(out))
        page.open()
        yield page
        for other in chromium.window_handles[1:]:
            chromium.switch_to.window(other)
            chromium.close()
        chromium.switch_to.window(chromium.window_handles[0])
        log = chromium.get_log("browser")
        # Nothing unsaved: else leaving would ask.
        chromium.get("about:blank")
    assert not [entry for entry in log if entry["level"] == "SEVERE"], log


@pytest.fixture
def photo(page):
    """The page at one photo."""
    page.go_to_photo(NAME)
    return page
