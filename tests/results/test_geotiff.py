"""How large a pixel is on the ground, and where a written image lies."""

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from affine import Affine  # noqa: E402
from rasterio.control import GroundControlPoint  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402
from rasterio.warp import transform as reproject  # noqa: E402
from tests.results.rasters import UTM, write  # noqa: E402

from upcracknet.errors import OutputError  # noqa: E402
from upcracknet.results import geotiff  # noqa: E402
from upcracknet.results.geotiff import pixel_size, write_geotiff  # noqa: E402

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


def test_a_file_that_cannot_be_read_again_is_not_believed(tmp_path, monkeypatch):
    """GDAL says nothing when a disk is full while it closes a file."""
    replacing = geotiff._require_readable

    def cutting(path, *rest):
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        replacing(path, *rest)

    monkeypatch.setattr(geotiff, "_require_readable", cutting)
    noise = np.random.default_rng(0).integers(0, 255, (600, 700), np.uint8)
    with (
        rasterio.open(write(tmp_path / "a.tif", noise, **UTM)) as image,
        pytest.raises(OutputError, match="cannot write"),
    ):
        write_geotiff(tmp_path / "m.tif", image, noise.shape, np.uint8, iter([noise]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize(
    "profile",
    [
        UTM,
        {"transform": from_origin(5e5, 58e5, 0.002, 0.002)},
        {
            "crs": "EPSG:25833",
            "gcps": [GroundControlPoint(r, c, 5e5 + c, 58e5 - r) for r, c in ((0, 0), (0, 90), (60, 0))],
        },
    ],
    ids=["system", "transform alone", "control points"],
)
def test_what_is_written_lies_where_the_image_lies(tmp_path, profile):
    mask = np.random.default_rng(0).integers(0, 2, (60, 90), np.uint8) * 255
    with rasterio.open(write(tmp_path / "a.tif", ROAD, **profile)) as image:
        parts = iter([mask[:7], mask[7:40], mask[40:]])
        write_geotiff(tmp_path / "mask.tif", image, (60, 90), np.uint8, parts, tmp_path)
        with rasterio.open(tmp_path / "mask.tif") as written:
            np.testing.assert_array_equal(written.read(1), mask)
            assert (written.crs, written.transform) == (image.crs, image.transform)
            assert [(p.row, p.col, p.x, p.y) for p in written.gcps[0]] == [
                (p.row, p.col, p.x, p.y) for p in image.gcps[0]
            ]
    assert not [*tmp_path.glob(".upcracknet*")]
