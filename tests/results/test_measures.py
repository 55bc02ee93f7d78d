"""Measures in the product: detect measures, measure does it again without detecting, nothing is lost."""

import json
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.results.conftest import content, cracks

from upcracknet.detection import CrackDetector
from upcracknet.errors import ConfigurationError, DataError, OutputError
from upcracknet.files import claimed
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results import MeasureOptions, inspecting, read_results
from upcracknet.results.records import MEASURES, Record, severity_rank
from upcracknet.results.remeasuring import open_remeasuring

IN_MM = MeasureOptions(millimetres_per_pixel=2.0)
LTPP = replace(IN_MM, standard="fhwa-ltpp")


@pytest.fixture
def measure(tmp_path):
    """Measures a result folder; gives the records made, the counts and the photos without a mask."""

    def run(options, folder=tmp_path / "out", *, overwrite=False):
        with open_remeasuring(folder, options, overwrite=overwrite) as remeasuring:
            records = list[Record]()
            counts, _ = remeasuring.run(records.append)
            return records, counts, remeasuring.without_mask

    return run


@pytest.fixture
def forbid_detection(monkeypatch):
    """From now on, a photo that is detected in is an error."""

    def refuse(detector, items):
        assert not [*items]
        return iter(())

    return lambda: monkeypatch.setattr(CrackDetector, "detect_each", refuse)


def of(records: list[Record]) -> dict[str, Record]:
    return {record.name: record for record in records}


