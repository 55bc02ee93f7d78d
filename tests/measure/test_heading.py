"""The driving direction in photos and maps, and what its source says where it is not known."""

import io
import math

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from tests.measure.photos import DOWN, photo, place
from tests.measure.tracks import straight

from upcracknet.data.image_file import opened_image
from upcracknet.errors import ConfigurationError
from upcracknet.measure.frame import PHOTO_VERTICAL
from upcracknet.measure.heading import driving_direction, driving_direction_on_map
from upcracknet.measure.track import Track

B, G = ExifTags.Base, ExifTags.GPS
NOON = {G.GPSDateStamp: "2024:05:01", G.GPSTimeStamp: (10, 0, IFDRational(305, 10))}  # amid the tracks

CLOCK = {B.DateTimeOriginal: "2024:05:01 12:00:30", B.OffsetTimeOriginal: "+02:00"}


def down(**notes) -> dict[str, str]:
    return DOWN | {name: str(value) for name, value in notes.items()}


def gps(track=None, heading=None, track_ref=None, heading_ref=None, **others):
    tags = {G.GPSTrack: track, G.GPSImgDirection: heading}
    tags |= {G.GPSTrackRef: track_ref, G.GPSImgDirectionRef: heading_ref}
    return {tag: value for tag, value in tags.items() if value is not None} | others


def assert_vertical(direction, reason: str) -> None:
    assert direction.degrees == 90
    assert direction.source.startswith("photo's vertical: ")
    assert reason in direction.source
    assert "\n" not in direction.source


def test_a_given_direction_counts_before_all_else():
    image = photo(down(GimbalYawDegree=10), gps(50.0))
    assert driving_direction(image, given=30.0, track=straight(0.0)).degrees == 30
    assert driving_direction(None, given=30.0).source == "given"
    with pytest.raises(ConfigurationError, match="driving direction of nan"):
        driving_direction(None, given=math.nan)


@pytest.mark.parametrize("image", [None, Image.new("RGB", (9, 9)), photo({}, gps(50.0, 0.0))])
def test_photos_that_do_not_say_that_they_look_down_look_along_the_road(image):
    assert driving_direction(image) == PHOTO_VERTICAL


@pytest.mark.parametrize(
    ("course", "heading", "degrees"),
    [
        (40, 40, 90),  # flies where the photo's top points
        (220, 40, 90),  # and backwards
        (130, 40, 0),  # to the right
        (70, 40, 60),  # half right of up
        (10, 40, 120),
        (10, 350, 70),  # across north
    ],
)
@pytest.mark.parametrize("way", ["GPSTrack and gimbal", "all EXIF", "flight speed", "flight yaw", "track"])
def test_the_direction_is_the_course_seen_from_the_heading(way, course, heading, degrees):
    track = None
    if way == "GPSTrack and gimbal":
        image = photo(
            down(GimbalYawDegree=heading, FlightXSpeed=3, FlightYSpeed=0), gps(IFDRational(course, 1))
        )
        source = f"GPSTrack ({course}°) against GimbalYawDegree ({heading}°)"
    elif way == "all EXIF":
        image = photo(gps=gps(IFDRational(course, 1), IFDRational(heading, 1), "M", "M"))
        source = f"GPSTrack ({course}°) against GPSImgDirection ({heading}°)"
    elif way == "flight speed":
        north, east = 5 * np.cos(np.radians(course)), 5 * np.sin(np.radians(course))
        image = photo(down(GimbalYawDegree=heading, FlightXSpeed=north, FlightYSpeed=east))
        source = f"flight speed ({course}°) against GimbalYawDegree ({heading}°)"
    elif way == "flight yaw":
        image = photo(down(FlightYawDegree=heading), gps(IFDRational(course, 1)))
        source = f"GPSTrack ({course}°) against FlightYawDegree ({heading}°)"
    else:
        image = photo(down(GimbalYawDegree=heading), gps(99.0) | NOON)
        track = straight(course)
        source = f"track ({course}°) against GimbalYawDegree ({heading}°)"
    found = driving_direction(image, track=track)
    assert (found.degrees - degrees + 90) % 180 - 90 == pytest.approx(0, abs=0.02)
    assert 0 <= found.degrees <= 180
    assert found.source == source


def test_a_published_photo_of_a_drone_that_flies_ahead():
    """The notes of a Zenmuse P1, as published with a photo: the drone's nose points along its speed."""
    notes = down(GimbalYawDegree="+57.20", FlightYawDegree="+55.90", FlightXSpeed="5.1", FlightYSpeed="7.4")
    found = driving_direction(photo(notes))
    assert found.degrees == pytest.approx(90, abs=2)
    assert found.source == "flight speed (55°) against GimbalYawDegree (57°)"


