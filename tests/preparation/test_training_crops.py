import numpy as np

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import synthesize_road
from upcracknet.data.undamaged import Window
from upcracknet.preparation.training_crops import (
    CLEARLY_CRACKED,
    confident_cells,
    confident_crops,
    painted_crops,
)


def road(tmp_path) -> Sample:
    photo = synthesize_road(3, 192, 256, cracks=False, distractors=False).photo
    save_image_atomically(tmp_path / "road.png", photo)
    return Sample("road", tmp_path / "road.png")


def test_painted_crops_are_marked_where_they_differ(tmp_path):
    sample, calls = road(tmp_path), []
    windows = [(sample, Window(32, 48, 128, 128)), (sample, Window(0, 0, 64, 64))]
    found = painted_crops(
        windows, 64, np.random.default_rng(0), pairs=6, progress=lambda *done: calls.append(done)
    )
    assert len(found) == 12
    assert calls[-1] == (6, 6)
    for plain, painted in zip(found[::2], found[1::2], strict=True):
        assert plain.photo.shape == painted.photo.shape == (64, 64, 3)
        assert (plain.cracked == 0).all()
        darker = (plain.photo.astype(int) - painted.photo).max(2) > 0
        cells = darker.reshape(4, 16, 4, 16).sum((1, 3))
        assert (cells[painted.cracked == 1] >= CLEARLY_CRACKED).all()
        assert set(painted.cracked[~np.isnan(painted.cracked)].tolist()) <= {0.0, 1.0}
    assert any((crop.cracked == 1).any() for crop in found)
    crops = {crop.photo.tobytes() for crop in found[::2]}
    photo = sample.photo()
    possible = {photo[:64, :64].tobytes()} | {
        photo[top : top + 64, left : left + 64].tobytes()
        for top in range(32, 97, 16)
        for left in range(48, 113, 16)
    }
    assert crops <= possible


def test_a_cell_is_evident_where_both_are_sure():
    scores = [np.arange(100, dtype=np.float32).reshape(10, 10)]
    maps = [np.full((10, 10), 0.9, np.float32)]
    maps[0][9, 9] = 0.1
    found = confident_cells(scores, maps)[0]
    assert np.argwhere(found).tolist() == [[9, 5], [9, 6], [9, 7], [9, 8]]


def test_crops_of_real_cracks_say_nothing_about_their_surroundings(tmp_path):
    sample = road(tmp_path)
    cracked = np.zeros((12, 16), np.bool_)
    cracked[0, 0] = cracked[11, 15] = cracked[5, 7] = True
    small = np.ones((2, 2), np.bool_)
    found = confident_crops([sample] * 2, [small, cracked], 64, np.random.default_rng(0), count=9)
    assert len(found) == 3
    for crop in found:
        assert crop.photo.shape == (64, 64, 3)
        assert np.nansum(crop.cracked) == 1
        assert np.isnan(crop.cracked).sum() == 15
    assert len(confident_crops([sample], [cracked], 64, np.random.default_rng(0), count=2)) == 2
