import cv2
import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.preparation import score_photos
from upcracknet.preparation.scores import CELL, cell_sums, cells_near, flat_cells, score_cells


def test_a_cell_has_the_strongest_blurred_score_over_the_median():
    score = np.random.default_rng(0).random((40, 60)).astype(np.float32)
    blurred = cv2.GaussianBlur(score, (0, 0), 3.0)
    found = score_cells(score)
    assert found.shape == (2, 3)
    for row, column in np.ndindex(2, 3):
        part = blurred[row * CELL :, column * CELL :][:CELL, :CELL]
        assert found[row, column] == pytest.approx(part.max() / np.median(blurred), rel=1e-4)


def test_a_score_twice_as_high_gives_the_same_cells():
    score = np.random.default_rng(0).random((48, 48)).astype(np.float32)
    np.testing.assert_allclose(score_cells(score), score_cells(2 * score), rtol=1e-4)


def test_sums_count_pixels():
    mask = np.zeros((35, 48), np.bool_)
    mask[0, 0] = mask[15, 15] = mask[16, 40] = mask[34, 0] = True  # the last row belongs to no cell
    assert cell_sums(mask).tolist() == [[2, 0, 0], [0, 0, 1]]


def test_overexposed_cells_are_flat():
    photo = np.random.default_rng(0).integers(90, 150, (32, 32, 3), np.uint8)
    photo[:16, :16] = 255
    assert flat_cells(photo).tolist() == [[True, False], [False, False]]


def test_cells_near_marked_pixels():
    mask = np.zeros((48, 64), np.bool_)
    mask[20, 12] = True  # 4 pixels from the next column of cells and from the first row
    assert np.argwhere(cells_near(mask)).tolist() == [[1, 0], [1, 1]]
    mask[19, 12] = True
    assert np.argwhere(cells_near(mask)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_unusable_photos_are_reported_and_the_others_go_on(tmp_path, photo):
    save_image_atomically(tmp_path / "a.png", photo)
    save_image_atomically(tmp_path / "small.png", photo[:8])
    (tmp_path / "broken.png").write_bytes(b"not a photo")
    names = ["broken", "a", "small", "missing"]
    samples = [Sample(name, tmp_path / f"{name}.png", tmp_path / "no mask.png") for name in names]
    detector = CrackDetector.from_pretrained("local-contrast")
    failed, calls = [], []
    scored = score_photos(
        samples,
        detector,
        on_failure=lambda sample, error: failed.append(sample.name),
        progress=lambda *done: calls.append(done),
    )
    assert [one.sample.name for one in scored] == ["a"]
    assert failed == ["broken", "small", "missing"]
    assert calls[-1] == ("scoring", 4, 4)
    found = detector.detect(photo)
    np.testing.assert_array_equal(scored[0].scores, score_cells(found.score))
    assert not (scored[0].cracked & ~cells_near(found.mask)).any()
    np.testing.assert_array_equal(scored[0].flat, flat_cells(photo))


@pytest.mark.parametrize(
    ("threshold", "specks_count"),
    [(Threshold(), False), (Threshold(floor=1e-3), True), (Threshold(level=0.1), True)],
)
def test_specks_count_as_cracks_but_for_a_rule_that_marks_some_on_any_road(tmp_path, threshold, specks_count):
    road = np.random.default_rng(0).integers(140, 144, (96, 96, 1), np.uint8).repeat(3, axis=2)
    road[10:16, 10:16] = road[70:73, 8:60] = 40  # a speck, and a crack
    save_image_atomically(tmp_path / "road.png", road)
    scorer = CrackDetector.from_pretrained("local-contrast").scorer
    (scored,) = score_photos([Sample("road", tmp_path / "road.png")], CrackDetector(scorer, threshold))
    assert scored.cracked[4, :4].all()
    assert scored.cracked[0, 0] == specks_count
    assert not scored.cracked[2, 3:].any()
