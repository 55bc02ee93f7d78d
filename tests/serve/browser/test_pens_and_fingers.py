"""Drawing by pen and by fingers."""

import numpy as np
import pytest
from tests.serve.browser.pages import HEIGHT, NAME, WIDTH, model_mask


@pytest.mark.parametrize(("pressure", "width"), [(0.25, 6), (0.75, 18)])
def test_a_pen_that_is_pressed_harder_draws_wider(photo, pressure, width):
    before = model_mask(photo)
    photo.press("b")
    photo.draw_with("pen", (30, 95), (90, 95), (150, 95), pressure=pressure)
    photo.wait_until_saved("corrected")
    drawn = (photo.mask_of(NAME) != before).sum(axis=0)[60:140]
    assert abs(np.median(drawn) - width) <= 1


def test_a_finger_erases_what_a_pen_drew(photo):
    photo.press("l")
    photo.draw_with("pen", (30, 95), (150, 95))
    photo.wait_until_saved("corrected")
    assert photo.mask_of(NAME)[95, 40:140].min() == 255
    photo.press("e")
    photo.draw_with("touch", (60, 95), (120, 95))
    photo.until(lambda: photo.mask_of(NAME)[95, 65:115].max() == 0)
    assert photo.mask_of(NAME)[95, 35:45].min() == 255


def touches(page, *fingers):
    """Move fingers over the photo: each a list of places of the window."""
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(finger[0] for finger in fingers)]
    send = page.driver.execute_cdp_cmd
    send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    for places in zip(*(finger[1:] for finger in fingers), strict=True):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_two_fingers_zoom_and_one_draws(photo):
    box = photo.find("#canvas").rect
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    photo.press("b")
    touches(photo, [photo.on_screen(60, 75), photo.on_screen(90, 75), photo.on_screen(110, 75)])
    photo.wait_until_saved("corrected")
    assert photo.mask_of(NAME)[75, 65:105].min() == 255
    saved = photo.mask_of(NAME)
    left, right = (middle[0] - 50, middle[1]), (middle[0] + 50, middle[1])
    touches(photo, [left, (middle[0] - 150, middle[1])], [right, (middle[0] + 150, middle[1])])
    assert np.array_equal(photo.mask_of(NAME), saved), "two fingers draw nothing"
    # Three times as far apart: all is three times as far from the middle.
    upper_rim = (90 - WIDTH / 2) * 3 + WIDTH / 2, (69 - HEIGHT / 2) * 3 + HEIGHT / 2
    photo.until(lambda: photo.rim_share(upper_rim) == 1 and photo.rim_share((90, 69)) == 0)
