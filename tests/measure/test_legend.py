"""What the legend says, in letters that the font has."""

from dataclasses import replace

import numpy as np
import pytest

from upcracknet.measure import Scale, measure_cracks
from upcracknet.measure.legend import PAPER, Look, draw_strip, font, look_of, plain, round_length
from upcracknet.measure.severity import NOT_GRADED, STANDARDS

CRACK = measure_cracks(np.eye(50, dtype=bool))[0]


def look(
    severity: str | None, standard: str = "astm-d6433", kind: str = "diagonal", has_scale: bool = True
) -> Look:
    return look_of(replace(CRACK, severity=severity, kind=kind), STANDARDS[standard], has_scale)


@pytest.mark.parametrize(
    ("standard", "severity", "text"),
    [
        ("astm-d6433", "low", "low: below 10 mm"),
        ("astm-d6433", "medium", "medium: 10 to 75 mm"),
        ("astm-d6433", "high", "high: above 75 mm"),
        ("fhwa-ltpp", "low", "low: up to 6 mm"),
        ("fhwa-ltpp", "moderate", "moderate: 6 to 19 mm"),
        ("fhwa-ltpp", "high", "high: above 19 mm"),
        ("fhwa-ltpp", NOT_GRADED, "cannot be graded: below 3 pixels wide"),
    ],
)
def test_severities_with_the_limits_of_the_standard(standard, severity, text):
    assert look(severity, standard).text == text


def test_what_has_no_severity_says_why():
    assert look(None, has_scale=False).text == "crack, not graded: no scale"
    assert look(None).text.startswith("reaches beyond the scale")
    assert look(None, kind="joint").shape == "dashes"


def test_severities_differ_without_colour():
    """Relative luminance (WCAG 2.2): each is at least 1.5 times as light as the next."""
    colours = [np.array(look(severity).colour) for severity in ("low", "medium", "high")]
    linear = [(colour / 255) ** 2.2 @ (0.2126, 0.7152, 0.0722) for colour in colours]
    assert linear[0] > 1.5 * linear[1] and linear[1] > 1.5 * linear[2]


@pytest.mark.parametrize(
    ("longest", "expected"), [(399.0, 200), (200.0, 200), (99.9, 50), (1.0, 1), (0.7, 0.5), (7e5, 5e5)]
)
def test_round_lengths(longest, expected):
    assert round_length(longest) == pytest.approx(expected)


def test_the_font_has_all_signs():
    corners = [(10.0, 10.0), (900.0, 10.0), (900.0, 700.0), (10.0, 700.0)]
    source = Scale.from_rectangle(corners, 1200.0, 800.0, (900, 1200), "a–b.jpg").source
    letters = font(24)
    missing = bytes(letters.getmask("\uffff"))
    texts = [plain(source), "±5 %.", *(plain(standard.title) for standard in STANDARDS.values())]
    assert bytes(letters.getmask("×")) == missing  # else plain() is not needed
    assert not [sign for sign in "".join(texts) if bytes(letters.getmask(sign)) == missing]


def test_long_texts_are_broken_into_rows():
    looks = [Look((200, 0, 0), "a class of cracks with a long name")] * 5
    short, long = (draw_strip(1000, "3 cracks", looks, ["word " * count], 1.0) for count in (1, 100))
    assert long.shape[0] > short.shape[0] + 50
    assert (long[:, -20:] == PAPER).all() and (long[-10:] == PAPER).all()


def test_the_bar_leaves_room_for_a_long_title():
    title = "12345 cracks, 123456.78 m in all, 321 joints"
    with_bar, without = (draw_strip(1000, title, [], [], scale) for scale in (1.0, None))
    changed = np.flatnonzero((with_bar != without).any(axis=(0, 2)))
    written = np.flatnonzero((without != 255).any(axis=(0, 2)))
    assert changed.min() > written.max()
