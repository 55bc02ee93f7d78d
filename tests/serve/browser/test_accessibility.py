"""Names for screen readers, contrast, the keyboard, no colours alone, and nothing from outside."""

import re
from pathlib import Path

import pytest
from tests.serve.browser.pages import NAME

MANUAL = Path(__file__).parents[3] / "docs" / "review.md"
LEAST_CONTRAST = 4.5
"""Of text and its ground: WCAG 2.2, success criterion 1.4.3, level AA."""

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
VIEWS = ("photos", "photo", "question", "help")


@pytest.fixture(params=SIZES)
def sized(request, page):
    width, height = SIZES[request.param]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": request.param == "phone"}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield page
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def show(page, view: str) -> None:
    if view == "photos":
        page.until(lambda: page.names())
        return
    page.open(f"photo/{page.number_of(NAME)}")
    if view in ("question", "help"):
        page.press({"question": "r", "help": "?"}[view])
        page.until(lambda: page.find(f"#{view}").is_displayed())


CONTRASTS = """
const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
const light = (colour) => colour.slice(0, 3).map((value) => value / 255)
  .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour[3] === 1) return colour;
  }
  return [255, 255, 255, 1];
};
const wrong = [];
let count = 0;
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !seen(element) || element.matches(':disabled')) continue;
  if (element.closest('.unseen, option, script')) continue;
  const ink = parse(getComputedStyle(element).color);
  const [one, other] = [light(ink), light(ground(element))].sort((a, b) => b - a);
  const contrast = (one + 0.05) / (other + 0.05);
  count++;
  if (contrast < arguments[0]) wrong.push([element.outerHTML.slice(0, 80), contrast]);
}
return [count, wrong];
"""


def test_all_text_stands_out_from_its_ground(sized):
    for view in VIEWS:
        show(sized, view)
        count, wrong = sized.js(CONTRASTS, LEAST_CONTRAST)
        assert count > 10
        assert not wrong, view


def test_the_check_of_contrast_finds_pale_text(page):
    page.js("document.querySelector('#progress-text').style.color = '#999'")
    assert len(page.js(CONTRASTS, LEAST_CONTRAST)[1]) == 1


def test_everything_that_can_be_used_has_a_name_and_a_role(page):
    """By the browser's own accessibility tree, as a screen reader gets it."""
    used = {
        *("button", "link", "textbox", "searchbox", "combobox", "slider", "checkbox", "listbox", "option"),
        *("dialog", "application", "progressbar", "toolbar", "region", "navigation"),
    }
    for view in VIEWS:
        show(page, view)
        nodes = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        of_page = [node for node in nodes if not node.get("ignored")]
        named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in of_page]
        without = [role for role, name in named if role in used and not name.strip()]
        assert not without, view
        assert sum(role in used for role, _ in named) >= 3


def test_what_happens_is_said(page):
    page.open(f"photo/{page.number_of(NAME)}")
    page.press("b", " ")
    page.until(lambda: page.text("#said").startswith("Line begins at"))
    page.press(" ")
    page.until(lambda: page.text("#said").startswith("Line ends at"))
    page.until(lambda: page.text("#saving-text") == "Saved" and page.text("#photo-status") == "corrected")
    assert page.find("#said").aria_role == page.find("#saving-text").aria_role == "status"


def test_the_focus_is_seen(page):
    for selector in ("#order", "nav a", "[data-act='help']"):
        page.js("document.querySelector(arguments[0]).focus({ focusVisible: true })", selector)
        assert page.find(selector).value_of_css_property("outline-style") == "solid", selector


def test_a_status_has_a_sign_and_a_word(page):
    """Colours alone tell nothing: each severity and answer has its word, each answer its sign."""
    page.until(lambda: page.names())
    for cell in page.driver.find_elements("css selector", ".cell"):
        severity, answer = (fact.text for fact in cell.find_elements("css selector", ".facts"))
        sign = cell.find_element("css selector", ".badge use").get_attribute("href")
        assert re.match(r"(low|medium|high|cannot be graded), [\d.]+ m|no cracks|could not be used", severity)
        assert (sign, answer.split("\n")[0]) in (("#icon-open", "not reviewed"), ("#icon-failed", "failed"))


def test_single_letters_can_be_turned_off(page):
    page.open(f"photo/{page.number_of(NAME)}")
    page.press("?")
    page.find("#single-keys").click()
    page.find("#help .close").click()
    page.js("document.querySelector('#canvas').focus()")
    page.press("b")
    assert page.find("[data-tool=brush]").get_attribute("aria-pressed") == "false"
    page.find("[data-act=help]").click()
    page.find("#single-keys").click()
    page.find("#help .close").click()


def test_the_manual_names_the_keys_that_the_help_names(page):
    page.press("?")
    help_rows = page.js(
        """return [...document.querySelectorAll('#help-tables tr')].map((row) =>
        [[...row.querySelectorAll('kbd')].map((key) => key.textContent),
         row.querySelector('td').textContent])"""
    )
    written = re.findall(r"^\| (`.+`) \| (.+?) \|$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert [[re.findall(r"`([^`]+)`", keys), text] for keys, text in written] == help_rows


def test_nothing_is_loaded_from_outside_and_no_script_stands_in_the_page(page):
    page.open(f"photo/{page.number_of(NAME)}")
    loaded = page.js("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(loaded) > 10
    assert all(address.startswith((page.address, "blob:", "data:")) for address in loaded)
    source = page.driver.page_source
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|javascript:", source)
    page.js(
        """const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);"""
    )
    assert page.js("return window.ran") is None
    page.driver.get_log("browser")  # that the script was refused is in it


def test_those_who_want_no_motion_get_none(page):
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    page.until(lambda: page.names())
    assert page.find(".cell").value_of_css_property("transition-duration") == "0s"
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
