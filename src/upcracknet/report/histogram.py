"""The histogram of widths: length of crack by mean width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.legend import round_length
from upcracknet.report.colours import BARS, css
from upcracknet.report.figures import FAINT, GRID, INK, Box, Figure, Label, Line, Shape
from upcracknet.report.language import Language
from upcracknet.report.tally import BIN, Widths

MOST_BARS = 24

_WIDTH, _HEIGHT = 720.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 12.0, 30.0, 48.0
_COVERED = 0.99  # of the length lies in bars of their own; the rest shares the last one


@dataclass(frozen=True)
class Bars:
    """Lengths of crack in even classes of width.

    Attributes:
        step: breadth of a class.
        lengths: length in each; the last one holds all wider cracks too.
        is_open: whether the last one holds any wider than its own breadth.
    """

    step: float
    lengths: Float64[np.ndarray, " bars"]
    is_open: bool

    @classmethod
    def of(cls, widths: Widths) -> "Bars":
        """Choose classes that show nearly all of the length in at most 24 bars."""
        total = np.cumsum(widths.lengths)
        last = int(np.searchsorted(total, _COVERED * total[-1])) + 1
        # 1, 2, 5, 10 … of the finest classes.
        steps = (factor * 10**power for power in range(4) for factor in (1, 2, 5))
        joined = next(step for step in steps if math.ceil(last / step) <= MOST_BARS)
        count = math.ceil(last / joined)
        lengths = np.add.reduceat(widths.lengths, np.arange(0, len(widths.lengths), joined))
        beyond = float(lengths[count:].sum())
        lengths = lengths[:count].copy()
        lengths[-1] += beyond
        return cls(joined * BIN, lengths, beyond > 0)

    def ranges(self, language: Language) -> list[str]:
        """Write the range of each class."""
        digits = 0 if self.step % 1 == 0 else 1
        edges = [language.number(place * self.step, digits) for place in range(len(self.lengths) + 1)]
        rows = [f"{low} – {high}" for low, high in pairwise(edges)]
        if self.is_open:
            rows[-1] = language.text("widths.more", low=edges[-2])
        return rows


def histogram(
    bars: Bars, language: Language, across: str, up: str, title: str, limits: Sequence[tuple[float, str]] = ()
) -> Figure:
    """Draw the bars.

    Args:
        bars: lengths in classes.
        language: of the numbers.
        across: what the horizontal axis shows, with its unit.
        up: what the vertical axis shows, with its unit.
        title: what it is, in words.
        limits: widths at which a severity begins, and what to write there.
    """
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    step = (right - _LEFT) / len(bars.lengths)
    tallest = float(bars.lengths.max())
    tick = round_length(tallest / 3)
    rise = (floor - _TOP) / (tick * math.ceil(tallest / tick))
    digits = max(0, -math.floor(math.log10(tick)))
    shapes: list[Shape] = []
    for number in range(math.ceil(tallest / tick) + 1):
        y = floor - number * tick * rise
        shapes.append(Line(((_LEFT, y), (right, y)), GRID, 1.0))
        shapes.append(Label(_LEFT - 6, y + 4, language.number(number * tick, digits), "end", colour=FAINT))
    for place, length in enumerate(bars.lengths):
        tall = float(length) * rise
        shapes.append(Box(_LEFT + place * step + 1, floor - tall, step - 2, tall, css(BARS)))
    every = math.ceil(len(bars.lengths) / 12)
    digits = 0 if bars.step * every >= 1 and (bars.step * every) % 1 == 0 else 1
    for place in range(0, len(bars.lengths) + 1, every):
        x = _LEFT + place * step
        shapes.append(Line(((x, floor), (x, floor + 4)), INK, 1.0))
        text = language.number(place * bars.step, digits)
        shapes.append(Label(x, floor + 18, text, "middle", colour=FAINT))
    for width, text in limits:
        x = _LEFT + width / bars.step * step
        if x < right:
            shapes.append(Line(((x, _TOP - 6), (x, floor)), INK, 1.2, is_dashed=True))
            is_late = x > (_LEFT + right) / 2
            shapes.append(Label(x - 5 if is_late else x + 5, _TOP - 10, text, "end" if is_late else "start"))
    shapes.append(Line(((_LEFT, floor), (right, floor)), INK, 1.0))
    shapes.append(Label((_LEFT + right) / 2, _HEIGHT - 8, across, "middle", 13.0))
    shapes.append(Label(4.0, 14.0, up, "start", 13.0))
    return Figure(_WIDTH, _HEIGHT, tuple(shapes), title)
