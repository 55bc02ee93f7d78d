"""Where photos are: which source counts, what the coordinates of cracks mean, and what is said."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tests.measure.photos import B, G, place, write_photo
from tests.measure.tracks import START, straight
from tests.survey.places import folder_in, record_of

from upcracknet.errors import ConfigurationError
from upcracknet.measure.track import Track
from upcracknet.results.records import Record
from upcracknet.survey.positions import locate


def clock(seconds: float, zone: str | None = "+00:00"):
    """What a camera notes of a time after the track begins."""
    shown = datetime.fromtimestamp(START, UTC) + timedelta(seconds=seconds)
    tags = {B.DateTimeOriginal: f"{shown:%Y:%m:%d %H:%M:%S}", B.SubsecTimeOriginal: f"{shown:%f}"}
    return tags if zone is None else tags | {B.OffsetTimeOriginal: zone}


@pytest.fixture
def survey(tmp_path):
    """Locates photos given by their notes: (XMP, GPS, EXIF) and fields of their records."""
    results = folder_in(tmp_path / "out")

    def run(*photos, track=None, records=(), **options):
        made = [
            record_of(write_photo(tmp_path / f"photos/{number:02}.jpg", *notes), results.path, **more)
            for number, (notes, more) in enumerate(photos)
        ]
        return locate([*made, *records], results, track=track, **options)

    run.results = results
    return run


def noted(xmp=None, gps=None, exif=None, **more):
    return ((xmp or {}, gps or {}, exif or {}), more)


def at(seconds: float, zone: str | None = "+00:00", **more):
    return noted(exif=clock(seconds, zone), **more)


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
HERE = place(52.1, 13.1)
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


def test_photos_that_are_gone_or_changed_or_damaged_are_named_and_no_others_suffer(survey, tmp_path):
    paths = [
        write_photo(tmp_path / f"{name}.jpg", {}, HERE) for name in ("gone", "changed", "damaged", "good")
    ]
    records = [record_of(path, survey.results.path) for path in paths]
    paths[0].unlink()
    write_photo(paths[1], {}, place(1, 2), {B.DateTimeOriginal: "2024:05:01 10:00:00"})
    paths[2].write_bytes(b"no photo")
    photos, notes = locate(records, survey.results, track=None)
    assert [photo.position is None for photo in photos] == [True, True, True, False]
    assert photos[0].problem.endswith("gone.jpg: no such file")
    assert "changed.jpg: has changed meanwhile" in photos[1].problem
    assert "damaged.jpg: not an image" in photos[2].problem
    assert notes[0] == "1 of 4 photos have a place: 1 by the camera's notes."
    table = tmp_path / "places.csv"
    table.write_text("photo,latitude,longitude\ngone.jpg,50.5,8.5\n")
    photos, _ = locate(records, survey.results, track=None, table=table)
    assert photos[0].position.latitude == 50.5


def test_photos_without_notes_say_what_to_give(survey):
    photos, notes = survey(noted())
    assert photos[0].problem == (
        "the photo does not say where it was taken (GPSLatitude); give a track or a table of positions"
    )
    assert notes == ["0 of 1 photos have a place."]
    photos, notes = survey(noted(), track=straight(0.0))
    assert photos[0].problem == (
        "the photo says neither when it was taken (DateTimeOriginal) nor where (GPSLatitude)"
    )
    assert notes[1] == "No photo says when it was taken: photos cannot be placed by the track."
    timeless = Track((straight(0.0).segments[0] * (1, 1, np.nan),))
    photos, notes = survey(at(3), track=timeless)
    assert notes[1] == "The track's points have no times: photos cannot be placed by it."
    assert photos[0].problem == "the track's points have no times"


def test_failed_photos_and_photos_twice_have_places_and_the_order_stays(survey, tmp_path):
    path = write_photo(tmp_path / "a.jpg", {}, HERE)
    out = survey.results.path
    twice = [
        record_of(path, out, name="x/a.jpg"),
        record_of(path, out, name="b.jpg", status="failed", error="small"),
    ]
    photos, _ = locate(iter(twice), survey.results, track=None)
    assert [photo.record for photo in photos] == twice
    assert photos[0].position == photos[1].position is not None


def test_photos_that_were_moved_with_their_results(survey, tmp_path):
    path = write_photo(tmp_path / "photos/a.jpg", {}, HERE)
    record = record_of(path, survey.results.path)
    for name in ("photos", "out"):
        (tmp_path / "moved").mkdir(exist_ok=True)
        shutil.move(tmp_path / name, tmp_path / "moved" / name)
    photos, _ = locate([record], folder_in(tmp_path / "moved/out"), track=None)
    assert photos[0].position is not None


def test_photos_behind_an_address(survey, tmp_path):
    """Only their beginning is fetched; one that is gone is one problem."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/road/a.jpg", write_photo(tmp_path / "a.jpg", {}, HERE).read_bytes())
    records = [
        Record(f"{name}.jpg", f"memory://road/{name}.jpg", None, "1", "done") for name in ("a", "gone")
    ]
    try:
        photos, _ = locate(records, survey.results, track=None)
    finally:
        memory.rm("/road", recursive=True)
    assert photos[0].position.latitude == pytest.approx(52.1, abs=1e-7)
    assert photos[1].problem.startswith("memory://road/gone.jpg: cannot be fetched")


