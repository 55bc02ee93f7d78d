"""Tracks read from GPX files, the files that are none, and the courses that tracks tell."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.measure.tracks import START, gpx, point, straight

from upcracknet.errors import DataError
from upcracknet.measure.track import Track, nearest_place, step_along


def read(tmp_path, text: str | bytes) -> Track:
    file = tmp_path / "a.gpx"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Track.read(file)


@pytest.mark.parametrize("version", ["1/0", "1/1", None])
def test_points_and_times_are_read_from_every_version(tmp_path, version):
    text = gpx([point(52.5, 13.25, "2024-05-01T10:00:00.5Z"), point(52.6, 13.5)], version=version)
    (segment,) = read(tmp_path, text).segments
    expected = datetime(2024, 5, 1, 10, 0, 0, 500_000, UTC).timestamp()
    np.testing.assert_array_equal(segment, [[52.5, 13.25, expected], [52.6, 13.5, math.nan]])


def test_other_zones_and_encodings_are_read(tmp_path):
    text = gpx([point(1, 2, "2024-05-01T12:00:00+02:00"), point(1, 3, "2024-05-01T10:00:01Z")])
    (segment,) = read(tmp_path, text.encode("utf-16")).segments
    assert segment[:, 2].tolist() == [START, START + 1]


def test_pieces_are_not_joined_and_single_points_are_left_out(tmp_path):
    pair, single = [point(1, 2), point(1, 3)], [point(5, 5)]
    assert len(read(tmp_path, gpx(pair, single, pair)).segments) == 2


# Each entity is ten of the one before: the last is 2 PB of text.
ENTITY = "&e{};"
BOMB = (
    '<!DOCTYPE gpx [<!ENTITY e0 "ha">'
    + "".join(f"<!ENTITY e{i} '{10 * ENTITY.format(i - 1)}'>" for i in range(1, 16))
    + "]><gpx>&e15;</gpx>"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"cannot be read as GPX \(no element found"),
        ("\0\1\2 no text", "cannot be read as GPX"),
        (gpx([point(1, 2), point(1, 3)])[:-20], "cannot be read as GPX"),
        ('<?xml version="1.0" encoding="klingon"?><gpx/>', "cannot be read as GPX"),
        ("<kml></kml>", "is no GPX file"),
        ("<gpx></gpx>", "no track of two points or more"),
        (gpx([point(1, 2)]), "no track of two points or more"),
        (
            gpx([point(1, 2), point(1, 3)]).replace("trkpt", "rtept"),
            "routes and single places are not enough",
        ),
        (gpx(["<trkpt lon='1'/>", point(1, 2)]), "a point has lat None and lon '1'"),
        (gpx([point("north", 2), point(1, 3)]), "a point has lat 'north' and lon '2'"),
        (gpx([point(91, 2), point(1, 3)]), "up to 90"),
        (gpx([point("nan", 2), point(1, 3)]), "a point has lat 'nan'"),
        (gpx([point(1, 2, "2024-05-01T10:00:00"), point(1, 3)]), "time '2024-05-01T10:00:00'; expected UTC"),
        (gpx([point(1, 2, "yester\nday"), point(1, 3)]), r"time 'yester\\nday'; expected UTC"),
        (BOMB, "it has a document type, gpx, which no GPX needs"),
        ('<!DOCTYPE gpx SYSTEM "http://localhost/a.dtd"><gpx/>', "it has a document type, gpx"),
        ('<!DOCTYPE gpx [<!ENTITY f SYSTEM "file:///etc/passwd">]><gpx>&f;</gpx>', "it has a document type"),
    ],
)
def test_what_is_no_track_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, text)
    assert "a.gpx: " in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        Track.read(tmp_path / "none.gpx")
    with pytest.raises(DataError, match="cannot be read as GPX"):
        Track.read(tmp_path)


def bearing(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The great circle's initial bearing on a sphere."""
    (p, x), (q, y) = np.radians(a), np.radians(b)
    return (
        math.degrees(
            math.atan2(
                math.sin(y - x) * math.cos(q),
                math.cos(p) * math.sin(q) - math.sin(p) * math.cos(q) * math.cos(y - x),
            )
        )
        % 360
    )


