"""Where photos are: which source counts, what the coordinates of cracks mean, and what is said."""

import pytest
from tests.measure.photos import G, place, write_photo
from tests.measure.tracks import START, straight
from tests.survey.noted_photos import HERE, at, clock, noted
from tests.survey.places import record_of

from upcracknet.errors import ConfigurationError
from upcracknet.measure.track import Track
from upcracknet.survey.positions import locate


def test_photos_lie_where_the_track_was_at_the_time_of_their_exif(survey):
    """mapillary_tools#441, #444: times of photos did not count, and all lay where the track begins."""
    track = straight(30.0)
    photos, notes = survey(at(3.5), at(10), at(42.25), track=track)
    for photo, seconds in zip(photos, (3.5, 10, 42.25), strict=True):
        found = photo.position
        share = seconds / 60
        expected = (1 - share) * track.segments[0][0, :2] + share * track.segments[0][-1, :2]
        assert (found.latitude, found.longitude) == pytest.approx(tuple(expected), abs=1e-9)
        assert found.course_deg == pytest.approx(30, abs=0.01)
        assert found.heading_deg is None
        assert (found.source, found.quality) == ("gpx", "photo")
        assert found.time.timestamp() == pytest.approx(START + seconds)
    assert "3 of 3 photos have a place: 3 by the track." in notes
    assert (
        "Photos 2024-05-01 10:00:03 to 10:00:42 UTC, track 2024-05-01 10:00:00 to 10:01:00 UTC; "
        "3 of 3 photos on the track." in notes
    )


def test_photos_outside_the_track_fail_and_are_counted(survey):
    """mapillary_tools#448: they were extrapolated, miles away."""
    photos, notes = survey(at(-1), at(30), at(61), at(7200), track=straight(0.0))
    assert [photo.position is not None for photo in photos] == [False, True, False, False]
    assert photos[2].problem == (
        "the photo is of 2024-05-01 10:01:01 UTC, outside the track, which is of 2024-05-01 10:00:00 UTC to "
        "2024-05-01 10:01:00 UTC"
    )
    assert "1 of 4 photos have a place: 1 by the track." in notes
    assert notes[1].endswith("1 of 4 photos on the track.")


def test_photos_in_a_tunnel_fail_in_one_line_unless_they_tell_their_own_place(survey):
    points = straight(0.0, 200).segments[0]
    track = Track((points[:50], points[150:]))
    own = noted(gps=place(52.1, 13.1), exif=clock(101))
    photos, notes = survey(at(49), at(100), own, at(150), track=track)
    assert photos[1].problem == "the track has a gap of 101 s at the photo's time, 2024-05-01 10:01:40 UTC"
    assert photos[2].position.source == "exif"
    assert photos[2].position.course_deg is None
    assert notes[0] == "3 of 4 photos have a place: 2 by the track, 1 by the camera's notes."


@pytest.mark.parametrize("offset", [float("nan"), float("inf"), -1e12])
def test_an_offset_that_is_none_is_refused(survey, offset):
    with pytest.raises(ConfigurationError, match="expected seconds, such as 3600 or -7200"):
        survey(at(20), track=straight(0.0), clock_offset_s=offset)


@pytest.mark.parametrize("offset", [3600.0, -90.5, 1_234_567.25])
def test_the_clock_offset_is_added_to_the_photos_clock(survey, offset):
    """mapillary_tools#827: options for the offset had no effect."""
    photos, _ = survey(at(20 - offset), track=straight(0.0), clock_offset_s=offset)
    assert photos[0].position.latitude == pytest.approx(straight(0.0).at(START + 20)[0], abs=1e-9)
    assert photos[0].position.time.timestamp() == pytest.approx(START + 20)


def test_photos_are_never_written_to(survey, tmp_path):
    """mapillary_tools#297: an offset replaced DateTimeOriginal."""
    survey(at(20))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "photos").iterdir()}
    for path in before:
        path.chmod(0o444)
    made = [record_of(path, survey.results.path) for path in before]
    photos, _ = locate(made, survey.results, track=straight(0.0), clock_offset_s=5.0)
    assert photos[0].position.time.timestamp() == pytest.approx(START + 25)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_a_clock_without_zone_is_taken_for_utc_and_the_offset_is_suggested(survey):
    """A camera that shows the time of Berlin in summer."""
    drive = [at(7200 + second, None) for second in range(0, 60, 6)]
    photos, notes = survey(*drive, track=straight(0.0))
    assert not any(photo.position for photo in photos)
    assert notes[1:] == [
        "Photos 2024-05-01 12:00:00 to 12:00:54 UTC, track 2024-05-01 10:00:00 to 10:01:00 UTC; "
        "0 of 10 photos on the track.",
        "With a clock offset of -7200 s 10 of 10 photos would be on the track: check the camera's zone.",
        "The clocks of 10 of 10 photos tell no zone; they are taken to show UTC.",
    ]
    photos, notes = survey(*drive, track=straight(0.0), clock_offset_s=-7200.0)
    assert all(photo.position for photo in photos)
    assert "they are taken to show UTC, with -7200 s." in notes[2]
    assert not any("would be" in note for note in notes)


