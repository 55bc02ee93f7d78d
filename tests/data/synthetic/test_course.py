from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.special import j0

from upcracknet.data.synthetic.course import Course
from upcracknet.measure.track import Track


def test_a_winding_road_is_as_long_as_its_chainage_says():
    """Swinging by 40° about north it gains J0(40°) of its length in a period; 1° at 45° is 111,131.75 m."""
    course = Course(latitude=45.0, longitude=7.0, heading_deg=0.0)
    start, end = course.places(np.array([0.0, 400.0]))
    assert (end[0] - start[0]) * 111_131.75 == pytest.approx(400 * j0(np.radians(40)), rel=1e-4)
    assert end[1] == pytest.approx(start[1], abs=1e-7)
    assert np.cos(np.radians([start[2], end[2]])) == pytest.approx([1, 1])


def test_a_road_to_the_east_is_shorter_in_degrees_nearer_to_the_equator():
    """1° of longitude is 111,319.49 m at the equator, and 78,846.81 m at 45° (WGS 84)."""
    for latitude, degree_m in ((0.0, 111_319.49), (45.0, 78_846.81)):
        start, end = Course(latitude=latitude, longitude=-70.0, heading_deg=90.0).places(
            np.array([0.0, 400.0])
        )
        assert (end[1] - start[1]) * degree_m == pytest.approx(400 * j0(np.radians(40)), rel=1e-4)


def test_a_road_crosses_the_date_line_in_the_south():
    course = Course(latitude=-16.8, longitude=179.999, heading_deg=90.0)
    places = course.places(np.arange(0.0, 400.0, 10.0))
    assert (np.abs(places[:, 1]) <= 180).all()
    assert places[0, 1] > 0 > places[-1, 1]
    assert (np.diff(places[:, 1] % 360) > 0).all()
    assert (places[:, 0] < -16).all()


def test_a_receiver_records_a_point_each_second_until_the_end(tmp_path):
    course = Course(begins=datetime(2025, 5, 6, 23, 59, 50, tzinfo=UTC), speed_m_per_s=10.0)
    (tmp_path / "track.gpx").write_bytes(course.gpx(205.0))
    (points,) = Track.read(tmp_path / "track.gpx").segments
    assert np.array_equal(points[:, 2] - course.begins.timestamp(), np.arange(22))
    assert points[:, :2] == pytest.approx(course.places(np.arange(22) * 10.0)[:, :2], abs=1e-8)
    assert (course.time(205.0) - course.begins).total_seconds() == 20.5
