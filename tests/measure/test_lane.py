import numpy as np
import pytest
from tests.measure.drawn import Slanted, Uniform, crack, line, wavy

from upcracknet.errors import ConfigurationError
from upcracknet.measure.classes import classify
from upcracknet.measure.frame import Direction, Frame
from upcracknet.measure.lane import ZONES, Lane, summarise_zones

FRAME = Frame(600, 400, Uniform(10.0))
LANE = Lane((25.0, 500.0), (375.0, 100.0), FRAME)
"""3.5 m wide, its middle at x = 200; wheel paths from 62.5 to 162.5 and from 237.5 to 337.5."""


@pytest.mark.parametrize(
    ("x", "zone"),
    [
        (20, None),
        (26, "left edge"),
        (62, "left edge"),
        (63, "left wheel path"),
        (162, "left wheel path"),
        (163, "centre"),
        (200, "centre"),
        (238, "right wheel path"),
        (337, "right wheel path"),
        (338, "right edge"),
        (375, "right edge"),
        (376, None),
    ],
)
def test_zones_of_a_lane(x, zone):
    """AASHTO R 85: wheel paths 1 m wide that begin 0.375 m from the lane's middle."""
    assert LANE.width_mm == pytest.approx(3500)
    (number,) = LANE.zones_of(np.array([[x, 300.0]]))
    assert (None if number < 0 else ZONES[number]) == zone


def test_left_and_right_are_as_given():
    turned = Lane(LANE.right, LANE.left, FRAME)
    assert [ZONES[number] for number in turned.zones_of(np.array([[30.0, 0.0], [300.0, 0.0]]))] == [
        "right edge",
        "left wheel path",
    ]


def test_a_lane_across_the_photo():
    frame = Frame(400, 600, Uniform(10.0), Direction(0.0))
    lane = Lane((10.0, 25.0), (500.0, 375.0), frame)
    assert ZONES[lane.zones_of(np.array([[300.0, 100.0]]))[0]] == "left wheel path"


def test_a_lane_in_a_slanted_photo():
    scale = Slanted()
    left, right = scale.to_photo(np.array([[200.0, 1000.0], [3800.0, 5000.0]]))
    lane = Lane(tuple(map(float, left)), tuple(map(float, right)), Frame(300, 400, scale))
    assert lane.width_mm == pytest.approx(3600, rel=0.01)
    places = scale.to_photo(np.array([[1200.0, 700.0], [1200.0, 8000.0], [2000.0, 4000.0]]))
    assert [ZONES[number] for number in lane.zones_of(places)] == ["left wheel path"] * 2 + ["centre"]


def test_a_summary_sums_lengths_and_averages_widths():
    cracks = [
        crack(wavy((100, 100), (100, 300), 1, 1.0), width=4.0),
        crack(wavy((110, 400), (110, 500), 2, 1.0), width=10.0),
        crack(wavy((30, 200), (370, 200), 3, 1.0), width=6.0),
        crack(line((180, 300), (220, 340)), width=3.0),
        crack(wavy((10, 100), (10, 300), 4, 1.0), width=4.0),
    ]
    rows = summarise_zones(classify(cracks, FRAME).portions, LANE)
    found = {(row.crack_class, row.zone): (row.length_mm, row.width_mean_mm) for row in rows}
    assert list(found) == [("longitudinal", "left wheel path"), ("transverse", None), ("other", "centre")]
    length, width = found["longitudinal", "left wheel path"]
    assert length == pytest.approx(3000, rel=0.05)
    assert width == pytest.approx((2 * 40 + 100) / 3, rel=0.02), "weighted by length"
    assert found["transverse", None] == pytest.approx((3400, 60), rel=0.05)
    assert found["other", "centre"] == pytest.approx((400 * 2**0.5, 30), rel=0.02)


def test_lanes_that_are_none():
    with pytest.raises(ConfigurationError, match=r"2\.00 m wide; expected at least 2\.75 m"):
        Lane((100.0, 0.0), (300.0, 0.0), FRAME)
    for frame in (Frame(600, 400), Frame(600, 400, Uniform(10.0), None)):
        with pytest.raises(ConfigurationError, match="a scale and a driving direction"):
            Lane((25.0, 0.0), (375.0, 0.0), frame)
