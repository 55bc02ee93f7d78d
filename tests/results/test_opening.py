"""Which images are read in windows, and what is never opened."""

import cv2
import numpy as np
import pytest

pytest.importorskip("rasterio")

import rasterio
from rasterio.control import GroundControlPoint
from tests.results.rasters import UTM, write

from upcracknet.errors import PhotoError
from upcracknet.results import opening
from upcracknet.results.opening import is_for_windows, opened, place_is_lost

ROAD = np.random.default_rng(0).integers(90, 140, (60, 90, 3), np.uint8)


@pytest.fixture
def images(tmp_path):
    cv2.imwrite(str(tmp_path / "road.png"), ROAD)
    cv2.imwrite(str(tmp_path / "placed.jpg"), ROAD)
    (tmp_path / "placed.jgw").write_text("0.002\n0\n0\n-0.002\n500000\n5800000\n")
    cv2.imwrite(str(tmp_path / "UPPER.JPG"), ROAD)
    (tmp_path / "UPPER.jgw").write_text((tmp_path / "placed.jgw").read_text())
    write(tmp_path / "plain.tif", ROAD)
    write(tmp_path / "utm.tif", ROAD, **UTM)
    write(tmp_path / "transform.tif", ROAD, transform=UTM["transform"])
    points = [GroundControlPoint(0, 0, 5e5, 58e5), GroundControlPoint(0, 90, 5e5 + 1, 58e5)]
    write(
        tmp_path / "points.tif",
        ROAD,
        gcps=[*points, GroundControlPoint(60, 0, 5e5, 58e5 - 1)],
        crs="EPSG:25833",
    )
    write(tmp_path / "bands.tif", np.full((60, 90, 4), 30000, np.uint16))
    (tmp_path / "broken.tif").write_bytes(b"II*\x00nothing")
    return tmp_path


def test_which_images_are_read_in_windows(images):
    found = {path.name: is_for_windows(path) for path in images.iterdir() if path.suffix != ".jgw"}
    assert {name for name, windows in found.items() if windows} == {
        "placed.jpg", "UPPER.JPG", "utm.tif", "transform.tif", "points.tif", "bands.tif",
    }  # fmt: skip
    assert is_for_windows(images / "road.png", large=1000)
    assert is_for_windows(images / "plain.tif", large=1000)
    assert not is_for_windows(images / "broken.tif", large=1000)


def test_what_a_map_program_notes_beside_a_photo_gives_it_no_place(images):
    """QGIS writes it beside every picture that it has shown."""
    notes = "<PAMDataset><PAMRasterBand band='1'><Histograms/></PAMRasterBand></PAMDataset>"
    (images / "road.png.aux.xml").write_text(notes)
    assert not is_for_windows(images / "road.png")
    geo = "<SRS>EPSG:25833</SRS><GeoTransform>5e5, 0.002, 0, 58e5, 0, -0.002</GeoTransform>"
    (images / "road.png.aux.xml").write_text(f"<PAMDataset>{geo}</PAMDataset>")
    assert is_for_windows(images / "road.png")


def test_without_rasterio_no_image_is_and_a_lost_place_is_noticed(images, monkeypatch):
    assert not any(map(place_is_lost, images.iterdir()))
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    assert not any(map(is_for_windows, images.iterdir()))
    assert place_is_lost(images / "utm.tif")
    assert place_is_lost(images / "placed.jpg")
    assert not place_is_lost(images / "plain.tif")
    assert not place_is_lost(images / "road.png")


@pytest.mark.parametrize(
    "content",
    [
        '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">road.png</SourceFilename></SimpleSource></VRTRasterBand>'
        "</VRTDataset>",
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/</ServerUrl></Service></GDAL_WMS>',
        "/vsicurl/http://127.0.0.1:9/a.tif",
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n",
    ],
)
def test_descriptions_of_other_files_are_not_opened(images, content):
    path = images / "harmless.tif"
    path.write_text(content)
    assert not is_for_windows(path)
    with pytest.raises(PhotoError, match=r"harmless\.tif: not an image"), opened(path):
        pass


def test_the_cache_holds_a_row_of_tiles(tmp_path):
    from rasterio._env import get_gdal_config

    with opened(write(tmp_path / "small.tif", ROAD, **UTM)):
        assert get_gdal_config("GDAL_CACHEMAX") == 64_000_000
    wide = write(tmp_path / "wide.tif", np.zeros((16, 20_000, 3), np.uint8), **UTM)
    with opened(wide):
        assert get_gdal_config("GDAL_CACHEMAX") >= 768 * 20_000 * 3


VRT = (
    '<VRTDataset rasterXSize="45" rasterYSize="30"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
    "<SourceFilename>/etc/hostname</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
)


@pytest.mark.parametrize("suffix", [".ovr", ".msk"])
def test_what_lies_beside_an_image_must_be_a_tiff(tmp_path, suffix):
    path = write(tmp_path / "road.tif", ROAD, **UTM)
    write(tmp_path / "copy.tif", ROAD[::2, ::2]).rename(f"{path}{suffix}")
    with opened(path) as image:
        assert image.width == ROAD.shape[1]
    (tmp_path / f"road.tif{suffix}").write_text(VRT)
    with pytest.raises(PhotoError, match="is no TIFF"), opened(path):
        pass


def test_an_image_that_names_another_file_is_not_opened(tmp_path):
    path = write(tmp_path / "road.tif", ROAD, **UTM)
    with rasterio.open(path, "r+") as image:
        image.update_tags(ns="OVERVIEWS", OVERVIEW_FILE="/vsicurl/http://127.0.0.1:9/a.tif")
    with pytest.raises(PhotoError, match="in another file"), opened(path):
        pass
    path = write(tmp_path / "other.tif", ROAD, **UTM)
    (tmp_path / "other.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">/etc/hostname</MDI></Metadata>'
        "</PAMDataset>"
    )
    with pytest.raises(PhotoError, match="in another file"), opened(path):
        pass


def test_an_image_that_claims_more_than_its_bytes_hold_is_refused(tmp_path):
    path = tmp_path / "sparse.tif"
    profile = {
        "width": 60_000,
        "height": 60_000,
        "count": 1,
        "dtype": "uint16",
        "tiled": True,
        "sparse_ok": True,
    }
    with rasterio.open(path, "w", driver="GTiff", blockxsize=8192, blockysize=8192, **profile, **UTM):
        pass
    assert path.stat().st_size < 20_000
    with pytest.raises(PhotoError, match="far more than a photo"), opened(path):
        pass
