"""A person opens the page, paints, saves, reloads, filters, rejects and goes back."""

import json
from pathlib import Path

import cv2
import numpy as np
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from tests.serve.browser.pages import BROKEN, COUNT, HEIGHT, NAME, WIDTH, model_mask

from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.serve.review import rows
from upcracknet.survey.records import Position, Section, Survey, SurveyPhoto
from upcracknet.survey.survey_file import write_survey

MANUAL = Path(__file__).parents[3] / "docs" / "review.md"
ROWS = "return (await fetch('/api/photos')).json();"


def test_the_list_shows_all_photos_the_most_doubtful_first(page):
    page.until(lambda: len(page.names()) == COUNT + 1)
    assert page.text("#progress-text") == f"0 of {COUNT} reviewed"
    doubts = {row["name"]: row["doubt"] for row in page.module(ROWS)}
    *shown, unknown = (doubts[name] for name in page.names())
    assert unknown is None
    assert shown == sorted(shown, reverse=True)
    assert max(shown) > min(shown)


def test_filters_and_order(page):
    page.js(
        "const order = arguments[0]; order.value = 'name'; order.dispatchEvent(new Event('input'))",
        page.find("#order"),
    )
    page.until(lambda: page.names() == sorted(page.names(), key=str.lower))
    page.press("/")
    page.press("day-1 _0")
    page.until(lambda: page.names() == [f"day-1/IMG_0{number}.png" for number in (1, 3, 5, 7, 9)])
    assert page.text("#shown") == "5 shown"
    page.press("x")
    page.until(lambda: page.find("#nothing").is_displayed())


def test_the_mask_lies_on_the_crack(photo):
    marked = np.flatnonzero(model_mask(photo).any(axis=1))
    along = [(x, int(np.flatnonzero(model_mask(photo)[:, x]).mean())) for x in range(20, 160, 20)]
    beside = [(x, int(marked.max()) + 25) for x in range(20, 160, 20)]
    photo.until(lambda: photo.rim_share(*along) == 1)
    assert photo.rim_share(*beside) == 0
    photo.press("h")
    photo.until(lambda: photo.rim_share(*along) == 0)


def test_what_is_painted_is_saved_and_there_after_loading_again(photo):
    before = model_mask(photo)
    length = photo.text(".totals div:nth-child(2) dd")
    photo.press("b")
    photo.draw((40, 90), (120, 90))
    photo.wait_until_saved("corrected")
    mask = photo.mask_of(NAME)
    assert mask.shape == (HEIGHT, WIDTH)
    assert set(np.unique(mask)) == {0, 255}
    changed = mask != before
    ys, xs = np.nonzero(changed)
    assert (abs(ys.min() - 84), abs(ys.max() - 96)) <= (1, 1)
    assert (abs(xs.min() - 34), abs(xs.max() - 126)) <= (2, 2)
    assert abs(changed.sum() - (80 * 12 + np.pi * 36)) < 60
    # It is measured at once, and the list says so.
    photo.until(lambda: photo.text(".totals div:nth-child(2) dd") not in (length, ""))
    assert photo.text("#photo-status") == "corrected"
    assert photo.text("#progress-text") == f"1 of {COUNT} reviewed"

    photo.open(f"photo/{photo.driver.current_url.split('/')[-1]}")
    photo.until(lambda: photo.rim_share((40, 84), (80, 84), (120, 96)) == 1)
    assert np.array_equal(cv2.imread(str(photo.results.path / "masks" / f"{NAME}.png"), -1), before)


