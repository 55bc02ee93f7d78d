"""The strip below a picture of cracks: totals, scale bar, and what each colour means."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from upcracknet.measure.networks import NetworkKind
from upcracknet.measure.records import Crack
from upcracknet.measure.severity import NOT_GRADED, Standard

Colour = tuple[int, int, int]

INK: Colour = (25, 25, 25)
PAPER: Colour = (255, 255, 255)
_FAINT: Colour = (95, 95, 95)

SEVERITY_COLOURS: tuple[Colour, Colour, Colour] = (255, 225, 40), (245, 130, 0), (190, 0, 30)
"""Of a standard's three severities, mildest first. They differ in lightness, so that they can be told apart
without telling red from green."""

NOT_GRADED_COLOUR: Colour = (90, 190, 255)
NO_SCALE_COLOUR: Colour = (0, 110, 200)
JOINT_COLOUR: Colour = (200, 208, 216)
ORDER = (*reversed(SEVERITY_COLOURS), NOT_GRADED_COLOUR, NO_SCALE_COLOUR, JOINT_COLOUR)
"""Of cracks in the legend; lines are drawn in the reverse one."""

NETWORK_COLOURS: dict[NetworkKind, Colour] = {
    "alligator": (190, 70, 160),
    "block": (0, 150, 110),
    "network": (190, 70, 160),
}

TITLE_PX, TEXT_PX, NOTE_PX = 36, 26, 20
"""Heights of the letters: a picture 1600 pixels wide is read at half its size on most screens."""

_MARGIN, _SAMPLE = 24, 44
_GAP = 36.0  # between entries
_LONGEST_BAR = 0.25  # of the strip
_ROUND = 1.0, 2.0, 5.0

_PLAIN = str.maketrans({"×": "x", "–": "-", "²": "2"})
"""Pillow's own font lacks these signs."""


@dataclass(frozen=True)
class Look:
    """How one class of things is drawn.

    Attributes:
        colour: RGB.
        text: what the legend says of it.
        shape: a line, a dashed line, or an area that lets the photo through.
    """

    colour: Colour
    text: str
    shape: Literal["line", "dashes", "area"] = "line"


