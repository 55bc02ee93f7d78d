"""Measuring again without a scale: each photo keeps its own (complaint 8: calibration lost on the way)."""

from dataclasses import replace

import numpy as np
import pytest
from tests.results.conftest import IN_MM, of

from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.measure.severity import NOT_GRADED
from upcracknet.results import MeasureOptions, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.writing import open_results


def test_a_correction_leaves_the_others_and_their_millimetres_alone(photos, detect, measure, tmp_path):
    """As docs/corrections.md has it: `upcracknet measure out`."""
    before = of(detect(photos, measure=IN_MM)[0])
    name = min(before)
    write_correction(read_results(tmp_path / "out"), Correction(name, "rejected"))
    records, counts, _ = measure(MeasureOptions())
    assert [record.name for record in records] == [name]
    assert records[0].scale_source == "given: 2 mm per pixel" and records[0].crack_length_m == 0
    others = sum(record.crack_length_m for other, record in before.items() if other != name)
    assert counts.crack_length_m == pytest.approx(others, abs=1e-3)


def test_another_standard_grades_by_the_same_scale(photos, detect, measure):
    _, before = detect(photos, measure=IN_MM)
    records, counts, _ = measure(replace(MeasureOptions(), standard="fhwa-ltpp"))
    assert {record.millimetres_per_pixel for record in records} == {2.0}
    assert counts.crack_length_m == pytest.approx(before.crack_length_m, abs=1e-3)
    assert {} != counts.severity_length_m.keys() <= {"low", "moderate", "high", NOT_GRADED}


def test_each_photo_keeps_its_own_scale_or_none(photos, detect, measure, tmp_path):
    SurveyScales().including(Scale.uniform(3.0), str(photos / "day-0")).write(tmp_path / "scale.json")
    detect(photos, measure=MeasureOptions(scale=tmp_path / "scale.json"))
    records, _, _ = measure(MeasureOptions(widths="mask"))
    scales = {record.name: record.millimetres_per_pixel for record in records}
    assert len(scales) == 6
    assert all(scale == (3 if name.startswith("day-0") else None) for name, scale in scales.items())


def test_photos_that_were_not_measured_yet_get_the_scale_of_the_others(photos, detect, measure, tmp_path):
    detect(photos / "day-0", measure=IN_MM)
    detect(photos, measure=None)
    measure(MeasureOptions())
    assert {record.millimetres_per_pixel for record in read_results(tmp_path / "out").records()} == {2.0}


def test_another_scale_takes_its_place(photos, detect, measure):
    detect(photos, measure=IN_MM)
    records, _, _ = measure(MeasureOptions(millimetres_per_pixel=5.0))
    assert {record.millimetres_per_pixel for record in records} == {5.0}


def test_a_run_that_was_ended_loses_no_scale(photos, detect, measure, tmp_path):
    """Killed after the measures of a photo were forgotten and before there were others."""
    SurveyScales().including(Scale.uniform(3.0), str(photos / "day-0")).write(tmp_path / "scale.json")
    detect(photos, measure=MeasureOptions(scale=tmp_path / "scale.json"))
    with open_results(tmp_path / "out") as results:
        for record in [*results.records()]:
            bare = results.forget_measures(record)
            assert bare.cracks is None and bare.crack_length_px is None
    records, counts, _ = measure(MeasureOptions(standard="fhwa-ltpp"))
    assert counts.measured == len(records) == 6
    scales = {record.name: record.millimetres_per_pixel for record in records}
    assert all(scale == (3 if name.startswith("day-0") else None) for name, scale in scales.items())


def test_a_photo_that_could_not_be_measured_keeps_its_scale(photos, detect, measure, tmp_path):
    name = min(of(detect(photos / "day-0", measure=IN_MM)[0]))
    results = read_results(tmp_path / "out")
    write_correction(results, Correction(name, "corrected"), np.eye(64, 96, dtype=bool))
    mask = tmp_path / "out" / "corrections" / f"{name}.png"
    whole = mask.read_bytes()
    mask.write_bytes(whole[:50])
    (record,), counts, _ = measure(MeasureOptions())
    assert "not measured" in record.measure_warning and counts.measured == counts.done - 1
    mask.write_bytes(whole)
    (record,), _, _ = measure(MeasureOptions())
    assert record.millimetres_per_pixel == 2.0