def test_frames_of_videos_lie_on_the_track(survey):
    frame = Record("a.mp4/1", "/nowhere/a.mp4", None, "", "done", taken_at="2024-05-01T10:00:20Z")
    photos, _ = survey(records=[frame], track=straight(0.0), clock_offset_s=2.0)
    assert photos[0].position.latitude == pytest.approx(straight(0.0).at(START + 22)[0], abs=1e-9)


# Georeferenced images


@pytest.mark.parametrize(
    ("crs", "corner", "expected"),
    [
        # A zone's middle meridian and the equator: 500 km east, and 0 or 10,000 km north of the south.
        ("EPSG:32633", (500_000, 0), (0.0, 15.0)),
        ("EPSG:32733", (500_000, 10_000_000), (0.0, 15.0)),
        ("EPSG:4326", (-71.5, -33.25), (-33.25, -71.5)),
        ("EPSG:4326", (-179.99, 10.0), (10.0, -179.99)),
    ],
)
def test_a_georeferenced_image_lies_where_its_middle_lies_even_when_it_is_gone(survey, crs, corner, expected):
    pytest.importorskip("rasterio")
    from rasterio.transform import from_origin
    from tests.results.rasters import write

    side = 1e-8 if crs == "EPSG:4326" else 0.002
    x, y = corner[0] - 30 * side, corner[1] + 20 * side
    (survey.results.path / "masks").mkdir()
    write(
        survey.results.path / "masks/a.tif.tif", np.zeros((40, 60), np.uint8), crs=crs,
        transform=from_origin(x, y, side, side),
    )  # fmt: skip
    record = Record("a.tif", "/nowhere/a.tif", None, "1", "done", mask="masks/a.tif.tif")
    (photo,), notes = locate([record], survey.results, track=straight(0.0))
    assert (photo.position.latitude, photo.position.longitude) == pytest.approx(expected, abs=1e-7)
    assert (photo.position.source, photo.position.quality, photo.position.time) == (
        "raster",
        "each crack",
        None,
    )
    assert notes[0] == "1 of 1 photos have a place: 1 by the georeference."


@pytest.mark.parametrize("profile", [{}, {"crs": 'LOCAL_CS["site",UNIT["metre",1]]'}])
def test_a_large_image_without_a_place_on_the_earth_lies_where_its_camera_was(survey, tmp_path, profile):
    pytest.importorskip("rasterio")
    from tests.results.rasters import write

    (survey.results.path / "masks").mkdir()
    write(survey.results.path / "masks/a.tif", np.zeros((40, 60), np.uint8), **profile)
    path = write_photo(tmp_path / "a.jpg", {}, HERE)
    records = [record_of(path, survey.results.path, mask="masks/a.tif")]
    (photo,), _ = locate(records, survey.results, track=None)
    assert photo.position.source == "exif"


def test_a_mask_that_is_gone_is_one_problem(survey):
    pytest.importorskip("rasterio")
    record = Record("a.tif", "/nowhere/a.tif", None, "1", "done", mask="masks/a.tif.tif")
    (photo,), _ = locate([record], survey.results, track=None)
    assert photo.position is None
    assert "a.tif" in photo.problem