class TestDetect:
    def test_each_crack_has_a_line(self, photos, detect, tmp_path):
        records, counts = detect(photos, measure=IN_MM)
        lines = cracks(tmp_path / "out")
        assert counts.measured == 6 and len(lines) == sum(record.crack_count for record in records) >= 6
        for name, record in of(records).items():
            own = [line for line in lines if line["name"] == name and line["kind"] != "joint"]
            assert float(own[0]["length_px"]) == pytest.approx(115, rel=0.1)  # the sine of conftest.py
            assert float(own[0]["width_mean_mm"]) == pytest.approx(2 * float(own[0]["width_mean_px"]), 1e-4)
            assert record.crack_length_m == pytest.approx(
                sum(float(line["length_mm"]) for line in own) / 1000, 1e-3
            )
            assert record.severity in {line["severity"] for line in own}
            assert record.scale_source == own[0]["scale_source"] == "given: 2 mm per pixel"
            assert own[0]["standard"] == "astm-d6433"

    def test_its_file_says_where_and_how(self, photos, detect, tmp_path):
        detect(photos, measure=IN_MM)
        found = json.loads((tmp_path / "out" / "cracks" / "day-0" / "000.png.json").read_text())
        assert (found["width"], found["height"], found["widths"]) == (96, 64, "photo")
        assert found["scale"]["millimetres_per_pixel"] == 2
        assert found["direction"] == {"degrees": 90, "source": "photo's vertical"}
        crack = found["cracks"][0]
        x, y = np.array(crack["axis"][0]).T
        assert np.abs(y - (21.5 + 5 * np.sin(x / 7))).max() < 2
        assert len(crack["width_along_px"][0]) == len(x)
        assert found["quantities"][0]["unit"] == "m"

    def test_both_tables_say_the_same(self, photos, detect, tmp_path):
        parquet = pytest.importorskip("pyarrow.parquet")
        detect(photos, measure=IN_MM)
        table = parquet.read_table(tmp_path / "out" / "cracks.parquet").to_pylist()
        texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table]
        assert texts == cracks(tmp_path / "out")

    def test_no_measure(self, photos, detect, tmp_path):
        records, counts = detect(photos, measure=None)
        assert counts.measured == 0 and not [*(tmp_path / "out").glob("cracks*")]
        assert all(getattr(record, name) is None for record in records for name in MEASURES)
        assert len(detect(photos)[0]) == 6
        assert detect(photos, measure=None)[0] == []  # what was measured stays
        assert len(cracks(tmp_path / "out")) >= 6

    def test_without_a_scale_there_are_no_millimetres(self, photos, detect, tmp_path):
        records, counts = detect(photos)
        assert counts.crack_length_m == 0 and counts.severity_length_m == {}
        assert (
            {record.severity for record in records} == {record.crack_length_m for record in records} == {None}
        )
        assert {
            line["severity"] + line["length_mm"] + line["scale_source"] for line in cracks(tmp_path / "out")
        } == {""}
        assert all(record.crack_length_px > 100 for record in records)

    def test_other_measures_are_no_new_detection(self, photos, detect, tmp_path, forbid_detection):
        detect(photos)
        forbid_detection()
        before = content(tmp_path / "out")
        records, counts = detect(photos, measure=LTPP)
        assert (len(records), counts.done) == (6, 6)
        after = content(tmp_path / "out")
        assert {name for name in before if before[name] != after[name]} == {
            name
            for name in after
            if name.startswith(("records/", "cracks/", "cracks.", "photos.", "summary"))
        }
        assert detect(photos, measure=LTPP)[0] == []

    def test_a_name_that_looks_like_a_formula(self, photos, detect, tmp_path):
        (photos / "day-0" / "000.png").rename(photos / "=1+1.png")
        detect(photos / "=1+1.png")
        assert {line["name"] for line in cracks(tmp_path / "out")} == {"./=1+1.png"}

    def test_a_defect_costs_neither_mask_nor_photos(self, photos, detect, tmp_path, monkeypatch):
        inspect, calls = inspecting.inspect, count()

        def failing(mask, *arguments, **options):
            if next(calls) % 2:
                raise ZeroDivisionError("by zero")
            return inspect(mask, *arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(inspecting, "inspect", failing)
            records, counts = detect(photos)
        assert counts.done == 6
        failed = [record for record in records if record.measures is None]
        assert len(records) - len(failed) == counts.measured
        for record in failed:
            assert (
                "not measured, by a defect of this program (ZeroDivisionError: by zero)"
                in record.measure_warning
            )
            assert (tmp_path / "out" / record.mask).exists()
        assert (
            failed and of(detect(photos)[0]).keys() == of(failed).keys()
        )  # the same command tries them again


class TestMeasure:
    def test_only_measures_change(self, photos, detect, measure, tmp_path):
        detect(photos)
        detected = content(tmp_path / "out")
        records, counts, _ = measure(IN_MM)
        again = content(tmp_path / "out")
        detect(photos, out=tmp_path / "other", measure=IN_MM)
        assert len(records) == counts.measured == 6
        assert again == content(tmp_path / "other")  # as if it had been detected so
        assert all(
            again[name] == detected[name] for name in detected if name.startswith(("masks/", "overlays/"))
        )
        assert measure(IN_MM)[0] == []
        assert len(measure(IN_MM, overwrite=True)[0]) == 6
        assert [path.name for path in (tmp_path / "out" / ".upcracknet").iterdir()] == ["lock"]

    def test_a_photo_that_the_scale_file_leaves_out_says_so(self, photos, detect, measure, tmp_path):
        detect(photos)
        SurveyScales().including(Scale.uniform(2.0), str(photos / "day-0")).write(tmp_path / "scale.json")
        records, _, _ = measure(MeasureOptions(scale=tmp_path / "scale.json"))
        for record in records:
            left_out = record.name.startswith("day-1/")
            assert (record.crack_length_m is None) == left_out
            assert (
                "the scale file has no scale for this photo" in (record.measure_warning or "")
            ) == left_out

    def test_a_photo_that_was_away_is_measured_again_once_it_is_back(self, photos, detect, measure, tmp_path):
        detect(photos, measure=None)
        photos.rename(tmp_path / "away")
        records, _, _ = measure(IN_MM)
        assert all("measured by the mask alone" in record.measure_warning for record in records)
        assert measure(IN_MM)[0] == []  # still away
        (tmp_path / "away").rename(photos)
        records, counts, _ = measure(IN_MM)
        assert len(records) == counts.measured == 6
        assert not any(record.measure_warning for record in records)
        assert measure(IN_MM)[0] == []

    def test_a_folder_of_before_there_were_measures(
        self, photos, detect, measure, tmp_path, forbid_detection
    ):
        detect(photos, measure=None)
        forbid_detection()
        for path in (tmp_path / "out" / "records").rglob("*.json"):
            record = {
                key: value for key, value in json.loads(path.read_text()).items() if key not in MEASURES
            }
            record["settings"]["millimetres_per_pixel"] = 3.0
            path.write_text(json.dumps(record))
        assert {record.measures for record in read_results(tmp_path / "out").records()} == {None}
        assert len(measure(IN_MM)[0]) == 6
        assert len(detect(photos, measure=LTPP)[0]) == 6

    def test_other_standards_grade_otherwise(self, photos, detect, measure):
        detect(photos, measure=IN_MM)
        assert {record.severity for record in measure(LTPP)[0]} == {"moderate"}
        wide = replace(LTPP, millimetres_per_pixel=20.0)
        records, counts, _ = measure(wide)
        assert {record.severity for record in records} == {"high"}
        assert counts.severity_length_m["high"] == pytest.approx(counts.crack_length_m, rel=1e-2)
        assert all("a pixel is 20 mm wide" in record.measure_warning for record in records)

    def test_without_the_photo_the_mask_is_measured(self, photos, detect, measure, tmp_path):
        detect(photos)
        (photos / "day-0" / "000.png").unlink()
        cv2.imwrite(str(photos / "day-0" / "002.png"), np.full((48, 48, 3), 99, np.uint8))
        found = of(measure(IN_MM)[0])
        assert "by the mask alone" in found["day-0/000.png"].measure_warning
        assert "has changed meanwhile" in found["day-0/002.png"].measure_warning
        assert found["day-0/004.png"].measure_warning is None
        for name, widths in (("000", "mask"), ("002", "mask"), ("004", "photo")):
            file = tmp_path / "out" / "cracks" / "day-0" / f"{name}.png.json"
            assert json.loads(file.read_text())["widths"] == widths
        assert measure(IN_MM)[0] == []
        found = of(measure(replace(IN_MM, widths="mask"))[0])
        assert "taken to have looked straight down" in found["day-0/000.png"].measure_warning
        assert found["day-0/004.png"].measure_warning is None
        assert {record.measure_warning for record in measure(MeasureOptions(widths="mask"))[0]} == {None}

    def test_a_mask_that_is_gone_is_named_and_stays_to_be_done(self, photos, detect, measure, tmp_path):
        detect(photos)
        (tmp_path / "out" / "masks" / "day-1" / "001.png.png").unlink()
        records, counts, without_mask = measure(IN_MM)
        assert without_mask == [str(photos / "day-1" / "001.png")]
        assert (len(records), counts.photos) == (5, 6)
        assert [record.name for record in detect(photos, measure=IN_MM)[0]] == ["day-1/001.png"]

    def test_a_moved_folder(self, photos, detect, measure, tmp_path):
        detect(photos)
        (tmp_path / "moved").mkdir()
        photos.rename(tmp_path / "moved" / "photos")
        (tmp_path / "out").rename(tmp_path / "moved" / "out")
        scales = SurveyScales().including(Scale.uniform(3.0), str(tmp_path / "moved" / "photos" / "day-1"))
        scales.write(tmp_path / "moved" / "scale.json")
        records, *_ = measure(
            MeasureOptions(scale=tmp_path / "moved" / "scale.json"), tmp_path / "moved" / "out"
        )
        found = {
            (record.name[:5], record.millimetres_per_pixel, record.measure_warning) for record in records
        }
        assert found == {("day-1", 3.0, None)}  # and of day-0 nothing has changed
        shutil.move(tmp_path / "moved", tmp_path / "again")
        again = MeasureOptions(scale=tmp_path / "again" / "scale.json")
        assert measure(again, tmp_path / "again" / "out")[0] == []

    def test_a_folder_in_use_or_none_at_all(self, photos, detect, measure, tmp_path):
        with pytest.raises(DataError, match="no result folder"):
            measure(IN_MM)
        assert not (tmp_path / "out").exists()
        detect(photos)
        with (
            claimed(tmp_path / "out" / ".upcracknet" / "lock"),
            pytest.raises(OutputError, match="in work by"),
        ):
            measure(IN_MM)

    def test_files_of_others_stay(self, photos, detect, measure, tmp_path):
        detect(photos, measure=None)
        mine = tmp_path / "out" / "cracks" / "day-1" / "003.png.json"
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        for run in (lambda: measure(IN_MM), lambda: detect(photos)):
            with pytest.raises(OutputError, match=r"003\.png\.json: in the way"):
                run()
        assert mine.read_text() == "mine"

    def test_damaged_cracks_are_named(self, photos, detect, tmp_path):
        detect(photos)
        file = tmp_path / "out" / "cracks" / "day-1" / "003.png.json"
        file.write_text('{"cracks": 3}')
        with pytest.raises(DataError, match=r"003\.png\.json: no file of cracks.*delete it"):
            detect(photos)
        file.unlink()
        assert [record.name for record in detect(photos)[0]] == ["day-1/003.png"]


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


def test_the_gravest_is_the_worst():
    words = [None, "cannot be graded", "low", "medium", "high"]
    assert [severity_rank(word) for word in words] == [0, 1, 2, 3, 4]
    assert severity_rank("moderate") == severity_rank("medium")
    bare = Record("a", "/a", None, "", "done", area_share=0.1)
    photos = [
        replace(bare, severity="high", crack_length_m=0.1),
        replace(bare, severity="low", crack_length_m=50.0),
        replace(bare, severity="low", crack_length_m=3.0),
        replace(bare, crack_length_px=900.0),
        bare,
    ]
    assert sorted(photos, key=lambda record: record.rank, reverse=True) == photos
