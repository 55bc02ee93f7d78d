"""Measures by scales, on rasters, and as pictures."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.results.conftest import IN_MM, of

from upcracknet.errors import ConfigurationError
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results import MeasureOptions


class TestScales:
    def test_one_for_each_folder(self, photos, detect, tmp_path):
        scales = SurveyScales(Scale.uniform(1.0)).including(Scale.uniform(2.5), str(photos / "day-1"))
        scales.write(tmp_path / "scale.json")
        found = of(detect(photos, measure=MeasureOptions(scale=tmp_path / "scale.json"))[0])
        assert {name[:5]: record.millimetres_per_pixel for name, record in found.items()} == {
            "day-0": 1,
            "day-1": 2.5,
        }

    def test_only_photos_whose_scale_changed_are_measured_again(self, photos, detect, measure, tmp_path):
        options = MeasureOptions(scale=tmp_path / "scale.json")
        SurveyScales(Scale.uniform(1.0)).write(tmp_path / "scale.json")
        detect(photos, measure=options)
        SurveyScales(Scale.uniform(1.0)).including(Scale.uniform(2.0), str(photos / "day-1")).write(
            options.scale
        )
        assert {record.name[:5] for record in measure(options)[0]} == {"day-1"}

    def test_one_of_another_shape_gives_a_warning_and_no_millimetres(self, photos, detect, tmp_path):
        scale = Scale.from_points([(10.0, 10.0), (10.0, 900.0)], 1000.0, (1000, 1000))
        SurveyScales(scale).write(tmp_path / "scale.json")
        records, counts = detect(photos, measure=MeasureOptions(scale=tmp_path / "scale.json"))
        assert counts.done == counts.measured == 6
        for record in records:
            assert record.crack_length_m is None and record.crack_length_px > 100
            assert "no millimetres: the photo has 96×64 pixels, but its scale" in record.measure_warning

    def test_one_that_differs_by_place(self, photos, detect, tmp_path):
        corners = [(20.0, 5.0), (75.0, 5.0), (95.0, 60.0), (2.0, 60.0)]
        scale = Scale.from_rectangle(corners, 100.0, 150.0, (64, 96))
        path = photos / "scale.json"
        SurveyScales(scale).write(path)
        for record in detect(photos, measure=MeasureOptions(scale=path))[0]:
            assert record.millimetres_per_pixel is None
            assert 0.1 < record.crack_length_m < 0.4
            mask = cv2.imread(str(tmp_path / "out" / record.mask), cv2.IMREAD_GRAYSCALE)
            sides_mm = scale.millimetres_per_pixel_at(np.argwhere(mask)[:, ::-1])
            assert record.crack_area_cm2 == pytest.approx((sides_mm**2).sum() / 100, rel=0.05)

    def test_an_oblique_photo_gets_no_millimetres_by_a_number(self, photos, detect, tmp_path):
        packet = b'<rdf:Description drone-dji:GimbalPitchDegree="-40.0"/>'
        with Image.open(photos / "day-0" / "000.png") as image:
            image.save(photos / "oblique.jpg", quality=95, xmp=packet)
        (record,) = detect(photos / "oblique.jpg", measure=IN_MM)[0]
        assert record.crack_length_m is None and record.crack_count
        assert "tilted by 50°" in record.measure_warning

    def test_nor_does_one_behind_an_address(self, photos, detect):
        fsspec = pytest.importorskip("fsspec")
        with Image.open(photos / "day-0" / "000.png") as image, fsspec.open("memory://a/b.jpg", "wb") as file:
            image.save(
                file, "jpeg", quality=95, xmp=b'<rdf:Description drone-dji:GimbalPitchDegree="-40.0"/>'
            )
        (record,) = detect("memory://a/b.jpg", measure=IN_MM)[0]
        assert "tilted by 50°" in record.measure_warning

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"scale": Path("scale.json"), "millimetres_per_pixel": 2.0}, "give one of them"),
            ({"scale": Path("nothing.json")}, "nothing.json: cannot be read"),
            ({"millimetres_per_pixel": 0.0}, "expected a number above 0"),
            ({"standard": "din"}, "no standard 'din'"),
            ({"direction": float("nan")}, "driving direction of nan"),
        ],
    )
    def test_impossible_options(self, photos, detect, measure, tmp_path, options, message, unchecked):
        with pytest.raises(ConfigurationError, match=message):
            detect(photos, measure=MeasureOptions(**options))
        assert not (tmp_path / "out").exists()
        detect(photos)
        with pytest.raises(ConfigurationError, match=message):
            measure(MeasureOptions(**options))


class TestPictures:
    def test_they_are_written_on_request_and_go_again(self, photos, detect, measure, tmp_path):
        records, _ = detect(photos, measure=replace(IN_MM, crack_pictures=True))
        assert all(cv2.imread(str(tmp_path / "out" / record.picture)).size for record in records)
        assert {record.picture for record in measure(IN_MM)[0]} == {None}
        assert not [*(tmp_path / "out" / "pictures").rglob("*.jpg")]

    def test_results_among_the_photos_are_no_photos(self, photos, detect):
        options = replace(IN_MM, crack_pictures=True)
        for _ in range(2):
            assert detect(photos, out=photos, measure=options)[1].photos == 6


class TestRasters:
    rasterio = pytest.importorskip("rasterio")

    @pytest.fixture
    def ortho(self, tmp_path):
        from tests.results.rasters import UTM, write

        road = np.random.default_rng(0).normal(160, 6, (300, 400, 3)).clip(0, 255).astype(np.uint8)
        for x in range(400):
            y = 150 + round(40 * np.sin(x / 30))
            road[y : y + 6, x] = 40
        return write(tmp_path / "ortho.tif", road, **UTM)

    def test_its_place_counts_before_a_number(self, ortho, detect, measure, tmp_path):
        options = MeasureOptions(millimetres_per_pixel=7.0, crack_pictures=True)
        (record,) = detect(ortho, measure=options)[0]
        assert record.mask == "masks/ortho.tif.tif" and record.measure_warning is None
        assert record.scale_source.startswith(f"georeference of {ortho}: 2×2 mm")
        assert record.millimetres_per_pixel == pytest.approx(2)
        x = np.arange(400)
        length_px = np.hypot(1, np.diff(40 * np.sin(x / 30))).sum()
        assert record.crack_length_m == pytest.approx(0.002 * length_px, rel=0.03)
        assert record.crack_area_cm2 == pytest.approx(record.crack_pixels * 0.04, abs=1e-3)
        assert (tmp_path / "out" / record.picture).stat().st_size > 5000
        found = json.loads((tmp_path / "out" / record.cracks).read_text())
        assert (
            found["direction"] is None and found["widths"] == "photo"
        )  # up is not a way of driving on a map
        given = replace(options, direction=0.0)
        (again,) = measure(given)[0]
        assert again.crack_length_m == record.crack_length_m
        ortho.unlink()
        (again,) = measure(options)[0]
        assert again.crack_length_m == pytest.approx(record.crack_length_m, rel=0.01)
        assert "by the mask alone" in again.measure_warning and again.picture is None
