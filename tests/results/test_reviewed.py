"""Photos that people looked at: what counts, what the model said, and which cannot be taken."""

import numpy as np
import pytest
from tests.results.conftest import LIGHT

from upcracknet.results import DetectionOptions, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.reviewed import count_by_status, reviewed_photos
from upcracknet.results.scores import load_score

NAMES = [f"day-{number % 2}/{number:03}.png" for number in range(6)]


@pytest.fixture
def results(photos, detect, tmp_path):
    detect(photos, options=DetectionOptions("local-contrast", runtime="torch", scores="png"))
    return read_results(tmp_path / "out")


@pytest.fixture
def reviewed(results):
    """One photo accepted, one rejected, one corrected to have a bar."""
    mask = np.zeros((64, 96), bool)
    mask[10:14, 20:80] = True
    write_correction(results, Correction(NAMES[0], "accepted"))
    write_correction(results, Correction(NAMES[1], "rejected", reason="joint"))
    write_correction(results, Correction(NAMES[2], "corrected"), mask)
    return results, mask


def test_what_counts_and_what_the_model_said(reviewed):
    results, mask = reviewed
    photos, left_out = reviewed_photos(results)
    by_name = {photo.name: photo for photo in photos}
    assert left_out == [] and [*by_name] == sorted(NAMES[:3])
    accepted, rejected, corrected = (by_name[name] for name in NAMES[:3])
    assert accepted.answer().any() and np.array_equal(accepted.truth(), accepted.answer())
    assert rejected.answer().any() and not rejected.truth().any()
    assert np.array_equal(corrected.truth(), mask) and not np.array_equal(corrected.answer(), mask)
    assert corrected.photo().shape == (64, 96, 3)
    score = corrected.score()
    assert np.array_equal(score > corrected.record.threshold, corrected.answer())
    assert count_by_status(photos) == {"accepted": 1, "corrected": 1, "rejected": 1}


def test_one_that_is_damaged_costs_no_other(reviewed):
    results, _ = reviewed
    (results.path / "corrections" / f"{NAMES[1]}.json").write_text("{")
    (results.path / "corrections" / "stranger.png.json").write_text(
        Correction("stranger.png", "accepted").to_json().decode()
    )
    photos, left_out = reviewed_photos(results)
    assert [photo.name for photo in photos] == sorted([NAMES[0], NAMES[2]])
    assert ["delete it, or update" in left_out[0], "stranger" in left_out[1]] == [True, True]


def test_what_no_road_was_is_not_known(photos, detect, tmp_path):
    region = tmp_path / "region.json"
    region.write_text("[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]")
    detect(photos, options=DetectionOptions("local-contrast", runtime="torch", region=region))
    results = read_results(tmp_path / "out")
    write_correction(results, Correction(NAMES[0], "accepted"))
    ((photo,), _) = reviewed_photos(results)
    looked_at = photo.looked_at()
    assert looked_at[:, :48].all() and not looked_at[:, 48:].any()


@pytest.mark.parametrize("kind", ["png", "npy"])
def test_scores_are_read_whole_or_thinned(photos, detect, tmp_path, kind):
    records, _ = detect(photos, options=DetectionOptions("local-contrast", runtime="torch", scores=kind))
    results = read_results(tmp_path / "out")
    whole, thin = load_score(results, records[0]), load_score(results, records[0], 50)
    assert whole.shape == (64, 96) and 0 <= whole.min() < whole.max() <= 1
    assert np.array_equal(thin, whole[::2, ::2])


def test_no_score_was_stored(photos, detect, tmp_path):
    records, _ = detect(photos, options=LIGHT)
    assert load_score(read_results(tmp_path / "out"), records[0]) is None
