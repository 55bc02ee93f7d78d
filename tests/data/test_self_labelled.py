import numpy as np

from upcracknet.data.self_labelled import SelfLabelledPhoto


def test_a_piece_has_the_scores_of_its_own_pixels():
    photo = np.zeros((10, 12, 3), np.uint8)
    score = np.arange(120, dtype=np.uint8).reshape(10, 12)
    photo[..., 0] = score
    for seed in range(5):
        piece, scores = SelfLabelledPhoto(photo, score).crop(4, 50, np.random.default_rng(seed))
        assert piece.shape == (4, 12, 3)
        np.testing.assert_allclose(piece[..., 0] / 255, scores, atol=1e-6)