def test_headings_count_from_the_north_of_the_course():
    image = photo(down(GimbalYawDegree=0), gps(50.0, 30.0, "M", "M"))
    assert driving_direction(image).degrees == pytest.approx(70)  # the image's direction, not the gimbal's
    image = photo(gps=gps(50.0, 30.0))  # EXIF's default is true north
    assert driving_direction(image).degrees == pytest.approx(70)
    image = photo(gps=gps(50.0, 30.0, "T", "M"))
    assert_vertical(
        driving_direction(image), "GPSTrack counts from true north, GPSImgDirection from magnetic north"
    )
    image = photo(gps=gps(heading=30.0, heading_ref="M") | NOON)
    assert_vertical(driving_direction(image, track=straight(50.0)), "track counts from true north")


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (photo(), "does not say which way the camera moved (GPSTrack, FlightXSpeed); give a track"),
        (photo(gps=gps(IFDRational(5, 0), 30.0)), "does not say which way the camera moved"),
        (photo(gps=gps(50.0)), "does not say the camera's heading (GimbalYawDegree, GPSImgDirection)"),
        (photo(gps=gps(50.0, IFDRational(0, 0))), "does not say the camera's heading"),
        (photo(down(FlightXSpeed=0.3, FlightYSpeed="-0.2", GimbalYawDegree=9)), "the drone hovered"),
        (photo(down(GimbalYawDegree="1.2.3"), gps(50.0)), "does not say the camera's heading"),
        (photo({"GimbalPitchDegree": "-45"}, gps(50.0, 30.0)), "was tilted by 45° from straight down"),
        (photo(gps=gps(50.0, 30.0), orientation=6), "stored turned"),
    ],
)
def test_photos_that_do_not_tell_enough_say_what_is_missing(image, reason):
    assert_vertical(driving_direction(image), reason)


def test_damaged_exif_gives_the_photos_vertical_wherever_it_was_cut():
    file = io.BytesIO()
    image = photo(gps=gps(50.0, 30.0) | NOON, exif=CLOCK)
    whole = image.info["exif"]
    image.save(file, "JPEG", exif=whole, xmp=image.info["xmp"])
    directions = set()
    for length in range(6, len(whole) + 5, 5):
        damaged = whole[:length].ljust(len(whole), b"\xa5")
        with opened_image(file.getvalue().replace(whole, damaged), "a.jpg") as image:
            for track in (None, straight(25.0)):
                found = driving_direction(image, track=track)
                assert "\n" not in found.source
                assert 0 <= found.degrees <= 180
                directions.add(round(found.degrees))
    assert {90, 70} <= directions  # some tell nothing any more, others all


@pytest.mark.parametrize(
    ("tags", "exif"),
    [
        (NOON, {}),
        (NOON, {B.DateTimeOriginal: "2001:01:01 00:00:00"}),  # the receiver's time counts first
        ({}, CLOCK),
        ({G.GPSDateStamp: "0000:00:00", G.GPSTimeStamp: (10, 0, 30)}, CLOCK),
        ({G.GPSDateStamp: "2024:05:01", G.GPSTimeStamp: (10, IFDRational(0, 0), 30)}, CLOCK),
        ({G.GPSDateStamp: "2024:05:01", G.GPSTimeStamp: (4e9, 4e9, 4e9)}, CLOCK),
    ],
)
def test_times_in_utc_find_the_part_of_the_track(tags, exif):
    image = photo(down(GimbalYawDegree=0), tags, exif)
    assert driving_direction(image, track=straight(25.0)).degrees == pytest.approx(65, abs=0.02)


@pytest.mark.parametrize(
    ("exif", "reason"),
    [
        ({}, "does not say when it was taken (GPSTimeStamp, DateTimeOriginal)"),
        ({B.DateTimeOriginal: "2024:05:01 10:00:30"}, "time (DateTimeOriginal) is of an unknown zone"),
        (CLOCK | {B.OffsetTimeOriginal: "   :  "}, "is of an unknown zone"),
        (CLOCK | {B.DateTimeOriginal: "    :  :     :  :  "}, "does not say when it was taken"),
        (
            CLOCK | {B.OffsetTimeOriginal: "+01:00"},
            "no point within 30 s of the photo: that is of 2024-05-01 11",
        ),
    ],
)
def test_photos_outside_the_track_or_of_unknown_time(exif, reason):
    image = photo(down(GimbalYawDegree=0), gps(50.0), exif)  # the photo's own course does not stand in
    assert_vertical(driving_direction(image, track=straight(25.0)), reason)


def test_a_track_does_not_help_photos_that_do_not_look_down():
    assert_vertical(driving_direction(photo({}, NOON), track=straight(25.0)), "does not say that it looks")


@pytest.mark.parametrize("start", [(52.0, 13.0), (-52.0, -13.0)])
def test_the_track_must_pass_the_photos_place(start):
    track = straight(0.0, start=start)
    latitude, longitude = track.segments[0][30, :2]
    there = photo(down(GimbalYawDegree=0), NOON | place(latitude, longitude))
    assert driving_direction(there, track=track).degrees == pytest.approx(90, abs=0.02)
    elsewhere = photo(down(GimbalYawDegree=0), NOON | place(latitude + 0.01, longitude))
    assert_vertical(driving_direction(elsewhere, track=track), "m from the photo's place at its time")
    damaged = place(latitude + 0.01, longitude) | {G.GPSLatitude: (52, IFDRational(1, 0), 0)}
    unplaced = photo(down(GimbalYawDegree=0), NOON | damaged)
    assert driving_direction(unplaced, track=track).degrees == pytest.approx(90, abs=0.02)


