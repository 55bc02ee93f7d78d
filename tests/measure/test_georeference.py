"""How large a pixel is on the ground."""

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from affine import Affine  # noqa: E402
from rasterio.control import GroundControlPoint  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402
from rasterio.warp import transform as reproject  # noqa: E402
from tests.results.rasters import UTM, write  # noqa: E402

from upcracknet.errors import PhotoError  # noqa: E402
from upcracknet.measure.georeference import pixel_size  # noqa: E402
from upcracknet.measure.scale import Scale  # noqa: E402

ROAD = np.zeros((60, 90), np.uint8)


def size_of(tmp_path, **profile):
    with rasterio.open(write(tmp_path / "a.tif", ROAD, **profile)) as image:
        return pixel_size(image)


@pytest.mark.parametrize("latitude", [0, 30, 52, 60, -45])
def test_pixels_of_web_mercator_shrink_with_the_latitude(tmp_path, latitude):
    (x,), (y,) = reproject("EPSG:4326", "EPSG:3857", [10.0], [float(latitude)])
    stretched = 0.002 / np.cos(np.radians(latitude))
    found = size_of(tmp_path, crs="EPSG:3857", transform=from_origin(x, y, stretched, stretched))
    assert found == pytest.approx(2.0, rel=5e-3)  # the sphere of the projection is not the ellipsoid


def test_degrees_are_measured_on_the_ground(tmp_path):
    degree = 1e-3 / 111_412.9  # of latitude at 52°: the usual series for the ellipsoid, 111.27 km
    found = size_of(tmp_path, crs="EPSG:4326", transform=from_origin(10, 52, degree, degree))
    expected = np.sqrt(111_267 * 68_678) / 111_412.9  # metres of a degree there, along and across
    assert found == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("profile", "millimetres"),
    [
        (UTM, 2.0),
        ({"crs": "EPSG:32633", "transform": from_origin(500000, 5400000, 0.002, 0.004)}, 8**0.5),
        ({"crs": "EPSG:32633", "transform": Affine(0.002, 0.001, 5e5, 0, -0.002, 54e5)}, 2.0),  # sheared
        (
            {"crs": "EPSG:32633", "transform": Affine(0.0012, 0.0016, 5e5, 0.0016, -0.0012, 54e5)},
            2.0,
        ),  # turned
        ({"crs": "EPSG:2263", "transform": from_origin(980000, 200000, 0.01, 0.01)}, 3.048),  # feet
        ({"transform": from_origin(5e5, 58e5, 0.002, 0.002)}, None),
        pytest.param({}, None, marks=pytest.mark.filterwarnings("ignore:Dataset has no geotransform")),
    ],
)
def test_the_size_of_a_pixel(tmp_path, profile, millimetres):
    found = size_of(tmp_path, **profile)
    assert found == (millimetres if millimetres is None else pytest.approx(millimetres, rel=1e-3))


def test_a_local_system_has_no_place_on_the_earth(tmp_path):
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    assert size_of(tmp_path, crs=local, transform=from_origin(0, 0, 0.002, 0.002)) in (None, 2.0)


def scale_of(tmp_path, **profile) -> Scale:
    with rasterio.open(write(tmp_path / "a.tif", ROAD, **profile)) as image:
        return Scale.from_raster(image)


def lengths(scale: Scale) -> np.ndarray:
    """On the road, in millimetres: a step along a row, down a column, and along the diagonal."""
    places = scale.to_road(np.array([[0, 0], [1, 0], [0, 1], [1, 1]]))
    return np.hypot(*(places[1:] - places[0]).T)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (UTM, (2, 2, 8**0.5)),
        ({"crs": "EPSG:32633", "transform": from_origin(5e5, 54e5, 0.002, 0.004)}, (2, 4, 20**0.5)),
        (
            {"crs": "EPSG:32633", "transform": Affine(0.0012, 0.0016, 5e5, 0.0016, -0.0012, 54e5)},
            (2, 2, 8**0.5),
        ),
        (
            {"crs": "EPSG:32633", "transform": Affine(0.002, 0.001, 5e5, 0, -0.002, 54e5)},
            (2, 5**0.5, 13**0.5),
        ),
        (
            {"crs": "EPSG:2263", "transform": from_origin(980000, 2e5, 0.01, 0.01)},
            (3.048, 3.048, 4.3105),
        ),  # feet
    ],
    ids=["square", "oblong", "turned", "sheared", "feet"],
)
def test_lengths_on_a_raster(tmp_path, profile, expected):
    scale = scale_of(tmp_path, **profile)
    assert lengths(scale) == pytest.approx(expected, rel=1e-3)
    assert scale.method == "raster"
    assert scale.size is None  # a map's pixels are as large in a part of it
    right, down = (scale.to_road(np.array([place]))[0] for place in ([1, 0], [0, 1]))
    assert right[1] == pytest.approx(0) and right[0] > 0 < down[1]


def test_pixels_in_degrees_are_oblong_on_the_ground(tmp_path):
    degree = 2e-8
    scale = scale_of(tmp_path, crs="EPSG:4326", transform=from_origin(10, 52, degree, degree))
    assert lengths(scale)[:2] == pytest.approx([degree * 68_678e3, degree * 111_267e3], rel=1e-3)
    assert scale.millimetres_per_pixel is None
    assert "1.374×2.225 mm per pixel" in scale.source


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        pytest.param(
            {}, "does not say where it lies.*number",
            marks=pytest.mark.filterwarnings("ignore:Dataset has no geotransform"),
        ),
        ({"transform": from_origin(5e5, 58e5, 0.002, 0.002)}, "no reference system.*units are not known"),
        (
            {
                "crs": "EPSG:25833",
                "gcps": [GroundControlPoint(r, c, 5e5 + c, 58e5 - r) for r, c in ((0, 0), (0, 90), (60, 0))],
            },
            "control points alone.*gdalwarp",
        ),
    ],
    ids=["nothing", "transform alone", "control points"],
)  # fmt: skip
def test_a_raster_without_a_known_place_is_refused_by_name(tmp_path, profile, message):
    with pytest.raises(PhotoError, match=message) as caught:
        scale_of(tmp_path, **profile)
    assert "\n" not in str(caught.value)


def test_pixels_are_as_large_across_the_line_at_180_degrees(tmp_path):
    (east,), (north,) = reproject("EPSG:4326", "EPSG:32760", [180.0], [-17.0])
    place = from_origin(east - 10, north + 10, 0.05, 0.05)
    path = write(tmp_path / "fiji.tif", np.zeros((400, 400, 3), np.uint8), crs="EPSG:32760", transform=place)
    with rasterio.open(path) as image:
        sides = Scale.from_raster(image).millimetres_per_pixel_at(np.array([[200.0, 200.0]]))
    assert sides == pytest.approx([50.0], rel=0.002)
