"""Scales that a drone's own notes give, and the photos that do not tell enough."""

import io
import math

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from tests.measure.roads import road_to_photo, seen

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.drone import camera_tilt_deg, estimate
from upcracknet.measure.scale import Scale

B = ExifTags.Base
# What a Mavic 3E writes, as published with a photo: its focal length as 24 mm for 35 mm film is 3659 pixels.
MAVIC_3E = {
    "RelativeAltitude": "+24.60",
    "GimbalPitchDegree": "-90.00",
    "CalibratedFocalLength": "3725.151611",
}
MAVIC_3E_SIZE = 5280, 3956


def drone_photo(size=(528, 396), notes=MAVIC_3E, exif=None, orientation=1, elements=False) -> Image.Image:
    """A JPEG with XMP as drones write it, opened again."""
    if elements:
        inside = "".join(f"<drone-dji:{k}>{v}</drone-dji:{k}>" for k, v in notes.items())
        packet = f"<rdf:Description>{inside}</rdf:Description>"
    else:
        packet = "<rdf:Description " + " ".join(f'drone-dji:{k}="{v}"' for k, v in notes.items()) + "/>"
    tags = Image.Exif()
    tags[B.Orientation] = orientation
    tags.get_ifd(ExifTags.IFD.Exif).update(exif or {})
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "JPEG", exif=tags, xmp=packet.encode())
    return Image.open(io.BytesIO(file.getvalue()))


def without(name: str, **others: str) -> dict[str, str]:
    return {key: value for key, value in MAVIC_3E.items() if key != name} | others


TAKEN = {B.ExifImageWidth: 5280, B.ExifImageHeight: 3956}


@pytest.mark.parametrize("elements", [False, True])
def test_the_calibrated_focal_length_counts_first_and_shrinks_with_the_photo(elements):
    exif = TAKEN | {B.FocalLengthIn35mmFilm: 12}
    scale = Scale.from_drone(drone_photo((1320, 989), exif=exif, elements=elements), photo="a.jpg")
    assert scale.millimetres_per_pixel == pytest.approx(24_600 / (3725.15 / 4), rel=1e-4)
    assert scale.source == (
        "estimate from a drone: height 24.6 m above take-off, calibrated focal length 3725.15 pixels, "
        "tilt 0.0°, in a.jpg"
    )
    assert (scale.method, scale.size) == ("drone", (989, 1320))
    assert scale.uncertainty == pytest.approx(math.hypot(1 / 24.6, 0.02))


@pytest.mark.parametrize(
    "exif",
    [
        {B.FocalLengthIn35mmFilm: 24},
        # Its sensor is 17.3 mm wide.
        {
            B.FocalLength: IFDRational(1229, 100),
            B.FocalPlaneXResolution: IFDRational(5280 * 254, 173),
            B.FocalPlaneResolutionUnit: 2,
        },
        {
            B.FocalLength: IFDRational(1229, 100),
            B.FocalPlaneXResolution: IFDRational(5280 * 100, 173),
            B.FocalPlaneResolutionUnit: 3,
        },
    ],
    ids=["35 mm film", "sensor in inches", "sensor in centimetres"],
)
def test_other_focal_lengths_agree_within_two_per_cent(exif):
    photo = drone_photo((1320, 989), without("CalibratedFocalLength"), TAKEN | exif)
    found = Scale.from_drone(photo, 10.0)
    assert found.millimetres_per_pixel == pytest.approx(10_000 / (3725.15 / 4), rel=0.02)
    assert "height 10 m as given" in found.source
    assert found.uncertainty == pytest.approx(math.hypot(0.05, 0.02))


@pytest.mark.parametrize("tilt", [-8, 5, 9.5])
def test_a_slight_tilt_is_taken_into_account(tilt):
    notes = {"GimbalPitchDegree": str(tilt - 90), "CalibratedFocalLength": "1000"}
    scale = Scale.from_drone(drone_photo((1200, 900), notes), 2.5)
    road = np.random.default_rng(0).uniform(-600, 600, (20, 2))
    places = scale.to_road(seen(road_to_photo(tilt), road))
    found, true = (np.linalg.norm(np.diff(path, axis=0), axis=1) for path in (places, road))
    np.testing.assert_allclose(found, true, rtol=1e-9)
    assert scale.millimetres_per_pixel is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"notes": {}}, r"where the camera looked \(GimbalPitchDegree\)"),
        ({"notes": without("GimbalPitchDegree")}, "where the camera looked"),
        ({"notes": without("", GimbalPitchDegree="-45.0")}, "tilted by 45° .* at most 10°; mark a rectangle"),
        ({"notes": without("", GimbalPitchDegree="-9.0.1")}, "where the camera looked"),
        ({"notes": without("RelativeAltitude")}, "no height above take-off .*--height"),
        ({"notes": without("", RelativeAltitude="-0.30")}, "a height of -0.3 m above take-off"),
        ({"notes": without("CalibratedFocalLength")}, "does not say its focal length"),
        (
            {
                "notes": without("CalibratedFocalLength"),
                "exif": {B.FocalLengthIn35mmFilm: 0, B.FocalLength: IFDRational(0, 0)},
            },
            "does not say its focal length",
        ),
        ({"exif": {B.DigitalZoomRatio: IFDRational(2, 1)}}, r"digital zoom \(2\)"),
        (
            {"exif": {B.ExifImageWidth: 5280, B.ExifImageHeight: 2970}},
            "camera took 5280×2970, so it was cropped",
        ),
        ({"orientation": 6}, "stored turned"),
    ],
)
def test_photos_that_do_not_tell_enough(options, message):
    with pytest.raises(PhotoError, match=message) as caught:
        Scale.from_drone(drone_photo(**options), photo="a.jpg")
    assert str(caught.value).startswith("a.jpg: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize("height", [0.0, -3.0, math.nan])
def test_a_given_height_is_above_zero(height):
    with pytest.raises(ConfigurationError, match=r"height above the road is .* expected a length above 0"):
        Scale.from_drone(drone_photo(), height)


def test_low_flights_are_less_certain():
    low, high = (
        estimate(drone_photo(notes=without("", RelativeAltitude=height)), None, "a.jpg").uncertainty
        for height in ("5", "50")
    )
    assert low == pytest.approx(0.2, abs=0.005)
    assert high == pytest.approx(0.028, abs=0.001)


def test_the_tilt_of_photos_that_say_it():
    assert camera_tilt_deg(drone_photo()) == 0
    assert camera_tilt_deg(drone_photo(notes={"GimbalPitchDegree": "-30.5"})) == pytest.approx(59.5)
    assert camera_tilt_deg(Image.new("RGB", (9, 9))) is None