# Maps

MIDDLE = (13.0, 52.0)
DEGREES_OF_A_METRE = np.array([1 / 68_678, 1 / 111_267])  # of longitude and latitude there


def on_map(tmp_path, *paths, crs="EPSG:32633", turn=0.0, middle=MIDDLE, oblong=1):
    """The direction in a turned map of 90 by 60 m and more, for paths in metres from its middle."""
    rasterio = pytest.importorskip("rasterio")
    from affine import Affine
    from rasterio.warp import transform
    from tests.results.rasters import write

    (x,), (y,) = transform("EPSG:4326", crs, [middle[0]], [middle[1]])
    size = Affine.scale(0.1, -0.1 * oblong)
    if crs == "EPSG:4326":
        size = Affine.scale(*(0.1 * DEGREES_OF_A_METRE * (1, -1)))
    pixels = Affine.translation(x, y) @ size @ Affine.rotation(turn) @ Affine.translation(-450, -300)
    file = write(tmp_path / "a.tif", np.zeros((600, 900), np.uint8), crs=crs, transform=pixels)
    segments = [
        np.column_stack((np.array(MIDDLE) + np.array(path) * DEGREES_OF_A_METRE)[:, ::-1].T) for path in paths
    ]
    track = Track(tuple(np.column_stack([part, np.full(len(part), math.nan)]) for part in segments))
    with rasterio.open(file) as image:
        return driving_direction_on_map(image, track)


CONVERGENCE = 2 * math.sin(math.radians(52))
"""Degrees between true north and that of UTM's zone 33, whose middle is 2° to the east."""

# Metres to the east and to the north.
AT_30_DEGREES = [(40 * math.cos(math.pi / 6) * k, 20 * k) for k in (-5, -1, 0.3, 2, 5)]


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        ("EPSG:4326", 30),
        ("EPSG:3857", 30),
        ("EPSG:32633", 30 - CONVERGENCE),
        ("EPSG:25833", 30 - CONVERGENCE),
    ],
)
def test_the_direction_on_a_map_is_that_of_the_nearest_part_of_the_track(tmp_path, crs, expected):
    elsewhere = [(-20, 100), (-20, -100)]
    found = on_map(tmp_path, elsewhere, AT_30_DEGREES, crs=crs)
    assert found is not None and found.degrees == pytest.approx(expected, abs=0.1)
    assert found.source == "track, 0 m from the image's middle"
    found = on_map(tmp_path, [(x + 30, y) for x, y in AT_30_DEGREES], elsewhere, crs=crs)
    assert found is not None and found.source == "track, 15 m from the image's middle"


@pytest.mark.parametrize("oblong", [1, 2])
def test_a_turned_map_of_square_or_oblong_pixels_turns_the_direction(tmp_path, oblong):
    found = on_map(tmp_path, AT_30_DEGREES, turn=20, oblong=oblong)
    angle = math.radians(30 - CONVERGENCE)
    seen = math.degrees(math.atan2(math.sin(angle) / oblong, math.cos(angle)))
    assert found is not None and found.degrees == pytest.approx(seen + 20, abs=0.1)
    assert found.source == "track, 0 m from the image's middle"


def test_distances_on_a_turned_map_of_oblong_pixels(tmp_path):
    found = on_map(tmp_path, [(-30, 12), (30, 12)], turn=20, oblong=2)
    assert found is not None and found.source == "track, 12 m from the image's middle"


def test_the_road_bends(tmp_path):
    bend = [(-60, 0), (0, 0), (12, 12), (20, 60)]
    found = on_map(tmp_path, [(x - 6, y - 5) for x, y in bend])
    assert found is not None and 10 < found.degrees < 80


@pytest.mark.parametrize(("north", "known"), [(29, True), (79, True), (81, False)])
def test_a_track_beside_the_map_counts_up_to_fifty_metres(tmp_path, north, known):
    found = on_map(tmp_path, [(-200, north), (200, north)])
    assert (found is not None) == known
    if found is not None:
        assert min(found.degrees, 180 - found.degrees) == pytest.approx(0, abs=2)


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
@pytest.mark.parametrize("profile", [{}, {"crs": 'LOCAL_CS["site",UNIT["metre",1]]'}])
def test_a_map_without_a_place_on_the_earth_has_no_direction(tmp_path, profile):
    rasterio = pytest.importorskip("rasterio")
    from rasterio.transform import from_origin
    from tests.results.rasters import write

    if profile:
        profile |= {"transform": from_origin(0, 0, 0.1, 0.1)}
    with rasterio.open(write(tmp_path / "a.tif", np.zeros((60, 90), np.uint8), **profile)) as image:
        assert driving_direction_on_map(image, straight(0.0)) is None


def test_a_track_on_the_other_side_of_the_earth(tmp_path):
    assert on_map(tmp_path, AT_30_DEGREES, middle=(15.0, -52.0)) is None
