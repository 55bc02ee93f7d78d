import json

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.self_labelled import SelfLabelledPhoto, open_results
from upcracknet.errors import DataError


def results(folder, *, score="scores/a.png", size=(20, 30)):
    """What `upcracknet detect --score png` leaves of two photos, one of which failed."""
    photo = folder / "a.jpg.png"
    save_image_atomically(photo, np.full((20, 30, 3), 90, np.uint8))
    values = np.linspace(0, 65535, size[0] * size[1]).reshape(size).astype(np.uint16)
    save_image_atomically(folder / "scores/a.png", values)
    rows = [
        {"photo": str(photo), "status": "done", "score": score},
        {"photo": "broken.jpg", "status": "failed", "score": ""},
    ]
    (folder / "summary.json").write_text(json.dumps({"photos": rows}))
    return folder


def test_finished_photos_come_with_their_scores(tmp_path):
    (labelled,) = open_results([results(tmp_path)])
    assert labelled.photo.shape == (20, 30, 3)
    assert labelled.score.shape == (20, 30)
    assert (labelled.score[0, 0], labelled.score[-1, -1]) == (0, 255)
    assert labelled.score[10, 0] == pytest.approx(255 * 300 / 599, abs=1)


def test_a_piece_has_the_scores_of_its_own_pixels():
    photo = np.zeros((10, 12, 3), np.uint8)
    score = np.arange(120, dtype=np.uint8).reshape(10, 12)
    photo[..., 0] = score
    for seed in range(5):
        piece, scores = SelfLabelledPhoto(photo, score).crop(4, 50, np.random.default_rng(seed))
        assert piece.shape == (4, 12, 3)
        np.testing.assert_allclose(piece[..., 0] / 255, scores, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": ""}, "--score png"),
        ({"score": "scores/b.png"}, "missing, or not of the size"),
        ({"size": (20, 31)}, "missing, or not of the size"),
    ],
)
def test_results_that_do_not_serve(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        open_results([results(tmp_path, **change)])


def test_no_results(tmp_path):
    with pytest.raises(DataError, match=r"no summary\.json"):
        open_results([tmp_path])
    (tmp_path / "summary.json").write_text('{"photos": []}')
    with pytest.raises(DataError, match="no photo was finished"):
        open_results([tmp_path])
