"""How smoothly the review page moves a photo of 50 megapixels in headless Chromium.

    python benchmarks/review_pan.py

Needs Chromium and its driver (``make browser``). Prints the times between two frames, by
``requestAnimationFrame`` of the page, while the photo is moved at four zooms. How long the graphics take to
draw is not in them.
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from upcracknet.data.synthetic import synthesize_road
from upcracknet.tables import figure, markdown_table

SIZE = 8192, 6144
ZOOMS = 1.5, 4, 10, 40
FRAMES = 150

PAN = """
const [zoom, frames, done] = arguments;
const canvas = document.querySelector('#canvas'), box = canvas.getBoundingClientRect();
const middle = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
const wheel = (turn) =>
  canvas.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, ...middle, ...turn }));
document.querySelector('[data-act=fit]').click();
wheel({ deltaY: -Math.log(zoom) / 0.0016 });
const times = [];
let last = null;
const step = (now) => {
  if (last !== null) times.push(now - last);
  last = now;
  const angle = times.length / 40;
  wheel({ shiftKey: true, deltaX: 14 * Math.cos(angle), deltaY: 14 * Math.sin(angle) + 1 });
  if (times.length < frames) requestAnimationFrame(step); else done(times);
};
setTimeout(() => requestAnimationFrame(step), 500);
"""
"""Moves the photo in a circle, a step a frame, after the zoom has settled."""


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        road = cv2.resize(synthesize_road(0, 768, 1024).photo, SIZE, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "road.jpg"), road[..., ::-1])
        upcracknet = (sys.executable, "-m", "upcracknet")
        detect = ("detect", str(folder / "road.jpg"), "-o", str(folder / "out"), "--no-measure")
        subprocess.run((*upcracknet, *detect), check=True, stdout=subprocess.DEVNULL)
        review = (*upcracknet, "review", str(folder / "out"), "--no-browser")
        with subprocess.Popen(review, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                answer = ""
                while "}" not in answer:
                    answer += server.stdout.readline()
                print(pan(json.loads(answer)["address"]))
            finally:
                server.send_signal(signal.SIGINT)


def pan(address: str) -> str:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,800"):
        options.add_argument(argument)
    driver = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options, driver)
    try:
        browser.set_script_timeout(60)
        browser.get(address)
        wait = WebDriverWait(browser, 60)
        wait.until(lambda page: page.execute_script("return document.body.dataset.ready === 'yes'"))
        browser.execute_script("location.hash = 'photo/0'")
        wait.until(
            lambda page: page.execute_script("return !!document.querySelector('#canvas')?.clientWidth")
        )
        rows = []
        for zoom in ZOOMS:
            times = sorted(browser.execute_async_script(PAN, zoom, FRAMES))
            places = (len(times) // 2, int(0.95 * len(times)), len(times) - 1)
            rows.append([figure(zoom, 1), *(figure(times[place], 1) for place in places)])
        return markdown_table(["zoom", "median, ms", "95 % below, ms", "longest, ms"], rows)
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
