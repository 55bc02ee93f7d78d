"""Scales made from files, and the options that contradict each other."""

import numpy as np
import pytest
from PIL import Image

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.results.scaling import ScaleOptions, make_scale

POINTS, CORNERS = ["10,20", "310,420"], ["130,120", "490,121", "610,470.5", "10,469"]


@pytest.fixture
def road(tmp_path):
    Image.new("RGB", (640, 480), (90, 90, 90)).save(tmp_path / "straße.jpg")
    return str(tmp_path / "straße.jpg")


def test_each_source(road):
    assert make_scale("1.2", ScaleOptions()).scale.millimetres_per_pixel == pytest.approx(1.2)
    made = make_scale(road, ScaleOptions(points=POINTS, millimetres=1000.0))
    assert made.scale.millimetres_per_pixel == pytest.approx(2)
    assert made.scale.size == (480, 640)
    assert made.marks == ((10, 20), (310, 420))
    made = make_scale(road, ScaleOptions(rectangle=CORNERS, size="3500x5000"))
    places = made.scale.to_road(np.array(made.marks))
    np.testing.assert_allclose(places, [(0, 0), (3500, 0), (3500, 5000), (0, 5000)], atol=0.5)


def test_the_upright_size_counts(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg", exif=exif)
    options = ScaleOptions(points=["3,3", "40,60"], millimetres=9.0)
    assert make_scale(str(tmp_path / "a.jpg"), options).scale.size == (64, 48)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (None, {}, "expected one source"),
        ("1.2", {"raster": "a.tif"}, "expected one source"),
        (None, {"raster": "a.tif", "drone": "a.jpg"}, "expected one source"),
        ("a.jpg", {"points": POINTS, "rectangle": CORNERS}, "expected one source"),
        (None, {"points": POINTS, "millimetres": 9.0}, "expected one source"),
        ("a.jpg", {"points": POINTS}, "--points and --millimetres go together"),
        ("a.jpg", {"millimetres": 9.0}, "--points and --millimetres go together"),
        ("a.jpg", {"rectangle": CORNERS}, "--rectangle and --size go together"),
        ("1.2", {"height": 9.0}, "--height is that of a drone"),
        ("road.jpg", {}, "road.jpg: expected millimetres per pixel, such as 1.2; for a photo add --points"),
    ],
)
def test_options_that_contradict_each_other(given, options, message, unchecked):
    with pytest.raises(ConfigurationError, match=message):
        make_scale(given, ScaleOptions(**options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ScaleOptions(points=["10;20", "3,4"], millimetres=9.0), "10;20: expected x,y in pixels"),
        (ScaleOptions(points=["1,2,3", "3,4"], millimetres=9.0), "1,2,3: expected x,y in pixels"),
        (ScaleOptions(rectangle=CORNERS, size="3500"), "3500: expected WIDTHxHEIGHT in millimetres"),
        (ScaleOptions(rectangle=CORNERS[:3], size="9x9"), "3 given, expected four corners"),
    ],
)
def test_places_that_are_none(road, options, message):
    with pytest.raises(ConfigurationError, match=message):
        make_scale(road, options)


def test_two_points_in_an_oblique_photo_are_refused(tmp_path):
    packet = b'<rdf:Description drone-dji:GimbalPitchDegree="-40.0"/>'
    Image.new("RGB", (640, 480)).save(tmp_path / "a.jpg", xmp=packet)
    with pytest.raises(ConfigurationError, match=r"tilted by 50°.*--rectangle"):
        make_scale(str(tmp_path / "a.jpg"), ScaleOptions(points=POINTS, millimetres=9.0))
    made = make_scale(str(tmp_path / "a.jpg"), ScaleOptions(rectangle=CORNERS, size="9x9"))
    assert made.scale.method == "rectangle"
    with pytest.raises(PhotoError, match="tilted by 50°"):
        make_scale(None, ScaleOptions(drone=tmp_path / "a.jpg"))


@pytest.mark.parametrize("way", ["raster", "drone"])
def test_files_that_cannot_be_read(tmp_path, way):
    if way == "raster":
        pytest.importorskip("rasterio")
    with pytest.raises(PhotoError, match=r"a\.tif: no such file"):
        make_scale(None, ScaleOptions(**{way: tmp_path / "a.tif"}))
    (tmp_path / "a.tif").write_bytes(b"II*\0no picture")
    with pytest.raises(PhotoError, match=r"a\.tif: "):
        make_scale(None, ScaleOptions(**{way: tmp_path / "a.tif"}))


def test_a_raster(tmp_path):
    pytest.importorskip("rasterio")
    from tests.results.rasters import UTM, write

    path = write(tmp_path / "a.tif", np.zeros((60, 90), np.uint8), **UTM)
    made = make_scale(None, ScaleOptions(raster=path))
    assert made.scale.millimetres_per_pixel == pytest.approx(2)
    assert made.save_grid(tmp_path / "grid.jpg") is None and not (tmp_path / "grid.jpg").exists()
