"""Answers that no longer count: of another mask of the model, or of another photo of the same name."""

import hashlib
import json
import os

import cv2
import numpy as np
import pytest
from tests.results.conftest import IN_MM, of
from tests.results.test_corrections import NAME, OTHER, corrected, line_mask

from upcracknet.results import read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction, read_correction
from upcracknet.results.reviewed import reviewed_photos
from upcracknet.results.suggesting import suggest


@pytest.fixture
def results(photos, detect, tmp_path):
    detect(photos, measure=IN_MM)
    return read_results(tmp_path / "out")


class TestAccepted:
    """Who accepts a mask says nothing of another one."""

    @pytest.fixture
    def detected_again(self, results, photos, detect):
        """One photo is accepted, one corrected, one rejected; then another method came."""
        write_correction(results, Correction(NAME, "accepted"))
        write_correction(results, corrected("day-0/004.png"), line_mask())
        write_correction(results, Correction("day-1/001.png", "rejected", "joint"))
        before = results.file(f"masks/{NAME}.png").read_bytes()
        records, _ = detect(photos, options=OTHER, measure=IN_MM)
        assert results.file(f"masks/{NAME}.png").read_bytes() != before
        return of(records)

    def test_it_holds_what_was_accepted(self, results):
        found = write_correction(results, Correction(NAME, "accepted"))
        mask = results.file(f"masks/{NAME}.png").read_bytes()
        assert found.accepted_sha256 == hashlib.sha256(mask).hexdigest()
        assert read_correction(results, NAME) == found
        assert write_correction(results, corrected(), line_mask()).accepted_sha256 is None

    def test_another_mask_is_not_accepted(self, detected_again):
        record = detected_again[NAME]
        assert record.review_status is None and "look at it again" in record.measure_warning
        assert record.crack_count is not None
        assert detected_again["day-0/004.png"].review_status == "corrected"
        assert detected_again["day-1/001.png"].review_status == "rejected"

    def test_neither_trained_on_nor_compared_with(self, detected_again, results):
        photos, left_out = reviewed_photos(results)
        assert [photo.name for photo in photos] == ["day-0/004.png", "day-1/001.png"]
        assert len(left_out) == 1 and left_out[0].startswith(NAME) and "look at it again" in left_out[0]
        assert NAME in suggest(results, 6)

    def test_the_same_mask_again_is_accepted(self, detected_again, photos, detect):
        record = of(detect(photos, measure=IN_MM)[0])[NAME]
        assert record.review_status == "accepted" and record.measure_warning is None

    def test_it_is_measured_once(self, detected_again, measure):
        assert measure(IN_MM)[0] == []

    @pytest.mark.parametrize("status", ["accepted", "corrected", "rejected"])
    def test_another_photo_of_the_same_name_is_another(self, results, photos, detect, status):
        correction = Correction(NAME, status)
        write_correction(results, correction, line_mask() if status == "corrected" else None)
        kept = (results.path / "corrections" / f"{NAME}.json").read_bytes()
        cv2.imwrite(str(photos / NAME), cv2.flip(cv2.imread(str(photos / NAME)), 1)[8:])
        record = of(detect(photos, measure=IN_MM)[0])[NAME]
        assert record.review_status is None and "is of another photo" in record.measure_warning
        assert record.crack_pixels == np.count_nonzero(cv2.imread(str(results.file(f"masks/{NAME}.png")), 0))
        assert not reviewed_photos(results)[0]
        assert (results.path / "corrections" / f"{NAME}.json").read_bytes() == kept
        write_correction(results, correction, line_mask()[8:] if status == "corrected" else None)
        assert len(reviewed_photos(results)[0]) == 1  # a new answer counts

    def test_a_copy_of_the_photo_is_the_same(self, results, photos, detect):
        write_correction(results, corrected(), line_mask())
        os.utime(photos / NAME, (1, 1))
        assert of(detect(photos, measure=IN_MM)[0])[NAME].review_status == "corrected"

    def test_an_answer_of_an_earlier_version_counts(self, results, photos, detect):
        path = results.path / "corrections" / f"{NAME}.json"
        write_correction(results, Correction(NAME, "accepted"))
        content = json.loads(path.read_bytes())
        del content["accepted_sha256"]
        path.write_text(json.dumps(content))
        records, _ = detect(photos, options=OTHER, measure=IN_MM)
        assert of(records)[NAME].review_status == "accepted"
