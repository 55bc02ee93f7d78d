"""Corrections of images that are read in windows: the mask has their place, and a wrong size is refused."""

import os

import cv2
import numpy as np
import pytest

pytest.importorskip("rasterio")

import rasterio
from tests.results.rasters import UTM, write

from upcracknet.errors import DataError
from upcracknet.results import MeasureOptions, read_results, worker
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import Correction


@pytest.fixture
def results(detect, tmp_path):
    photo = np.full((600, 700, 3), 150, np.uint8)
    photo[:200] = 0  # no data
    photo[300:304, 100:400] = 40
    write(tmp_path / "map.tif", photo, nodata=0, **UTM)
    detect(tmp_path / "map.tif", measure=MeasureOptions())
    return read_results(tmp_path / "out")


@pytest.mark.parametrize("given", ["array", "png", "tif"])
def test_a_corrected_map(results, measure, tmp_path, given):
    mask = np.zeros((600, 700), bool)
    mask[400:406, 100:300] = True
    source = mask
    if given != "array":
        source = tmp_path / f"corrected.{given}"
        cv2.imwrite(str(source), mask * np.uint8(255))
    write_correction(results, Correction("map.tif", "corrected"), source)
    with rasterio.open(results.file("corrections/map.tif.tif")) as file:
        assert np.array_equal(file.read(1), mask * 255)
        assert (file.crs, file.transform[0]) == ("EPSG:32633", 0.002)
    (record,) = measure(MeasureOptions())[0]
    assert record.crack_pixels == 1200
    assert record.area_share == pytest.approx(1200 / (400 * 700), abs=1e-6)  # of what it shows
    assert record.crack_length_m == pytest.approx(0.4, abs=0.005)
    write_correction(results, Correction("map.tif", "rejected", "sealed"))
    (record,) = measure(MeasureOptions())[0]
    assert (record.crack_pixels, record.crack_length_m) == (0, 0.0)
    withdraw_correction(results, "map.tif")
    (record,) = measure(MeasureOptions())[0]
    assert record.crack_pixels > 0
    assert record.review_status is None


def test_a_wrong_size(results, tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((60, 70), np.uint8))
    with pytest.raises(DataError, match=r"small\.png: 70x60 pixels, expected 700x600"):
        write_correction(results, Correction("map.tif", "corrected"), tmp_path / "small.png")


def test_an_image_that_changes_while_it_is_scored_stands_in_no_ones_way(tmp_path, detect, monkeypatch):
    """It is one failure, and the next run does it."""
    photo = np.random.default_rng(0).integers(90, 140, (60, 90, 3), np.uint8)
    path = write(tmp_path / "road.tif", photo, **UTM)
    real = worker.detect_raster

    def changed(*arguments, **options):
        found = real(*arguments, **options)
        os.utime(path, ns=(1, 1))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(worker, "detect_raster", changed)
        (record,), _ = detect(path)
    assert record.status == "failed"
    assert not [*(tmp_path / "out" / "masks").rglob("*.tif")]
    (record,), _ = detect(path)
    assert record.status == "done"
