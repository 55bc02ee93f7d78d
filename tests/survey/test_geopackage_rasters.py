"""GeoPackages of georeferenced images."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from tests.results.rasters import UTM, write
from tests.survey.drawn_surveys import forked, layer, measured_photo, writable

from upcracknet.survey.geopackage import write_geopackage
from upcracknet.survey.records import Position, Survey, SurveyPhoto


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def raster_photo(out: Path, name: str, **profile) -> SurveyPhoto:
    """A georeferenced image, of which the mask lies where it lies."""
    position = Position(48.75, 15.0, "raster", "each crack")
    photo = measured_photo(out, name, position, mask=f"masks/{name}.tif")
    (out / "masks").mkdir(exist_ok=True)
    write(out / "masks" / f"{name}.tif", forked().astype(np.uint8) * 255, **(UTM | profile))
    return photo


def test_rasters_of_one_system_stay_in_it(out):
    write_geopackage(writable(out), Survey((raster_photo(out, "a.tif"), raster_photo(out, "b.tif"))))
    columns, lines, about = layer(out, "cracks")
    assert about["crs"] == "EPSG:32633"
    west, south, east, north = shapely.total_bounds(lines[:3])
    # The crack from pixel 20 to 379, in steps of 2 mm; half a pixel to the middle of one.
    assert (west, east) == pytest.approx((500_000.040, 500_000.760), abs=0.006)
    assert (south, north) == pytest.approx((5_399_999.655, 5_399_999.96), abs=0.006)
    shortest = min(range(3), key=lambda index: columns["length_px"][index])
    assert columns["bearing_deg"][shortest] % 180 == pytest.approx(0, abs=5)
    (point, _), about = layer(out, "photos")[1:]
    assert about["crs"] == "EPSG:32633"
    assert (point.x, point.y) == pytest.approx((500_000, 5_399_700), abs=500)


def test_a_raster_whose_mask_is_gone_costs_no_other(out):
    photos = raster_photo(out, "a.tif"), raster_photo(out, "b.tif")
    (out / "masks" / "b.tif.tif").unlink()
    (problem,) = write_geopackage(writable(out), Survey(photos)).damaged
    assert "b.tif.tif: cannot be read" in problem
    columns, _, about = layer(out, "cracks")
    assert set(columns["name"]) == {"a.tif"}
    assert about["crs"] == "EPSG:32633"


def test_rasters_of_several_systems_are_in_degrees(out):
    other = {"crs": "EPSG:32632"}
    write_geopackage(writable(out), Survey((raster_photo(out, "a.tif"), raster_photo(out, "b.tif", **other))))
    _, lines, about = layer(out, "cracks")
    assert about["crs"] == "EPSG:4326"
    longitudes = shapely.bounds(lines)[:, 0]
    assert longitudes[:3] == pytest.approx(15, abs=1e-4)  # the middle of zone 33
    assert longitudes[3:] == pytest.approx(9, abs=1e-4)
