"""Receivers that were wrong for a moment: no photo is placed at the other end of the earth."""

import numpy as np
import pytest

from upcracknet.errors import DataError
from upcracknet.measure.track import Track

METRES_PER_DEGREE = 111_132.95
"""Of latitude at 45 degrees, on the WGS 84 ellipsoid."""


def drive(**far: float) -> Track:
    """20 s to the north at 10 m a second; ``at_7=30`` puts the point of second 7 30 degrees to the east."""
    seconds = np.arange(20.0)
    points = np.stack([45 + 10 * seconds / METRES_PER_DEGREE, np.full(20, 7.0), seconds], 1)
    for name, degrees in far.items():
        points[int(name.removeprefix("at_")), 1] += degrees
    return Track((points,))


@pytest.mark.parametrize("degrees", [0.004, 30.0, -170.0])  # 315 m and more
def test_a_single_point_far_away_does_not_count(degrees):
    track = drive(at_7=degrees)
    for seconds in (6.5, 7.0, 7.5):
        latitude, longitude, course = track.at(seconds)
        assert latitude == pytest.approx(45 + 10 * seconds / METRES_PER_DEGREE, abs=1e-8)
        assert longitude == pytest.approx(7, abs=1e-8)
        assert course == pytest.approx(0, abs=0.1)


def test_where_more_points_are_far_away_there_is_a_gap():
    track = drive(at_7=30, at_8=30)
    with pytest.raises(DataError, match="gap of 1 s at the photo's time"):
        track.at(6.5)
    assert track.at(9.5)[1] == pytest.approx(7)


def test_a_train_is_no_leap():
    """100 m a second, 360 km/h."""
    seconds = np.arange(20.0)
    points = np.stack([45 + 100 * seconds / METRES_PER_DEGREE, np.full(20, 7.0), seconds], 1)
    assert len(Track((points,)).pieces) == 1
