"""What is found block by block is what is found in the whole map."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from upcracknet.detection import CrackDetector, Threshold, rows
from upcracknet.detection.batches import Batches
from upcracknet.detection.rows import level_of_rows, mask_rows, scored_rows
from upcracknet.detection.scorer import BaseScorer
from upcracknet.detection.tiling import cut
from upcracknet.errors import PhotoError


def blocks(score: np.ndarray, heights: list[int]):
    def rows():
        top = 0
        while top < len(score):
            for height in heights:
                if top < len(score):
                    yield score[top : top + height]
                top += height

    return rows


@given(
    seed=st.integers(0, 1000),
    heights=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    share=st.sampled_from([0.03, 0.2, 0.4, 0.6]),
    extent=st.sampled_from([0, 3, 8]),
    hysteresis=st.sampled_from([0.0, 0.95, 0.99]),
)
def test_masks_are_those_of_the_whole_map(seed, heights, share, extent, hysteresis):
    score = np.random.default_rng(seed).random((41, 29), np.float32)
    level = 1 - share
    threshold = Threshold(level, hysteresis=hysteresis, minimum_extent=extent)
    found = np.concatenate(list(mask_rows(blocks(score, heights), threshold, level)))
    assert np.array_equal(found, threshold.mask(score))


def test_a_crack_across_many_blocks_is_one_crack():
    score = np.zeros((40, 20), np.float32)
    score[np.arange(40), np.arange(40) // 2] = 0.6  # touches itself at corners only
    score[35, 17] = 0.99  # the one certain pixel lies in the last block
    threshold = Threshold(0.5, hysteresis=0.9, minimum_extent=30)
    found = np.concatenate(list(mask_rows(blocks(score, [4]), threshold, 0.5)))
    assert found.sum() == 40
    assert not np.concatenate(list(mask_rows(blocks(score[:34], [4]), threshold, 0.5))).any()


@pytest.mark.parametrize("threshold", [Threshold(0.3), Threshold(), Threshold(floor=0.9)])
def test_the_level_is_that_of_the_whole_map(threshold):
    score = np.random.default_rng(0).random((50, 40), np.float32) ** 3
    assert level_of_rows(threshold, blocks(score, [7])) == pytest.approx(threshold.level_of(score), abs=1e-6)
    flat = np.full((4, 4), 0.25, np.float32)
    assert level_of_rows(Threshold(), blocks(flat, [2])) == Threshold().level_of(flat)


class Smoothed(BaseScorer):
    """Scores that depend on a pixel's surroundings, and on where in its tile it lies."""

    name, input_size = "smoothed", 32

    def score(self, images):
        grey = 1 - images.mean(dim=1, keepdim=True)
        return torch.nn.functional.avg_pool2d(grey, 5, 1, 2)[:, 0]


@pytest.mark.parametrize("size", [(150, 100), (32, 90), (20, 25), (33, 32)])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_scores_are_those_of_the_whole_photo(size, batch_size, monkeypatch):
    monkeypatch.setattr(rows, "BLOCK", 10)
    photo = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    whole = CrackDetector(Smoothed(), Threshold(0.5), overlap=8).detect(photo)
    seen = []
    given = list(
        scored_rows(
            Batches(Smoothed(), batch_size), lambda tile: cut(photo, tile), size, (32, 32), 8, name="photo",
            progress=lambda done, total: seen.append((done, total)),
        )
    )  # fmt: skip
    assert np.array_equal(np.concatenate(given), whole.score)
    assert seen[-1][0] == seen[-1][1]
    assert max(map(len, given)) == 10


def test_an_image_by_rows_is_the_image_at_once(tmp_path):
    photo = np.random.default_rng(1).integers(0, 255, (150, 100, 3), np.uint8)
    detector = CrackDetector(Smoothed(), Threshold(hysteresis=0.7, minimum_extent=4), overlap=8)
    whole = detector.detect(photo)
    found = detector.detect_rows(lambda tile: cut(photo, tile), (150, 100), "photo", tmp_path / "scores")
    assert found.level == pytest.approx(whole.threshold, abs=1e-6)
    assert np.array_equal(np.concatenate(list(found.scores())), whole.score)
    assert np.array_equal(np.concatenate(list(found.masks())), whole.mask)
    with pytest.raises(PhotoError, match="tiny: 90×8 pixels"):
        detector.detect_rows(lambda tile: photo, (8, 90), "tiny", tmp_path / "scores")