def look_of(crack: Crack, standard: Standard, has_scale: bool) -> Look:
    """Choose how a crack is drawn.

    Args:
        crack: with its class and severity.
        standard: the one that graded it.
        has_scale: whether the photo has a scale; a crack without millimetres lies beyond it then.
    """
    if crack.kind == "joint":
        return Look(JOINT_COLOUR, "joint, not counted", "dashes")
    if crack.severity == NOT_GRADED:
        return Look(NOT_GRADED_COLOUR, "cannot be graded: below 3 pixels wide")
    if crack.severity is None:
        why = (
            "reaches beyond the scale: not graded, not in the metres"
            if has_scale
            else "crack, not graded: no scale"
        )
        return Look(NO_SCALE_COLOUR, why)
    place = standard.severities.index(crack.severity)
    low, high = f"{standard.low_below_mm:g}", f"{standard.high_above_mm:g}"
    first = f"up to {low} mm" if standard.limit_is_low else f"below {low} mm"
    limits = (first, f"{low} to {high} mm", f"above {high} mm")[place]
    return Look(SEVERITY_COLOURS[place], f"{crack.severity}: {limits}")


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load the font of all texts, with letters of so many pixels."""
    return ImageFont.load_default(size)


def plain(text: str) -> str:
    """Write a text with the signs that the font has."""
    return text.translate(_PLAIN)


def round_length(longest: float) -> float:
    """Find the greatest of 1, 2, 5, 10, 20, 50 … (and 0.5, 0.2 …) that is not above a length.

    Args:
        longest: above 0.
    """
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in _ROUND if step * power <= longest)


def draw_strip(
    width: int, title: str, looks: Sequence[Look], notes: Sequence[str], millimetres_per_pixel: float | None
) -> UInt8[np.ndarray, "h w 3"]:
    """Draw the strip.

    Args:
        width: in pixels; texts that are longer are broken into rows.
        title: the totals, in large letters.
        looks: what the legend explains, in order.
        notes: sentences in small letters.
        millimetres_per_pixel: of the picture, for the scale bar; None draws none.
    """
    room = float(width - 2 * _MARGIN)
    text_font, note_font = font(TEXT_PX), font(NOTE_PX)
    entries = _flow([_SAMPLE + 12 + text_font.getlength(look.text) for look in looks], _GAP, room)
    words = [word for note in notes for word in plain(note).split()]
    in_notes = _flow([note_font.getlength(word) for word in words], note_font.getlength(" "), room)
    legend_top = _MARGIN + TITLE_PX + 24
    notes_top = legend_top + _rows(entries) * round(1.5 * TEXT_PX) + (8 if looks else 0)
    strip = Image.new("RGB", (width, notes_top + _rows(in_notes) * round(1.4 * NOTE_PX) + _MARGIN - 8), PAPER)
    draw = ImageDraw.Draw(strip)
    title_font = font(TITLE_PX)
    draw.text((_MARGIN, _MARGIN + TITLE_PX / 2), title, INK, title_font, anchor="lm")
    if millimetres_per_pixel is not None:
        longest = min(_LONGEST_BAR * width, room - title_font.getlength(title) - _GAP)
        _draw_bar(draw, width - _MARGIN, longest, millimetres_per_pixel)
    for look, (left, row) in zip(looks, entries, strict=True):
        middle = legend_top + (row + 0.5) * round(1.5 * TEXT_PX)
        _draw_sample(draw, look, _MARGIN + round(left), round(middle))
        draw.text((_MARGIN + left + _SAMPLE + 12, middle), look.text, INK, text_font, anchor="lm")
    for word, (left, row) in zip(words, in_notes, strict=True):
        middle = notes_top + (row + 0.5) * round(1.4 * NOTE_PX)
        draw.text((_MARGIN + left, middle), word, _FAINT, note_font, anchor="lm")
    return np.array(strip)


def _flow(lengths: Sequence[float], gap: float, room: float) -> list[tuple[float, int]]:
    """Left end and row of each of many things side by side, in rows that are not longer than the room."""
    places, left, row = list[tuple[float, int]](), 0.0, 0
    for length in lengths:
        if left and left + length > room:
            left, row = 0.0, row + 1
        places.append((left, row))
        left += length + gap
    return places


def _rows(places: list[tuple[float, int]]) -> int:
    return places[-1][1] + 1 if places else 0


def _draw_bar(draw: ImageDraw.ImageDraw, right: int, longest: float, millimetres_per_pixel: float) -> None:
    """The scale bar beside the title; it ends left of ``right``."""
    length = round_length(longest * millimetres_per_pixel)
    unit, size = next((each for each in (("m", 1000), ("cm", 10)) if length >= each[1]), ("mm", 1))
    pixels = round(length / millimetres_per_pixel)
    bottom = _MARGIN + TITLE_PX
    draw.rectangle((right - pixels, bottom - 7, right - 1, bottom), fill=INK)
    draw.text((right - pixels / 2, bottom - 13), f"{length / size:g} {unit}", INK, font(TEXT_PX), anchor="mb")


def _draw_sample(draw: ImageDraw.ImageDraw, look: Look, left: int, middle: int) -> None:
    """A piece of what a look stands for."""
    if look.shape == "area":
        box = left, middle - 12, left + _SAMPLE - 1, middle + 12
        pale = tuple(round(0.3 * value + 0.7 * 255) for value in look.colour)
        draw.rectangle(box, fill=pale, outline=look.colour, width=3)
        return
    pieces = [(0, _SAMPLE)] if look.shape == "line" else [(0, 12), (16, 28), (32, _SAMPLE)]
    for start, end in pieces:
        box = left + start, middle - 6, left + end - 1, middle + 5
        draw.rectangle(box, fill=look.colour, outline=INK, width=2)
