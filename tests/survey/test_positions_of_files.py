"""Places of photos that are gone, moved, behind an address, frames or georeferenced."""

import shutil

import numpy as np
import pytest
from tests.measure.photos import B, place, write_photo
from tests.measure.tracks import START, straight
from tests.survey.noted_photos import HERE, at, noted
from tests.survey.places import folder_in, record_of

from upcracknet.measure.track import Track
from upcracknet.results.records import Record
from upcracknet.survey.positions import locate


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
    assert any("Photos that cannot be read, and so tell nothing: 3; of the first:" in note for note in notes)
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
    assert notes[1] == "No photo that can be read says when it was taken: the track places none."
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
