"""Nothing that was drawn is lost: without the program, and with another tab."""

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
