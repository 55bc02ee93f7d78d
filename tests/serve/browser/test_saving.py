"""Nothing that was drawn is lost: without the program, and with another tab."""

import time

import cv2
import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys
from tests.serve.browser.pages import NAME, Page

OFFLINE = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@pytest.fixture
def network(page):
    """Turns the browser's network off and on."""

    def turn(on: bool) -> None:
        page.driver.execute_cdp_cmd("Network.enable", {})
        page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {"offline": not on, **OFFLINE})

    yield turn
    turn(True)


def state(page: Page) -> str:
    return page.js("return document.querySelector('#saving').dataset.state")


def test_without_the_program_the_page_says_so_and_saves_later(photo, network):
    photo.press("b")
    network(False)
    photo.draw((40, 90), (120, 90))
    photo.until(lambda: state(photo) == "failed")
    assert f"Could not save {NAME}" in photo.text("#saving-text")
    assert photo.find("#retry").is_displayed()
    asks = photo.js(
        """const event = new Event('beforeunload', { cancelable: true });
        dispatchEvent(event);
        return event.defaultPrevented;"""
    )
    assert asks, "leaving would lose what was drawn, and the browser does not ask"
    assert photo.status_of(NAME) is None
    network(True)
    photo.find("#retry").click()
    photo.wait_until_saved("corrected")
    assert photo.mask_of(NAME)[90, 50:110].min() == 255
    photo.driver.get_log("browser")  # that the network was off is in it


def test_the_next_photo_does_not_wait_for_the_last_one(photo, network):
    photo.press("b")
    network(False)
    photo.draw((40, 90), (120, 90))
    photo.until(lambda: state(photo) == "failed")
    photo.press("k")  # the photo is the last one of the list
    photo.until(lambda: photo.text("#photo-name") != NAME)
    network(True)
    photo.find("#retry").click()
    photo.until(lambda: photo.status_of(NAME) == "corrected")
    assert photo.mask_of(NAME)[90, 50:110].min() == 255
    photo.driver.get_log("browser")


ELSEWHERE = """
const [api, { readGrey }, { writeGrey }] = await Promise.all(
  ['api', 'mask', 'png'].map((name) => import(`/page/${name}.js`)));
const [id, row] = args;
const mask = await readGrey(await api.mask(id));
mask.bytes.fill(255, row * mask.width, (row + 10) * mask.width);
const { revision } = await api.row(id);
await api.save(id, { status: 'corrected', revision }, await writeGrey(mask));
"""
"""Saves a mask with ten more rows, as another tab would."""


@pytest.mark.parametrize(("key", "mine"), [("m", True), ("t", False)])
def test_where_two_changed_a_photo_nothing_is_lost(photo, key, mine):
    photo.press("b")
    photo.module(ELSEWHERE, photo.number_of(NAME), 75)
    photo.draw((40, 110), (120, 110))
    photo.until(lambda: photo.find("#question").is_displayed())
    assert photo.mask_of(NAME)[80].min() == 255
    photo.press(Keys.ESCAPE)
    photo.until(lambda: photo.find("#question").is_displayed())
    photo.press(key)
    photo.until(lambda: not photo.find("#question").is_displayed())
    photo.wait_until_saved("corrected")
    mask = photo.mask_of(NAME)
    assert (mask[110, 80] == 255) == mine
    assert (mask[80, 80] == 255) == (not mine)
    # What is seen is what is saved.
    photo.until(lambda: photo.rim_share((60, 104), (80, 104), (100, 104)) == mine)
    photo.until(lambda: photo.rim_share((60, 75), (80, 75), (100, 75)) == (not mine))
    photo.driver.get_log("browser")  # the answer 409 is in it


def test_two_tabs_are_warned_and_see_what_the_other_saves(photo):
    first = photo.driver.current_window_handle
    view = photo.driver.current_url.split("#")[-1]
    photo.driver.switch_to.new_window("tab")
    photo.open(view)
    photo.until(lambda: "this photo" in photo.text("#others"))
    assert photo.find("#others").is_displayed()
    photo.press("b")
    photo.draw((40, 90), (120, 90))
    photo.wait_until_saved("corrected")
    photo.driver.switch_to.window(first)
    photo.js("dispatchEvent(new Event('focus'))")
    photo.until(lambda: photo.rim_share((60, 84), (80, 84), (100, 84)) == 1)
    assert photo.text("#photo-status") == "corrected"


def test_a_stroke_that_is_given_up_is_not_saved(photo):
    """Also where it was half drawn when what was drawn before was saved."""
    photo.press("b")
    photo.draw((40, 90), (60, 90))
    photo.press("l")
    photo.press("b")
    photo.js("document.querySelector('#canvas').focus()")
    photo.press(Keys.SPACE, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)  # a stroke by the keyboard that goes on
    photo.until(lambda: photo.status_of(NAME) == "corrected")
    time.sleep(0.7)  # longer than the page waits with saving
    photo.press(Keys.ESCAPE)
    photo.wait_until_saved("corrected")
    time.sleep(0.7)
    photo.wait_until_saved("corrected")
    saved = photo.mask_of(NAME)
    shown = photo.module(
        """const { readGrey } = await import('/page/mask.js');
        const api = await import('/page/api.js');
        return [...(await readGrey(await api.mask(args[0]))).bytes].filter(Boolean).length;""",
        photo.number_of(NAME),
    )
    assert shown == np.count_nonzero(saved)
    cursor_row, cursor_column = saved.shape[0] // 2, saved.shape[1] // 2
    assert saved[90, 45:55].min() == 255
    assert photo.rim_share((45, 84), (55, 84)) == 1
    assert not saved[cursor_row, cursor_column : cursor_column + 3].all()


def test_questions_come_one_after_the_other(photo):
    answers = photo.module(
        """const { choose } = await import('/page/dom.js');
        const answers = [{ text: 'yes', value: 'yes' }];
        const both = Promise.all([choose('One', '', answers), choose('Two', '', answers)]);
        const title = () => document.querySelector('#question-title').textContent;
        const seen = [];
        for (let number = 0; number < 2; number++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          seen.push(title());
          document.querySelector('#question-answers button').click();
        }
        return [...seen, ...(await both)];"""
    )
    assert answers == ["One", "Two", "yes", "yes"]


def test_the_slider_brings_the_models_own_mask_back(photo):
    """Its marks come from more than one threshold."""
    path = photo.results.file(f"masks/{NAME}.png")
    model = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    model[:, 90:] = 0  # as where weak pieces and specks were dropped
    cv2.imwrite(str(path), model)
    photo.open(f"photo/{photo.number_of(NAME)}")
    photo.module(
        """const box = document.querySelector('#threshold');
        const move = async (value) => {
          box.value = value;
          box.dispatchEvent(new Event('input'));
          box.dispatchEvent(new Event('change'));
          await new Promise((resolve) => setTimeout(resolve, 300));
        };
        const start = box.value;
        await move(Number(start) + 20);
        await move(start);"""
    )
    photo.wait_until_saved("corrected")
    assert np.array_equal(photo.mask_of(NAME), model)
