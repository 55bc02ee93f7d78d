"""Where a written image lies."""

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.control import GroundControlPoint  # noqa: E402
from rasterio.transform import from_origin  # noqa: E402
from tests.results.rasters import UTM, write  # noqa: E402

from upcracknet.errors import OutputError  # noqa: E402
from upcracknet.results import geotiff  # noqa: E402
from upcracknet.results.geotiff import write_geotiff  # noqa: E402

ROAD = np.zeros((60, 90), np.uint8)


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
