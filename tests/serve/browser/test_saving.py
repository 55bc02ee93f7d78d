"""Nothing that was drawn is lost: without the program, and with another tab."""

import numpy as np
import pytest

from tests.serve.browser.pages import Page
from tests.serve.browser.test_reviewing import NAME, number_of

OFFLINE = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@pytest.fixture
def photo(page):
    page.open(f"photo/{number_of(page)}")
    return page


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
    asks = photo.js("const event = new Event('beforeunload', { cancelable: true }); dispatchEvent(event); return event.defaultPrevented")
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
    photo.press("j")
    photo.until(lambda: photo.text("#photo-name") != NAME)
    network(True)
    photo.find("#retry").click()
    photo.until(lambda: photo.status_of(NAME) == "corrected")
    assert photo.mask_of(NAME)[90, 50:110].min() == 255
    photo.driver.get_log("browser")


def in_another_tab(page: Page, *places: tuple[float, float]) -> str:
    """Draw on the same photo in another tab; gives the first tab."""
    first = page.driver.current_window_handle
    view = page.driver.current_url.split("#")[-1]
    page.driver.switch_to.new_window("tab")
    page.open(view)
    page.press("b")
    page.draw(*places)
    page.wait_until_saved("corrected")
    return first


@pytest.mark.parametrize(("key", "mine"), [("m", True), ("t", False)])
def test_two_tabs_on_one_photo_lose_nothing(photo, key, mine):
    first = in_another_tab(photo, (40, 90), (120, 90))
    banner = photo.find("#others")
    assert banner.is_displayed()
    assert "this photo" in banner.text
    photo.driver.switch_to.window(first)
    photo.press("b")
    photo.draw((40, 110), (120, 110))
    photo.until(lambda: photo.find("#question").is_displayed())
    assert photo.mask_of(NAME)[90, 80] == 255
    photo.press(key)
    photo.until(lambda: not photo.find("#question").is_displayed())
    photo.wait_until_saved("corrected")
    mask = photo.mask_of(NAME)
    assert (mask[110, 80] == 255) == mine
    assert (mask[90, 80] == 255) == (not mine)
    # What is seen is what is saved.
    photo.until(lambda: photo.rim_share((60, 110), (80, 110), (100, 110)) == mine)
    photo.until(lambda: photo.rim_share((60, 90), (80, 90), (100, 90)) == (not mine))
    photo.driver.get_log("browser")  # the answer 409 is in it


def test_an_open_photo_takes_over_what_another_tab_saved(photo):
    first = in_another_tab(photo, (40, 90), (120, 90))
    photo.driver.switch_to.window(first)
    photo.until(lambda: photo.rim_share((60, 90), (80, 90), (100, 90)) == 1)
    assert photo.text("#photo-status") == "corrected"
    assert np.count_nonzero(photo.mask_of(NAME))