@pytest.mark.parametrize("latitude", [0.0, 52.0, -35.0, 70.0])
@pytest.mark.parametrize("step", [(1e-4, 0.0), (0.0, 1e-4), (1e-4, 2e-4), (-2e-4, 1e-4), (-1e-4, -3e-4)])
def test_the_course_is_the_bearing_of_the_great_circle(latitude, step):
    places = [(latitude + k * step[0], 10 + k * step[1]) for k in range(13)]
    track = Track((np.array([(*place, START + 5 * k) for k, place in enumerate(places)]),))
    # A sphere is wrong by up to 0.2° against the ellipsoid.
    assert track.course_deg(START + 30) == pytest.approx(bearing(places[0], places[-1]), abs=0.2)
    assert track.course_deg(START + 32.5, places[6]) == pytest.approx(track.course_deg(START + 30), abs=0.01)


@pytest.mark.parametrize("seconds", [-25.0, 0.0, 0.3, 15.0, 59.9, 60.0, 85.0])
def test_a_straight_track_has_one_course_up_to_half_a_minute_beyond_its_ends(seconds):
    assert straight(30.0).course_deg(START + seconds) == pytest.approx(30, abs=0.01)


def test_the_track_is_followed_around_a_bend_and_points_may_be_out_of_order():
    north, east = straight(0.0, speed=4.0), straight(90.0, speed=4.0)
    there = north.segments[0]
    back = east.segments[0].copy()
    back[:, :2] += there[-1, :2] - back[0, :2]
    back[:, 2] += 60
    points = np.concatenate([there, back[1:]])
    np.random.default_rng(0).shuffle(points)
    track = Track((points,))
    assert track.course_deg(START + 30) == pytest.approx(0, abs=0.01)
    assert track.course_deg(START + 60) == pytest.approx(45, abs=0.1)
    assert track.course_deg(START + 90) == pytest.approx(90, abs=0.01)


def test_the_line_at_180_degrees_is_crossed():
    track = Track(
        (np.array([[10, 179.9999, START], [10, -179.9999, START + 2], [10, -179.9997, START + 4]]),)
    )
    assert track.course_deg(START + 1) == pytest.approx(90, abs=0.01)


def test_the_piece_of_the_photos_time_counts():
    first, second = straight(0.0), straight(90.0).segments[0].copy()
    second[:, 2] += 3600
    track = Track((*first.segments, second))
    assert track.course_deg(START + 30) == pytest.approx(0, abs=0.01)
    assert track.course_deg(START + 3630) == pytest.approx(90, abs=0.01)


def test_the_track_must_be_near_in_time_and_space():
    track = straight(0.0)
    with pytest.raises(
        DataError,
        match=r"no point within 30 s of the photo: that is of 2024-05-01 09:59:29 UTC, the track of "
        r"2024-05-01 10:00:00 UTC to 2024-05-01 10:01:00 UTC$",
    ):
        track.course_deg(START - 31)
    degree_m = 111_267  # of latitude, at 52°
    latitude, longitude = track.segments[0][30, :2]
    assert track.course_deg(START + 30, (latitude + 49 / degree_m, longitude)) == pytest.approx(0, abs=0.01)
    with pytest.raises(DataError, match="was 51 m from the photo's place at its time, expected at most 50 m"):
        track.course_deg(START + 30, (latitude + 51 / degree_m, longitude))


def test_tracks_without_times_and_without_movement_tell_no_course():
    timeless = straight(0.0).segments[0].copy()
    timeless[:, 2] = math.nan
    with pytest.raises(DataError, match="points have no times"):
        Track((timeless,)).course_deg(START)
    with pytest.raises(DataError, match="does not move by 10 m"):
        straight(0.0, speed=0.01).course_deg(START + 30)


def test_a_step_along_a_path():
    path = np.array([[-30, 0], [-20, 0], [-5, 0], [5, 0], [0, 12], [0, 90.0]])
    np.testing.assert_array_equal(step_along(path, 3), [20, 12])
    np.testing.assert_array_equal(step_along(path, 6), [0, -90])  # the path ends there
    np.testing.assert_array_equal(step_along(path, 0), path[0])
    assert step_along(np.array([[0, 11], [0, 0], [0, 11.0]]), 2) is None  # returns on itself
    assert step_along(path[2:4], 1) is None


def test_the_nearest_place_of_a_path():
    path = np.array([[-9, 4], [-3, 4], [-3, 4], [5, 4], [5, 20.0]])
    place, passed = nearest_place(path)
    np.testing.assert_allclose(place, [0, 4], atol=1e-12)
    assert passed == 3
    place, passed = nearest_place(path[:2])
    np.testing.assert_allclose(place, [-3, 4])
    assert passed == 1


# Places by time


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
