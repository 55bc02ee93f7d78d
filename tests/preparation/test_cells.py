import cv2
import numpy as np
import pytest

from upcracknet.preparation.cells import CELL, cell_sums, detector_cells, flat_cells


def test_a_cell_has_the_strongest_blurred_score_over_the_median():
    score = np.random.default_rng(0).random((40, 60)).astype(np.float32)
    blurred = cv2.GaussianBlur(score, (0, 0), 3.0)
    found = detector_cells(score)
    assert found.shape == (2, 3)
    for row, column in np.ndindex(2, 3):
        part = blurred[row * CELL :, column * CELL :][:CELL, :CELL]
        assert found[row, column] == pytest.approx(part.max() / np.median(blurred), rel=1e-4)


def test_a_score_twice_as_high_gives_the_same_cells():
    score = np.random.default_rng(0).random((48, 48)).astype(np.float32)
    np.testing.assert_allclose(detector_cells(score), detector_cells(2 * score), rtol=1e-4)


def test_sums_count_pixels():
    mask = np.zeros((35, 48), np.bool_)
    mask[0, 0] = mask[15, 15] = mask[16, 40] = mask[34, 0] = True  # the last row belongs to no cell
    assert cell_sums(mask).tolist() == [[2, 0, 0], [0, 0, 1]]


def test_overexposed_cells_are_flat():
    photo = np.random.default_rng(0).integers(90, 150, (32, 32, 3), np.uint8)
    photo[:16, :16] = 255
    assert flat_cells(photo).tolist() == [[True, False], [False, False]]
