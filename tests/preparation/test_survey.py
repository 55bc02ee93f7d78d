import hashlib

import numpy as np

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.preparation import open_detector, survey_photos
from upcracknet.preparation.cells import detector_cells, flat_cells


def test_unusable_photos_are_told_and_the_others_go_on(tmp_path, photo):
    save_image_atomically(tmp_path / "a.png", photo)
    save_image_atomically(tmp_path / "small.png", photo[:8])
    (tmp_path / "broken.png").write_bytes(b"not a photo")
    names = ["broken", "a", "small", "missing"]
    samples = [Sample(name, tmp_path / f"{name}.png", tmp_path / "no mask.png") for name in names]
    detector, weights = open_detector("local-contrast")
    failed, told = [], []
    surveyed = survey_photos(
        samples,
        detector,
        on_failure=lambda sample, error: failed.append(sample.name),
        progress=lambda *done: told.append(done),
    )
    assert weights is None
    assert [one.sample.name for one in surveyed] == ["a"]
    assert failed == ["broken", "small", "missing"]
    assert told[-1] == ("scoring", 4, 4)
    score = detector.detect(photo).score
    np.testing.assert_array_equal(surveyed[0].scores, detector_cells(score))
    np.testing.assert_array_equal(surveyed[0].flat, flat_cells(photo))


def test_a_trained_detector_comes_with_the_checksum_of_its_file(small_model):
    detector, weights = open_detector(str(small_model))
    assert detector.scorer.input_size == 64
    assert weights == hashlib.sha256(small_model.read_bytes()).hexdigest()
