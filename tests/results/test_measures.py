"""Measures in the product: detect measures, measure does it again without detecting, nothing is lost."""

import json
import shutil
from dataclasses import replace
from itertools import count

import cv2
import numpy as np
import pytest
from tests.results.conftest import IN_MM, content, cracks, of

from upcracknet.detection import CrackDetector
from upcracknet.errors import DataError, OutputError
from upcracknet.locks import claimed
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results import MeasureOptions, inspecting, read_results
from upcracknet.results.records import MEASURES, Record, severity_rank

LTPP = replace(IN_MM, standard="fhwa-ltpp")


@pytest.fixture
def forbid_detection(monkeypatch):
    """From now on, a photo that is detected in is an error."""

    def refuse(detector, items):
        assert not [*items]
        return iter(())

    return lambda: monkeypatch.setattr(CrackDetector, "detect_each", refuse)


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
        assert (counts.crack_length_m, counts.severity_length_m, counts.network_area_m2) == (None, None, None)
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
        assert {record.measure_warning for record in measure(MeasureOptions(widths="mask"))[0]} == {None}
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
