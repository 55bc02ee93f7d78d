"""Tracks read from GPX files, the files that are none, and the courses that tracks tell."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.measure.tracks import START, bearing, gpx, point, straight

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


def test_a_receiver_without_a_fix_is_nowhere(tmp_path):
    """It writes 0, 0; the photos of then take their own places."""
    found = read(tmp_path, gpx([point(0, 0), point("0.0", "-0"), point(1, 2), point(1, 3)]))
    assert [segment[:, :2].tolist() for segment in found.segments] == [[[1, 2], [1, 3]]]
    with pytest.raises(DataError, match="has no track of two points or more"):
        read(tmp_path, gpx([point(0, 0), point(0, 0), point(1, 2)]))
