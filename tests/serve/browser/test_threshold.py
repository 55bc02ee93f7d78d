"""The slider of the threshold: what it marks, and how it leads back to the model's mask."""

import time

import cv2
import numpy as np
from selenium.webdriver.common.keys import Keys
from tests.serve.browser.pages import NAME, model_mask


def test_the_threshold_marks_what_scores_as_much(photo):
    """Oracle: the stored score."""
    score = cv2.imread(str(photo.results.path / "scores" / f"{NAME}.png"), cv2.IMREAD_UNCHANGED) / 65535
    photo.press("t")
    photo.press(Keys.HOME)
    photo.press(*[Keys.ARROW_RIGHT] * 29)
    assert photo.text("#threshold-value") == "30 %"
    photo.wait_until_saved("corrected")
    photo.until(lambda: np.mean((photo.mask_of(NAME) > 0) != (score >= 0.3)) < 0.01)


def slide(page, value: int) -> None:
    page.js(
        """const [value] = arguments, slider = document.querySelector('#threshold');
        slider.value = value;
        for (const name of ['input', 'change']) slider.dispatchEvent(new Event(name));""",
        value,
    )


def test_an_answer_that_comes_late_does_not_undo_where_the_slider_is(photo):
    """The model's own mask is fetched; by then the slider is elsewhere."""
    begin = int(photo.find("#threshold").get_attribute("value"))
    slide(photo, 98)  # the score is there from now on
    photo.wait_until_saved("corrected")
    photo.js(
        """const [begin] = arguments, slider = document.querySelector('#threshold');
        for (const [value, events] of [[begin, ['input']], [99, ['input', 'change']]]) {
          slider.value = value;
          for (const name of events) slider.dispatchEvent(new Event(name));
        }""",
        begin,
    )
    time.sleep(0.7)  # longer than a fetch takes
    photo.press("b")
    photo.draw((40, 110), (60, 110))  # the page sends all that it shows
    photo.until(lambda: photo.mask_of(NAME)[110, 50])
    score = cv2.imread(str(photo.results.path / "scores" / f"{NAME}.png"), cv2.IMREAD_UNCHANGED) / 65535
    assert np.mean((photo.mask_of(NAME) > 0)[:95] != (score >= 0.99)[:95]) < 0.01


def test_the_slider_begins_where_the_model_marked_and_leads_back_there(photo):
    """Oracle: the model's mask, as far as eight bits tell its score."""
    begin = int(photo.find("#threshold").get_attribute("value"))
    assert begin == int(100 * photo.results.record(NAME).threshold + 0.5)
    photo.press("b")
    photo.draw((40, 90), (120, 90))
    photo.wait_until_saved("corrected")
    drawn = photo.mask_of(NAME)
    slide(photo, 99)
    photo.until(lambda: photo.mask_of(NAME).mean() < drawn.mean() / 2)
    slide(photo, begin)
    photo.until(lambda: np.mean(photo.mask_of(NAME) != model_mask(photo)) < 0.001)
    photo.press("u", "u")
    photo.until(lambda: np.array_equal(photo.mask_of(NAME), drawn))