def test_eraser_line_and_undo(photo):
    before = model_mask(photo)
    photo.press("l")
    photo.draw((30, 100), (150, 100))
    photo.wait_until_saved("corrected")
    with_line = photo.mask_of(NAME)
    assert abs((with_line != before).sum() - (120 * 4 + np.pi * 4)) < 20
    photo.press("e")
    photo.draw((10, 30), (170, 30))
    photo.until(lambda: photo.mask_of(NAME)[30].max() == 0)
    assert photo.mask_of(NAME)[100, 90] == 255
    photo.chord(Keys.CONTROL, "z")
    photo.until(lambda: np.array_equal(photo.mask_of(NAME), with_line))
    photo.press("u")
    photo.wait_until_saved(None)
    photo.chord(Keys.CONTROL, "y")
    photo.wait_until_saved("corrected")
    assert np.array_equal(photo.mask_of(NAME), with_line)


def test_a_line_by_hand_is_as_wide_as_it_was_chosen(photo):
    photo.press("f")
    for _ in range(4):
        photo.press(".")
    width = int(photo.text("#width-value").split()[0])
    assert width > 4
    photo.draw((20, 100), (60, 104), (100, 96), (160, 100))
    photo.wait_until_saved("corrected")
    columns = (photo.mask_of(NAME) != model_mask(photo)).sum(axis=0)[40:150]
    assert abs(np.median(columns) - width) <= 1


def test_rejecting_asks_why_and_undo_brings_the_mask_back(photo):
    url = photo.driver.current_url
    photo.press("r")
    photo.until(lambda: photo.find("#question").is_displayed())
    photo.press("2")
    photo.until(lambda: photo.driver.current_url != url)
    photo.until(lambda: photo.status_of(NAME) == "rejected")
    assert json.loads((photo.results.path / "corrections" / f"{NAME}.json").read_text())["reason"] == "joint"
    photo.open(url.split("#")[-1])
    assert photo.text("#photo-status") == "rejected: joint"
    assert photo.text(".totals div:nth-child(1) dd") == "0"
    photo.press("d")
    photo.wait_until_saved(None)
    along = [(x, int(np.flatnonzero(model_mask(photo)[:, x]).mean())) for x in range(20, 160, 20)]
    photo.until(lambda: photo.rim_share(*along) == 1)


def test_a_note_is_saved_with_the_answer(photo):
    photo.press("n")
    photo.press("wet road")
    assert photo.find("#note-hint").is_displayed()
    photo.press(Keys.ESCAPE)
    photo.press("a")
    photo.until(lambda: photo.status_of(NAME) == "accepted")
    assert json.loads((photo.results.path / "corrections" / f"{NAME}.json").read_text())["note"] == "wet road"


def test_a_photo_that_could_not_be_used_says_why(page):
    page.driver.get(f"{page.address}/#photo/{page.number_of(BROKEN)}")
    page.until(lambda: page.text("#photo-status") == "failed")
    assert "broken.png" in page.text("#photo-notes")
    assert not page.find("[data-act=accept]").is_enabled()
    page.press("a")
    page.press("k")
    page.until(lambda: page.text("#photo-name") == NAME)
    assert page.text("#progress-text") == f"0 of {COUNT} reviewed"


def test_ten_photos_with_the_keyboard_alone(page):
    """From the list: open one, accept, reject, draw; each leads to the next that is not reviewed.

    The manual says how many keys that takes.
    """
    page.until(lambda: len(page.names()) == COUNT + 1)
    names = page.names()
    page.pressed = 0
    page.press(Keys.ENTER)
    for number, name in enumerate(names[:10]):
        page.until(lambda name=name: page.text("#photo-name") == name)
        page.wait_for_mask()
        if number % 3 == 0:
            page.press("a")
        elif number % 3 == 1:
            page.press("r")
            page.until(lambda: page.find("#question").is_displayed())
            page.press("1")
        else:
            page.press("b", *[Keys.ARROW_DOWN] * 6, Keys.SPACE, *[Keys.ARROW_RIGHT] * 6, Keys.SPACE)
            page.until(lambda: page.text("#photo-status") == "corrected")
            page.press("a")
    assert f"ten photos take {page.pressed} keys" in " ".join(MANUAL.read_text(encoding="utf-8").split())
    page.until(lambda: page.text("#progress-text") == f"10 of {COUNT} reviewed")
    expected = ["accepted", "rejected", "corrected"] * 3 + ["accepted"]
    page.until(lambda: [page.status_of(name) for name in names[:10]] == expected)
    page.press("g")
    page.until(lambda: page.js("return document.activeElement.id") == "grid")
    page.until(lambda: page.names() == names)


