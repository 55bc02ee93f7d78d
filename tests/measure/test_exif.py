import io

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from tests.measure.photos import DOWN, B, G, photo, photo_bytes

from upcracknet.errors import PhotoError, UpCrackNetError
from upcracknet.measure.drone import camera_tilt_deg, estimate, xmp_number
from upcracknet.measure.exif import number, read_exif
from upcracknet.measure.notes import CameraNotes


@pytest.mark.parametrize(
    "value", [None, "", "x", (1, 2), b"\1\2", IFDRational(1, 0), float("inf"), "nan", "9" * 400, 10**400]
)
def test_what_is_no_number_is_none(value):
    assert number(value) is None
    assert number(IFDRational(3, 2)) == 1.5


@pytest.mark.parametrize("text", ["9" * 400, "1.2.3", ".", "-", "+" + "9" * 310])
def test_numbers_of_xmp_that_are_none(text):
    assert xmp_number(photo({"RelativeAltitude": text}), "RelativeAltitude") is None


def test_tilts_that_no_camera_has():
    assert camera_tilt_deg(photo({"GimbalPitchDegree": "-1000000"})) is None
    assert camera_tilt_deg(photo(DOWN)) == 0


@pytest.mark.parametrize(
    "tag",
    [B.ExifImageWidth, B.FocalLength, B.FocalLengthIn35mmFilm, B.DigitalZoomRatio, B.FocalPlaneXResolution],
)
@pytest.mark.parametrize("value", ["text", (1, 2), IFDRational(0, 0), -5.0])
def test_a_drones_notes_of_other_types_end_in_one_line(tag, value):
    notes = DOWN | {"RelativeAltitude": "12.5"}
    exif = {B.ExifImageWidth: 60, B.ExifImageHeight: 40, B.FocalLengthIn35mmFilm: 24} | {tag: value}
    content = io.BytesIO()
    try:
        content.write(photo_bytes(notes, exif=exif))
    except Exception:  # Pillow does not write every type
        pytest.skip("cannot be written")
    with Image.open(content) as image:
        try:
            estimate(image, None, "road.jpg")
        except UpCrackNetError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("date", ["0001:01:01", "9999:12:31", "2024:13:01"])
def test_times_far_away_are_none(date):
    notes = CameraNotes.read(
        photo(
            gps={G.GPSDateStamp: date, G.GPSTimeStamp: (23.0, 59.0, 59.0)},
            exif={B.DateTimeOriginal: f"{date} 23:59:59"},
        )
    )
    assert (notes.utc_s, notes.local_s) == (None, None)


@pytest.mark.parametrize("exif", [b"MM\0i\0\0\0\x08", b"MM\0*", b"MM"])
def test_damaged_exif_is_named(exif):
    image = Image.new("RGB", (8, 8))
    image.info["exif"] = b"Exif\0\0" + exif
    with pytest.raises(PhotoError, match="EXIF is damaged"):
        read_exif(image)


def test_tags_beyond_the_end_are_none():
    image = Image.new("RGB", (8, 8))
    image.info["exif"] = b"Exif\0\0II*\0\xff\xff\xff\xff"
    assert read_exif(image).gps == read_exif(image).taking == {}
