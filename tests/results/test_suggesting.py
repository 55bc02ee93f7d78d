"""Doubt is expected error; suggestions are doubtful and unlike each other."""

import cv2
import numpy as np
import pytest

from upcracknet.results import DetectionOptions, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.suggesting import doubt, doubt_of_score, spread, suggest


class TestDoubt:
    def test_it_is_the_error_that_is_to_be_expected(self):
        """An oracle by chance: truths drawn by the scores, compared with the mask."""
        generator = np.random.default_rng(0)
        score = np.where(generator.random((400, 400)) < 0.3, generator.random((400, 400)), 0.0)
        mask, truth = score > 0.5, generator.random((400, 400)) < score
        iou = np.count_nonzero(mask & truth) / np.count_nonzero(mask | truth)
        assert doubt_of_score(score, 0.5) == pytest.approx(1 - iou, abs=0.02)

    def test_sure_scores_leave_none(self):
        score = np.zeros((100, 100))
        score[40:44] = 1.0
        assert doubt_of_score(score, 0.7) == 0
        assert doubt_of_score(np.zeros((100, 100)), 0.7) == 0

    def test_scores_at_the_threshold_leave_most(self):
        score = np.zeros((100, 100))
        score[40:44] = 0.7
        assert doubt_of_score(score, 0.7) > doubt_of_score(np.where(score, 0.9, 0.0), 0.7) > 0.1

    def test_a_clean_road_with_a_faint_haze_is_little_doubt(self):
        assert doubt_of_score(np.full((100, 100), 1e-5), 0.7) < 0.05

    def test_without_scores_short_parts_are_doubtful(self, photos, detect, tmp_path):
        records, _ = detect(photos)
        results = read_results(tmp_path / "out")
        line, dots = np.zeros((64, 96), np.uint8), np.zeros((64, 96), np.uint8)
        line[30:33] = 255
        dots[::12, ::12] = 255
        for record, mask in zip(records, (line, dots), strict=False):
            cv2.imwrite(str(results.file(record.mask)), mask)
        assert doubt(results, records[0]) == 0
        assert doubt(results, records[1]) > 0.5

    def test_files_that_are_gone(self, photos, detect, tmp_path):
        records, _ = detect(photos, options=DetectionOptions("local-contrast", runtime="torch", scores="png"))
        results = read_results(tmp_path / "out")
        results.file(records[0].score).unlink()
        assert doubt(results, records[0]) == 0


def test_the_most_doubtful_first_and_then_others_than_it():
    doubts = np.array([0.9, 0.95, 0.5, 0.1])
    looks = np.array([[0.0, 0.0], [0.1, 0.0], [5.0, 0.0], [0.0, 1.0]])
    assert spread(doubts, looks, looks[:0], 3) == [1, 2, 0]  # 0.9⁴ · 0.1 > 0.1⁴ · 1.0
    # What was corrected already is not asked for again in another photo.
    assert spread(doubts, looks, np.array([[5.0, 0.0]]), 1) == [1]
    assert spread(doubts, looks, looks[:2], 1) == [2]
    assert sorted(spread(doubts, looks, looks[:0], 9)) == [0, 1, 2, 3]


def test_suggestions_of_a_folder(photos, detect, tmp_path):
    for number in range(3):  # of another kind: dark, and few of them
        photo = np.random.default_rng(number).normal(30, 3, (64, 96, 3)).clip(0, 255).astype(np.uint8)
        photo[20:24] = 5
        cv2.imwrite(str(photos / f"day-1/night-{number}.png"), photo)
    (photos / "day-1/broken.png").write_bytes(b"none")
    detect(photos, options=DetectionOptions("local-contrast", runtime="torch", scores="png"))
    results = read_results(tmp_path / "out")
    chosen = suggest(results, 2)
    assert [("night" in name) for name in chosen] in ([True, False], [False, True])
    assert suggest(results, 2) == chosen
    everything = suggest(results, 50)
    assert len(everything) == 9 and everything[:2] == chosen
    write_correction(results, Correction(chosen[0], "accepted"))
    assert chosen[0] not in suggest(results, 50)


def test_nothing_is_left(photos, detect, tmp_path):
    records, _ = detect(photos)
    results = read_results(tmp_path / "out")
    for record in records:
        write_correction(results, Correction(record.name, "accepted"))
    assert suggest(results, 5) == []