def test_the_map_shows_the_photos_and_leads_to_them(page):
    records = [record for record in page.results.records() if record.status == "done"]
    photos = tuple(
        SurveyPhoto(
            record,
            Position(48.0, 11.0 + number / 1000, "exif", "photo"),
            section=1,
            chainage_m=float(number),
        )
        for number, record in enumerate(records)
    )
    line = ((11.0, 48.0), (11.0 + COUNT / 1000, 48.0))
    section = Section(1, 0.0, 100.0, line, COUNT, length_m=1.5, pci=88.0)
    write_survey(page.results, Survey(photos, (section,), {}))
    page.open()
    assert page.find("#map-link").is_displayed()
    page.js("L.Map.addInitHook(function () { window.shownMap = this; })")
    page.press("m")
    page.until(lambda: "thick rim: reviewed" in page.text("#map-legend"))
    x, y = page.js(
        """const box = document.querySelector('#map').getBoundingClientRect();
        const place = shownMap.latLngToContainerPoint([48.0, 11.003]);
        return [box.left + place.x, box.top + place.y];"""
    )
    row = next(row for row in page.module(ROWS) if row["name"] == records[3].name)
    colour = page.module("return (await import('/page/words.js')).colourOf(args[0]);", row)
    red_green_blue = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    page.until(lambda: np.abs(page.picture()[round(y), round(x)].astype(int) - red_green_blue).max() < 8)
    actions = ActionChains(page.driver)
    actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    actions.w3c_actions.pointer_action.click()
    actions.perform()
    page.until(lambda: page.text("#photo-name") == records[3].name)
    page.wait_for_mask()
    page.press("m")
    page.until(lambda: page.js("return document.activeElement.id") == "map")
    page.press(Keys.ESCAPE)
    page.until(lambda: page.js("return document.activeElement.id") == "grid")


def test_a_photo_too_large_to_draw_on_is_seen_with_its_cracks_and_accepted(page, monkeypatch):
    monkeypatch.setattr(rows, "LARGEST_MASK", 100)
    page.open(f"photo/{page.number_of(NAME)}")
    assert "too large to draw on" in page.text("#photo-notes")
    assert not page.find("[data-tool=brush]").is_enabled()
    along = [(x, int(np.flatnonzero(model_mask(page)[:, x]).mean())) for x in range(20, 160, 20)]

    def reddish() -> bool:
        picture = page.picture().astype(int)
        seen = [picture[y, x] for x, y in (page.on_screen(*place) for place in along)]
        return all(red - green > 100 for red, green, _ in seen)

    page.until(reddish)
    page.press("b", " ")
    page.until(lambda: page.text("#said") == "This photo cannot be drawn on.")
    page.press("a")
    page.until(lambda: page.status_of(NAME) == "accepted")


def test_an_answer_to_another_mask_is_asked_for_again(page):
    """Detected in again with another model: the photo is open again, and says why."""
    write_correction(page.results, Correction(NAME, "accepted"))
    mask = page.results.path / "masks" / f"{NAME}.png"
    cv2.imwrite(str(mask), 255 - cv2.imread(str(mask), cv2.IMREAD_UNCHANGED))
    page.open(f"photo/{page.number_of(NAME)}")
    assert page.text("#photo-status") == "not reviewed"
    assert "look at it again" in page.text("#photo-notes")
    page.press("a")
    page.until(lambda: page.text("#progress-text") == f"1 of {COUNT} reviewed")
