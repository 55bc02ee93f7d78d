"""Places on a track at a time: between its points, beyond its ends, where it has gaps."""

import math

import numpy as np
import pytest
from tests.measure.tracks import START, bearing, straight

from upcracknet.errors import DataError
from upcracknet.measure.track import Track


def track(*segments) -> Track:
    return Track(tuple(np.array(segment, np.float64) for segment in segments))


def test_a_place_lies_between_two_recorded_points():
    """gpxpy gives the nearest point, and does not interpolate."""
    found = straight(90.0)
    first, second = found.segments[0][20, :2], found.segments[0][21, :2]
    latitude, longitude, course = found.at(START + 20.25)
    assert (latitude, longitude) == pytest.approx(tuple(0.75 * first + 0.25 * second), abs=1e-12)
    assert course == pytest.approx(90, abs=0.01)
    assert found.at(START)[:2] == pytest.approx((52, 13))


@pytest.mark.parametrize("start", [(-33.9, 18.4), (-33.9, 151.2), (40.7, -74.0), (-54.8, -68.3)])
def test_places_of_all_hemispheres(start):
    """North and east grow alike everywhere."""
    found = track([(*start, START), (start[0] + 2e-3, start[1] + 4e-3, START + 20)])
    latitude, longitude, course = found.at(START + 5)
    assert (latitude, longitude) == pytest.approx((start[0] + 5e-4, start[1] + 1e-3))
    assert course == pytest.approx(bearing(start, (start[0] + 2e-3, start[1] + 4e-3)), abs=0.3)


@pytest.mark.parametrize(("seconds", "longitude"), [(1.0, 179.9999), (2.0, 180.0), (3.0, -179.9999)])
def test_places_at_180_degrees(seconds, longitude):
    found = track([(-17, 179.9998, START), (-17, -179.9998, START + 4)]).at(START + seconds)
    assert found[0] == pytest.approx(-17)
    assert (found[1] - longitude + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
    assert -180 <= found[1] <= 180
    assert found[2] == pytest.approx(90, abs=0.01)


def test_points_may_be_out_of_order_or_double_or_without_times():
    points = straight(0.0).segments[0]
    shuffled = np.concatenate([points, np.add(points[10:20], (1, 1, 0)), points[5:9] * (1, 1, math.nan)])
    np.random.default_rng(0).shuffle(shuffled[61:])
    shuffled[:61] = shuffled[60::-1]
    found = track(shuffled)
    assert found.at(START + 15.5)[:2] == pytest.approx(straight(0.0).at(START + 15.5)[:2])
    assert found.span_s == (START, START + 60)


def test_segments_and_tracks_follow_each_other():
    points = straight(0.0).segments[0]
    found = track(points[30:], points[:28])
    assert len(found.pieces) == 1
    assert found.at(START + 28)[:2] == pytest.approx(tuple(points[28, :2]))


def test_two_receivers_at_the_same_time_are_not_mixed():
    there = straight(0.0).segments[0]
    found = track(there, np.add(there, (0.01, 0, 0.5)))
    assert found.at(START + 30.25)[:2] == pytest.approx(straight(0.0).at(START + 30.25)[:2])
    assert found.at(START + 60.5)[0] == pytest.approx(there[-1, 0] + 0.01)


def test_a_photo_in_a_tunnel_has_no_place():
    points = straight(0.0, 200).segments[0]
    for found in (track(points[:50], points[145:]), track([*points[:50], *points[145:]])):
        with pytest.raises(
            DataError, match=r"^the track has a gap of 96 s at the photo's time, 2024-05-01 10:01:40 UTC$"
        ):
            found.at(START + 100)
        assert found.at(START + 49)[:2] == pytest.approx(tuple(points[49, :2]))
        # No chord through the mountain.
        assert found.at(START + 49)[2] == pytest.approx(0, abs=0.01)
    assert track([*points[:50], *points[79:]]).at(START + 60)  # half a minute


def test_a_car_that_stands_has_no_gap():
    points = straight(0.0, 20).segments[0]
    later = np.add(points[10:], (0, 0, 600))
    found = track([*points[:10], *later])
    assert found.at(START + 300)[0] == pytest.approx((points[9, 0] + points[10, 0]) / 2, abs=1e-4)


@pytest.mark.parametrize("seconds", [-0.5, 60.5, -3600, 90_000])
def test_photos_outside_the_track_are_not_extrapolated(seconds):
    """mapillary_tools#448: they were set miles away."""
    with pytest.raises(
        DataError, match=r"outside the track, which is of 2024-05-01 10:00:00 UTC to 2024-05-01 10:01:00 UTC"
    ):
        straight(0.0).at(START + seconds)


def test_a_track_without_times_tells_no_places():
    timeless = track(straight(0.0).segments[0] * (1, 1, math.nan))
    with pytest.raises(DataError, match="points have no times"):
        timeless.at(START)
    assert timeless.span_s is None
    assert not timeless.covers(np.array([START])).any()


def test_the_course_is_that_of_the_track_not_of_its_last_step():
    """mapillary_tools#395: between two photos in a bend the chord is none of the road's directions."""
    angles = np.radians(np.arange(0, 181))  # a half circle of 100 m, counter-clockwise from its south
    north, east = -100 * np.cos(angles), 100 * np.sin(angles)
    points = np.stack([52 + north / 111_267, 13 + east / 68_678, START + np.arange(181)], axis=1)
    for degrees in (30, 90, 150):
        assert track(points).at(START + degrees)[2] == pytest.approx(
            90 - degrees if degrees <= 90 else 450 - degrees, abs=0.2
        )


def test_a_receiver_that_stands_has_a_place_and_no_course():
    assert straight(0.0, speed=0.01).at(START + 30)[2] is None


def test_which_times_a_track_covers():
    points = straight(0.0, 200).segments[0]
    found = track(points[:50], points[145:], np.add(points[20:30], (1, 0, 0.5)))
    seconds = np.arange(-5, 210, 0.25)
    covered = []
    for second in seconds:
        try:
            found.at(START + second)
            covered.append(True)
        except DataError:
            covered.append(False)
    assert found.covers(START + seconds).tolist() == covered
    assert 0 < sum(covered) < len(covered)
