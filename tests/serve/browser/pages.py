"""The review page, and what a person does with it."""

import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from upcracknet.results.corrections import read_correction
from upcracknet.results.folder import ResultFolder

PATIENCE_SECONDS = 20.0
COUNT, HEIGHT, WIDTH = 12, 120, 180
"""Number of photos that could be used, and their size in pixels."""

NAME = "day-0/IMG_00.png"
"""Of the first photo's results."""

BROKEN = "day-1/broken.png"
"""A photo that could not be used."""

RIM = (255, 226, 60)
"""Colour of the mask's rim, RGB, as the page draws it."""


class Page:
    """The review page in a tab of the browser, and what a person does with it."""

    def __init__(self, driver: Chrome, address: str, results: ResultFolder) -> None:
        self.driver, self.address, self.results = driver, address, results
        self.pressed = 0
        """Keys that were pressed, without chords."""

    def open(self, view: str = "photos") -> None:
        """Load a view again."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.address}/#{view}")
        self.until(lambda: self.js("return document.body?.dataset.ready") == "yes")
        if view.startswith("photo/"):
            self.wait_for_mask()

    def go_to_photo(self, name: str) -> None:
        """Show a photo, as a link within the page does."""
        self.js("location.hash = arguments[0]", f"photo/{self.number_of(name)}")
        self.wait_for_mask()
        self.until(lambda: self.text("#photo-name") == name)

    def wait_for_mask(self) -> None:
        """Wait until a photo can be drawn on, and its measures are there."""
        self.until(lambda: self.js("return document.querySelector('#measures dl') !== null"))

    def until(self, done: Callable[[], Any]) -> Any:
        """Wait until something is so; what it is."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (value := done()):
            assert time.monotonic() < end, f"waited in vain; the page said: {self.driver.get_log('browser')}"
            time.sleep(0.03)
        return value

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def module(self, script: str, *arguments: Any) -> Any:
        """Run a script that awaits the page's own modules, and returns what can be JSON."""
        wrapped = (
            f"const [...given] = arguments; const done = given.pop(); (async (args) => {{ {script} }})(given)"
        )
        answer = self.driver.execute_async_script(
            f"{wrapped}.then((value) => done([value, null]), (error) => done([null, String(error.stack)]))",
            *arguments,
        )
        assert answer[1] is None, answer[1]
        return answer[0]

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """The text of an element; empty while there is none."""
        return self.js("return document.querySelector(arguments[0])?.textContent.trim() ?? ''", selector)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.pressed += sum(map(len, keys))
        ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, *keys: str) -> None:
        """Press the last key while the others are held."""
        actions = ActionChains(self.driver)
        for key in keys[:-1]:
            actions.key_down(key)
        actions.send_keys(keys[-1])
        for key in keys[:-1]:
            actions.key_up(key)
        actions.perform()

    def on_screen(self, x: float, y: float) -> tuple[int, int]:
        """The place of the window where a place of the photo lies; photos lie whole in the middle."""
        return tuple(
            round(value)
            for value in self.js(
                """const box = document.querySelector('#canvas').getBoundingClientRect();
                const [x, y, width, height] = arguments;
                const scale = Math.min(32, box.width / width, box.height / height) * 0.98;
                return [box.left + box.width / 2 + (x + 0.5 - width / 2) * scale,
                        box.top + box.height / 2 + (y + 0.5 - height / 2) * scale];""",
                x, y, WIDTH, HEIGHT,
            )
        )  # fmt: skip

    def draw(self, *places: tuple[float, float]) -> None:
        """Draw with the mouse through places of the photo."""
        actions = ActionChains(self.driver, duration=30)
        for number, place in enumerate(places):
            actions.w3c_actions.pointer_action.move_to_location(*self.on_screen(*place))
            if number == 0:
                actions.w3c_actions.pointer_action.pointer_down()
        actions.w3c_actions.pointer_action.pointer_up()
        actions.perform()

    def draw_with(self, kind: str, *places: tuple[float, float], pressure: float = 0.5) -> None:
        """Draw with a "pen" or a finger ("touch") through places of the photo; 1 is the greatest pressure."""
        actions = ActionBuilder(self.driver, mouse=PointerInput(kind, kind), duration=30)
        pointer = actions.pointer_action
        for number, place in enumerate(places):
            x, y = self.on_screen(*place)
            if number == 0:
                pointer.move_to_location(x, y)
                pointer.pointer_down(pressure=pressure)
            else:
                pointer.move_to_location(x, y, pressure=pressure)
        pointer.pointer_up()
        actions.perform()

    def wait_until_saved(self, status: str | None) -> None:
        """Wait until all is saved, and the list has the photo's answer."""
        self.until(lambda: self.js("return document.querySelector('#saving').dataset.state") == "saved")
        name = self.text("#photo-name")
        self.until(lambda: self.status_of(name) == status)

    def status_of(self, name: str) -> str | None:
        """What lies in the folder of a photo."""
        correction = read_correction(self.results, name)
        return None if correction is None else correction.status

    def mask_of(self, name: str) -> np.ndarray:
        """The corrected mask that lies in the folder."""
        mask = cv2.imread(str(self.results.path / "corrections" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        return mask

    def picture(self) -> np.ndarray:
        """What is seen, RGB."""
        png = np.frombuffer(self.driver.get_screenshot_as_png(), np.uint8)
        return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def rim_share(self, *places: tuple[float, float]) -> float:
        """The share of places of the photo around which the rim's yellow is seen."""
        picture = self.picture().astype(int)
        seen = 0
        for place in places:
            x, y = self.on_screen(*place)
            around = picture[y - 12 : y + 13, x - 12 : x + 13]
            seen += bool((np.abs(around - RIM).max(axis=2) < 30).any())
        return seen / len(places)

    def number_of(self, name: str) -> int:
        """The number by which the program knows a photo."""
        rows = self.module("return (await fetch('/api/photos')).json();")
        return next(row["id"] for row in rows if row["name"] == name)

    def names(self) -> list[str]:
        """The names in the list, as they are sorted."""
        return self.js(
            """return [...document.querySelectorAll('.cell')]
            .sort((one, other) => one.ariaPosInSet - other.ariaPosInSet)
            .map((cell) => cell.querySelector('.name').textContent)"""
        )


def model_mask(page, name: str = NAME) -> np.ndarray:
    """The mask that the model made."""
    return cv2.imread(str(page.results.path / "masks" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
