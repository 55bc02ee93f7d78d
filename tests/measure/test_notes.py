"""What cameras noted: places, heights and times, and what is left out because it means nothing."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from tests.measure.photos import B, G, photo, place

from upcracknet.measure.notes import CameraNotes

SECOND = datetime(2024, 5, 1, 10, 0, 30, tzinfo=UTC).timestamp()
RECEIVER = {G.GPSDateStamp: "2024:05:01", G.GPSTimeStamp: (10, 0, 30)}


def read(xmp=None, gps=None, exif=None, **more) -> CameraNotes:
    return CameraNotes.read(photo(xmp or {}, gps, exif, **more))


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(52.123456, 13.2), (-33.8567, 151.2152), (40.7, -73.98765), (-1.25, -0.001)]
)
def test_places_of_all_hemispheres(latitude, longitude):
    assert read(gps=place(latitude, longitude)).place == pytest.approx((latitude, longitude), abs=1e-7)


WHOLE_SECONDS = place(52.5, 13.5)  # 52° 30' 0", 13° 30' 0"


@pytest.mark.parametrize(
    "names", [("GpsLatitude", "GpsLongitude"), ("GpsLatitude", "GpsLongtitude"), ("Latitude", "Longitude")]
)
@pytest.mark.parametrize("elements", [False, True])
@pytest.mark.parametrize("by_exif", [{}, WHOLE_SECONDS])
def test_drones_whose_exif_is_cut_short_or_missing_tell_their_place_in_xmp(names, elements, by_exif):
    """OpenSfM#473 (whole seconds of arc), Mobile-SDK-Android-V5#758 (nothing), OpenSfM#647 (names)."""
    notes = read({names[0]: "+52.5001234", names[1]: "-13.5006789"}, by_exif, elements=elements)
    assert notes.place == (52.5001234, -13.5006789)


def test_a_whole_place_in_exif_counts_before_xmp():
    """Those who correct places afterwards write them into EXIF."""
    notes = read({"GpsLatitude": "52.1", "GpsLongitude": "13.1"}, place(52.123456, 13.123456))
    assert notes.place == pytest.approx((52.123456, 13.123456), abs=1e-7)
    assert read(gps=WHOLE_SECONDS).place == (52.5, 13.5)


@pytest.mark.parametrize(
    "gps",
    [
        {},
        place(0.0, 0.0),  # a receiver without satellites
        place(52.1, 13.1) | {G.GPSStatus: "V"},
        place(52.1, 13.1) | {G.GPSLatitudeRef: ""},
        place(52.1, 13.1) | {G.GPSLatitude: (95, 0, 0)},
        place(52.1, 13.1) | {G.GPSLongitude: (13, IFDRational(1, 0), 0)},
        {tag: value for tag, value in place(52.1, 13.1).items() if tag != G.GPSLongitude},
    ],
)
def test_what_is_no_place_is_none(gps):
    assert read(gps=gps).place is None


@pytest.mark.parametrize(
    ("height", "reference", "xmp", "expected"),
    [
        (IFDRational(3451, 100), b"\x00", {}, 34.51),
        (IFDRational(3451, 100), b"\x01", {}, -34.51),  # the Dead Sea
        (IFDRational(12, 1), b"\x03", {}, -12),
        (IFDRational(12, 1), b"\x02", {}, 12),
        (IFDRational(0, 1), b"\x00", {}, None),
        (IFDRational(0, 1), b"\x00", {"AbsoluteAltitude": "+46.00"}, 46),
        (None, None, {"AbsoluteAltitude": "-30.037239"}, -30.037239),
        (None, None, {"RelativeAltitude": "+19.7"}, None),
        (IFDRational(5, 0), b"\x00", {}, None),
    ],
)
def test_altitudes_have_a_sign_and_zero_is_none(height, reference, xmp, expected):
    """ODM#946: cameras note 0; OpenSfM#647: heights below the sea lost their sign."""
    gps = {} if height is None else {G.GPSAltitude: height, G.GPSAltitudeRef: reference}
    assert read(xmp, gps).altitude_m == (None if expected is None else pytest.approx(expected))


CLOCK = {B.DateTimeOriginal: "2024:05:01 12:00:30", B.SubsecTimeOriginal: "25"}


@pytest.mark.parametrize(
    ("gps", "exif", "utc", "local"),
    [
        ({}, {}, None, None),
        ({}, CLOCK | {B.OffsetTimeOriginal: "+02:00"}, 0.25, None),
        ({}, CLOCK | {B.OffsetTimeOriginal: "-05:30"}, 7.5 * 3600 + 0.25, None),
        ({}, CLOCK | {B.OffsetTimeOriginal: "Z"}, 7200.25, None),
        ({}, CLOCK, None, 7200.25),
        ({}, CLOCK | {B.OffsetTimeOriginal: "   :  "}, None, 7200.25),
        ({}, CLOCK | {B.SubsecTimeOriginal: "12\0 "}, None, 7200.12),
        ({}, CLOCK | {B.SubsecTimeOriginal: "x"}, None, 7200),
        ({}, CLOCK | {B.DateTimeOriginal: "    :  :     :  :  "}, None, None),
        ({}, CLOCK | {B.DateTimeOriginal: "0000:00:00 00:00:00"}, None, None),
        (RECEIVER, {}, 0, None),
        (RECEIVER | {G.GPSDateStamp: "2024-05-01"}, {}, 0, None),
        (RECEIVER | {G.GPSTimeStamp: (10, 0, IFDRational(305, 10))}, CLOCK, 0.5, None),
        # The receiver's second, and the rest of it by the clock that shows the same one in another zone.
        (RECEIVER, CLOCK, 0.25, None),
        (RECEIVER, CLOCK | {B.DateTimeOriginal: "2024:05:01 15:45:30"}, 0.25, None),
        (RECEIVER, CLOCK | {B.DateTimeOriginal: "2024:05:01 12:00:29"}, 0, None),
        (RECEIVER, CLOCK | {B.DateTimeOriginal: "2024:05:01 12:03:30"}, 0, None),
        ({G.GPSTimeStamp: (10, 0, 30)}, CLOCK, None, 7200.25),
    ],
)  # fmt: skip
def test_times_with_parts_of_a_second_and_zones(gps, exif, utc, local):
    notes = read(gps=gps, exif=exif)
    assert notes.utc_s == (None if utc is None else pytest.approx(SECOND + utc, abs=1e-6))
    assert notes.local_s == (None if local is None else pytest.approx(SECOND + local, abs=1e-6))


def test_pixels_are_not_decoded():
    """Pillow's own way decodes a PNG whole: a survey of them would take hours."""
    pixels, file = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    cut = Image.open(io.BytesIO(file.getvalue()[:2000]))
    assert CameraNotes.read(cut) == CameraNotes()
    tags = Image.Exif()
    tags[B.Orientation] = 1
    tags.get_ifd(ExifTags.IFD.GPSInfo).update(place(52.123456, 13.5))
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG", exif=tags)
    cut = Image.open(io.BytesIO(file.getvalue()[:2000]))
    assert CameraNotes.read(cut).place == pytest.approx((52.123456, 13.5), abs=1e-7)


def test_a_photo_without_notes():
    assert CameraNotes.read(photo({})) == CameraNotes()
