"""A corrected photo is measured as before, without the files that scale and direction came from."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.results.conftest import IN_MM

from upcracknet.errors import DataError
from upcracknet.results import read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import CORRECTION, Correction, correction_checksum
from upcracknet.results.remembering import measure_corrected
from upcracknet.results.writing import open_results

NAME = "day-0/002.png"


def bar() -> np.ndarray:
    """Sixty pixels from left to right, in a photo of 96×64."""
    mask = np.zeros((64, 96), bool)
    mask[10:14, 20:80] = True
    return mask


@pytest.fixture
def again(photos, detect, tmp_path):
    """Corrects a measured photo and measures it again; gives records before and after, and the cracks."""

    def run(change=lambda record, cracks: None, options=IN_MM):
        detect(photos, measure=options)
        with open_results(tmp_path / "out") as results:
            before = results.record(NAME)
            if before.cracks is not None:
                cracks = json.loads(results.file(before.cracks).read_text())
                change(before, cracks)
                results.file(before.cracks).write_text(json.dumps(cracks))
                results.finish(before)
            write_correction(results, Correction(NAME, "corrected", time="x"), bar())
            after = measure_corrected(NAME, results)
            return before, after, json.loads(results.file(after.cracks).read_text())

    return run


def without_correction(measures: dict) -> dict:
    return {name: value for name, value in measures.items() if name != CORRECTION}


@pytest.mark.parametrize(
    "options",
    [
        IN_MM,
        replace(IN_MM, standard="fhwa-ltpp", direction=30.0, widths="mask", crack_pictures=True),
        replace(IN_MM, millimetres_per_pixel=None),
    ],
)
def test_the_settings_stay(again, options, tmp_path):
    before, after, cracks = again(options=options)
    results = read_results(tmp_path / "out")
    assert without_correction(after.measures) == before.measures
    assert after.measures[CORRECTION] == correction_checksum(results, NAME)
    assert cracks["standard"] == options.standard and cracks["widths"] == options.widths
    assert after.review_status == "corrected"
    (crack,) = cracks["cracks"]
    assert crack["length_px"] == pytest.approx(60, abs=2)
    assert (crack["length_mm"] is None) == (options.millimetres_per_pixel is None)
    assert (after.picture is not None) == options.crack_pictures
    assert results.record(NAME) == after


def test_a_direction_that_a_track_gave(again):
    """The bar lies along the drive, so it is longitudinal; by the photo's vertical it would be transverse."""

    def driven(record, cracks):
        record.measures["track_sha256"] = "of a track that is gone"
        cracks["direction"] = {"degrees": 0.0, "source": "track, 3 m from the image's middle"}

    before, after, cracks = again(driven)
    assert without_correction(after.measures) == before.measures
    assert cracks["direction"] == {"degrees": 0.0, "source": "track, 3 m from the image's middle"}
    assert [crack["kind"] for crack in cracks["cracks"]] == ["longitudinal"]
    assert [crack["kind"] for crack in again()[2]["cracks"]] == ["transverse"]


def test_a_photo_that_was_never_measured(again):
    before, after, _ = again(options=None)
    assert before.measures is None and after.crack_length_px == pytest.approx(60, abs=2)
    assert after.crack_length_m is None


def test_a_record_that_does_not_say_how(again):
    with pytest.raises(DataError, match="does not say how it was measured"):
        again(lambda record, cracks: record.measures.pop("standard"))


def test_a_picture_that_is_no_longer_wanted_is_deleted(again, tmp_path):
    def unwanted(record, cracks):
        record.measures["pictures"] = False

    before, after, _ = again(unwanted, replace(IN_MM, crack_pictures=True))
    assert before.picture is not None and after.picture is None
    assert not (tmp_path / "out" / before.picture).exists()