def test_the_offset_is_suggested_on_top_of_the_one_given(survey):
    _, notes = survey(at(19_000, None), at(19_010, None), track=straight(0.0), clock_offset_s=-1_000.0)
    assert any(note.startswith("With a clock offset of -19000 s 2 of 2") for note in notes)


def test_altitude_is_what_the_camera_noted_or_none(survey):
    """ODM#946, #711: 0 m, and heights without their sign."""
    below = {G.GPSAltitude: 430.5, G.GPSAltitudeRef: b"\1"}
    zero = {G.GPSAltitude: 0.0, G.GPSAltitudeRef: b"\0"}
    photos, _ = survey(noted(gps=place(31.5, 35.5) | below), noted(gps=place(31.5, 35.5) | zero))
    assert [photo.position.altitude_m for photo in photos] == [-430.5, None]


def test_the_first_source_counts_and_the_others_fill_in(survey, tmp_path):
    table = tmp_path / "places.csv"
    table.write_text("photo,latitude,longitude,heading\n00.jpg,50.5,8.5,123\n")
    own = noted(
        gps=place(52.1, 13.1) | {G.GPSAltitude: 34.0, G.GPSImgDirection: 77.0, G.GPSTrack: 5.0},
        exif=clock(30),
    )
    photos, notes = survey(own, own, track=straight(90.0), table=table)
    first, second = (photo.position for photo in photos)
    assert (first.latitude, first.longitude, first.source) == (50.5, 8.5, "csv")
    assert (first.heading_deg, first.altitude_m) == (123, 34)
    assert first.course_deg == pytest.approx(90, abs=0.01)  # of the track, which the camera's goes behind
    assert first.time.timestamp() == START + 30
    assert (second.source, second.heading_deg) == ("gpx", 77)
    assert notes[0] == "2 of 2 photos have a place: 1 by the table, 1 by the track."
    photos, _ = survey(own)
    assert photos[0].position.source == "exif"
    assert photos[0].position.course_deg == 5


def test_times_of_the_table_find_the_track_without_the_cameras_offset(survey, tmp_path):
    table = tmp_path / "places.csv"
    table.write_text("photo,latitude,longitude,time\n00.jpg,50,8,2024-05-01T12:00:10+02:00\n")
    photos, _ = survey(noted(), track=straight(90.0), table=table, clock_offset_s=-3600.0)
    assert photos[0].position.time.timestamp() == START + 10
    assert photos[0].position.course_deg == pytest.approx(90, abs=0.01)


def test_a_track_far_from_the_photos_own_places_is_said(survey):
    here = straight(0.0).at(START + 20)[:2]
    own = [noted(gps=place(*here), exif=clock(seconds)) for seconds in (20, 24, 26, 50)]
    _, notes = survey(*own, track=straight(0.0))
    assert (
        "For 2 of 4 photos that tell their own place the track was more than 50 m away at their time: check "
        "the clock offset." in notes
    )


DRONE = {"GimbalPitchDegree": "-89.9", "GimbalYawDegree": "+57.2"}
SCALE = {"scale_source": "given: 2 mm per pixel", "millimetres_per_pixel": 2.0}
MAGNETIC = {G.GPSImgDirection: 57.2, G.GPSImgDirectionRef: "M"}


@pytest.mark.parametrize(
    ("photo", "straight_down", "quality", "heading"),
    [
        (noted(DRONE, HERE, **SCALE), False, "each crack", 57.2),
        (noted(DRONE, HERE), False, "photo", 57.2),  # no scale
        (noted(DRONE | {"GimbalPitchDegree": "-45"}, HERE, **SCALE), False, "photo", 57.2),
        (noted(DRONE | {"GimbalPitchDegree": "-45"}, HERE, **SCALE), True, "photo", 57.2),
        (noted({"GimbalPitchDegree": "-90"}, HERE, **SCALE), False, "photo", None),  # no heading
        (noted({}, HERE | {G.GPSImgDirection: 57.2}, **SCALE), False, "photo", 57.2),
        (
            noted({"GimbalPitchDegree": "-90"}, HERE | MAGNETIC, **SCALE),
            False,
            "photo",
            None,  # from magnetic north
        ),
        # A camera behind the car: the top of its photos points along the drive.
        (noted({}, HERE | {G.GPSTrack: 33.0, G.GPSImgDirection: 99.0}, **SCALE), True, "each crack", 33),
        (noted({}, HERE, **SCALE), True, "photo", None),
        (noted(DRONE, HERE, **SCALE), True, "each crack", 57.2),
    ],
)  # fmt: skip
def test_a_crack_has_its_own_place_only_where_scale_heading_and_view_are_known(
    survey, photo, straight_down, quality, heading
):
    photos, notes = survey(photo, straight_down=straight_down)
    assert photos[0].position.quality == quality
    assert photos[0].position.heading_deg == (None if heading is None else pytest.approx(heading))
    assert any("all cracks lie on the photo's point" in note for note in notes) == (quality == "photo")


def test_a_photo_stored_turned_does_not_tell_which_way_up_leads(survey, tmp_path):
    path = write_photo(tmp_path / "turned.jpg", DRONE, HERE, orientation=6)
    photos, _ = locate([record_of(path, survey.results.path, **SCALE)], survey.results, track=None)
    assert (photos[0].position.heading_deg, photos[0].position.quality) == (None, "photo")


# Georeferenced images
