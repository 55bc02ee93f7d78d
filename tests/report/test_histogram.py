import numpy as np
import pytest

from upcracknet.report.figures import Box
from upcracknet.report.histogram import MOST_BARS, Bars, histogram
from upcracknet.report.language import Language
from upcracknet.report.tally import Widths

ENGLISH = Language.of("en")


def widths(*cracks: tuple[float, float]) -> Widths:
    sums = Widths()
    for width, length in cracks:
        sums.add(width, width, length)
    return sums


def test_no_length_is_lost_and_bars_are_at_the_right_width():
    cracks = [(0.2, 1.0), (3.9, 4.0), (4.0, 2.0), (11.0, 3.0)]
    bars = Bars.of(widths(*cracks))
    assert bars.step == 0.5
    assert bars.lengths.sum() == pytest.approx(10.0)
    assert {place * 0.5: length for place, length in enumerate(bars.lengths) if length} == {
        0.0: 1.0, 3.5: 4.0, 4.0: 2.0, 11.0: 3.0,
    }  # fmt: skip
    assert not bars.is_open


def test_a_few_very_wide_cracks_share_the_last_bar():
    bars = Bars.of(widths((2.0, 1000.0), (150.0, 1.0), (1e6, 1.0)))
    assert len(bars.lengths) <= MOST_BARS
    assert bars.is_open
    assert bars.lengths[-1] == pytest.approx(1002.0)
    assert bars.ranges(ENGLISH)[-1] == "2.0 and more"


@pytest.mark.parametrize("widest", [0.3, 5.0, 11.9, 12.1, 60.0, 190.0])
def test_there_are_never_too_many_bars(widest):
    spread = np.linspace(0.1, widest, 500)
    bars = Bars.of(widths(*((float(width), 1.0) for width in spread)))
    assert 1 <= len(bars.lengths) <= MOST_BARS
    assert bars.lengths.sum() == pytest.approx(500)
    assert len(bars.ranges(ENGLISH)) == len(bars.lengths)


def test_bars_are_as_tall_as_their_lengths():
    bars = Bars.of(widths((1.2, 3.0), (2.2, 6.0)))
    figure = histogram(bars, ENGLISH, "mean width (mm)", "length (m)", "widths", [(2.0, "medium from 2 mm")])
    low, high = sorted(shape.height for shape in figure.shapes if isinstance(shape, Box) and shape.height)
    assert high == pytest.approx(2 * low)
    assert "medium from 2 mm" in [getattr(shape, "text", "") for shape in figure.shapes]


def test_limits_of_classes_are_written_as_they_are():
    bars = Bars.of(widths((1.0, 1.0), (29.9, 99.0)))
    assert bars.step == 2.5
    assert bars.ranges(ENGLISH)[:3] == ["0.0 – 2.5", "2.5 – 5.0", "5.0 – 7.5"]
