import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import ExifTags, Image

from upcracknet.data.photo import load_mask, load_photo
from upcracknet.data.synthetic.course import Course
from upcracknet.data.synthetic.damage import Damage, draw_damage
from upcracknet.data.synthetic.drive import Drive
from upcracknet.data.synthetic.drive_files import write_drive
from upcracknet.errors import ConfigurationError, OutputError

pytestmark = pytest.mark.xdist_group("drives")  # what all need is made once

SMALL = Drive(count=6, height=600, width=500)


@pytest.fixture(scope="module")
def first():
    return list(SMALL.photos())


@pytest.fixture(scope="module")
def later():
    return list(replace(SMALL, later=True).photos())


def test_the_truth_fits_the_masks(first):
    """A crack's length times its mean width is its area; where lines of a network meet, they share some."""
    with_cracks = [photo for photo in first if photo.cracks]
    assert len(with_cracks) >= 3
    for photo in with_cracks:
        area_mm2 = sum(crack.length_mm * crack.width_mean_mm for crack in photo.cracks)
        assert photo.mask.sum() * 4.0 == pytest.approx(area_mm2, rel=0.06)


def test_a_crack_is_darker_than_the_road(first):
    for photo in first:
        if photo.mask.any():
            grey = photo.photo.mean(axis=2)
            assert grey[photo.mask].mean() < 0.8 * grey[~photo.mask].mean()


def test_a_year_later_cracks_have_grown_and_none_is_gone(first, later):
    def length(photos):
        return sum(crack.length_mm for photo in photos for crack in photo.cracks)

    assert length(later) > 1.1 * length(first)
    for before, after in zip(first, later, strict=True):
        # The view is shifted, so an end of a crack may lie outside.
        kinds = {crack.kind for crack in after.cracks}
        assert {crack.kind for crack in before.cracks} <= kinds
        assert after.network_area_mm2 >= 1.2 * before.network_area_mm2
        assert (after.latitude, after.longitude) == pytest.approx(
            (before.latitude, before.longitude), abs=1e-9
        )
    assert 350 < (later[0].time - first[0].time).days < 380


def test_a_place_is_the_same_road_at_both_times():
    for seed in range(20):
        one, other = (draw_damage(700, 600, np.random.default_rng(seed)) for _ in range(2))
        assert [crack.kind for crack in one.cracks] == [crack.kind for crack in other.cracks]
        for crack in one.cracks:
            before, after = crack.path(later=False), crack.path(later=True)
            if before is not None:
                assert np.array_equal(before.points, after.points[: len(before.points)])
                assert (after.left[: len(before.left)] >= before.left).all()


def test_a_network_encloses_its_area():
    """Nine pieces of about 100 by 100 pixels at first, twelve later."""
    networks = [draw_damage(700, 600, np.random.default_rng(seed)) for seed in range(40)]
    networks = [damage for damage in networks if damage.network is not None]
    assert networks
    for damage in networks:
        for corners, pieces in ((damage.network, 9), (damage.network_later, 12)):
            x, y = corners.T
            twice = sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(corners)))
            assert abs(twice) / 2 == pytest.approx(pieces * 1e4, rel=0.15)
    assert Damage().network is None


def test_files_are_those_of_a_camera_and_a_receiver(tmp_path):
    drive = Drive(
        count=2, height=600, width=500, course=Course(begins=datetime(2025, 1, 1, 0, 30, tzinfo=UTC))
    )
    truth = write_drive(tmp_path, drive)
    assert json.loads((tmp_path / "truth.json").read_text()) == truth
    made = list(drive.photos())
    for entry, photo in zip(truth["photos"], made, strict=True):
        assert np.array_equal(load_mask(tmp_path / entry["mask"]), photo.mask)
        assert np.abs(load_photo(tmp_path / entry["photo"]).astype(int) - photo.photo).mean() < 12
        with Image.open(tmp_path / entry["photo"]) as image:
            exif = image.getexif()
            assert not exif.get_ifd(ExifTags.IFD.GPSInfo)
            notes = exif.get_ifd(ExifTags.IFD.Exif)
        # An hour behind, which here is the day before.
        assert notes[ExifTags.Base.DateTimeOriginal].startswith("2024:12:31 23:30:0")
        clock = f"{notes[ExifTags.Base.DateTimeOriginal]}.{notes[ExifTags.Base.SubsecTimeOriginal]}+0000"
        shown = datetime.strptime(clock, "%Y:%m:%d %H:%M:%S.%f%z").timestamp()
        assert shown + truth["clock_offset_s"] == pytest.approx(photo.time.timestamp(), abs=1e-3)
    assert (tmp_path / "track.gpx").exists()


def test_the_truth_of_sections_is_that_of_their_photos(tmp_path):
    truth = write_drive(tmp_path, Drive(count=4, height=600, width=500, spacing_m=40.0))
    assert [section["photos"] for section in truth["sections"]] == [3, 1]
    lengths = [crack["length_mm"] for photo in truth["photos"] for crack in photo["cracks"]]
    for sums in ("class_length_m", "severity_length_m"):
        total = sum(sum(section[sums].values()) for section in truth["sections"])
        assert total == pytest.approx(sum(lengths) / 1000)
    assert sum(section["length_m"] for section in truth["sections"]) == pytest.approx(sum(lengths) / 1000)


def test_files_of_others_are_kept_and_own_ones_replaced_when_asked(tmp_path):
    drive = Drive(count=2, height=600, width=500)
    (tmp_path / "track.gpx").write_text("mine")
    with pytest.raises(OutputError, match=r"track\.gpx is there and not in"):
        write_drive(tmp_path, drive)
    (tmp_path / "track.gpx").unlink()
    write_drive(tmp_path, drive)
    with pytest.raises(OutputError, match="--overwrite"):
        write_drive(tmp_path, drive)
    write_drive(tmp_path, replace(drive, count=1), overwrite=True)
    assert sorted(path.name for path in tmp_path.rglob("0*")) == ["0001.jpg", "0001.png"]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"height": 300}, {"width": 100}, {"seed": -1}])
def test_impossible_drives_are_refused(wrong):
    with pytest.raises(ConfigurationError, match="expected at least 1 photo"):
        Drive(**wrong)
