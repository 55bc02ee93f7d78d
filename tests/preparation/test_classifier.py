"""The classifier of cells, and what it learns from."""

import numpy as np
import torch

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import paint_cracks, synthesize_road
from upcracknet.data.undamaged import Window
from upcracknet.preparation.classifier import (
    CLEARLY_CRACKED,
    CellClassifier,
    TrainingCrop,
    confident_cells,
    confident_crops,
    crack_probabilities,
    normalize,
    painted_crops,
    train_classifier,
)
from upcracknet.preparation.scores import cell_sums


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


def test_it_is_small_and_answers_for_each_cell():
    network = CellClassifier()
    assert sum(value.numel() for value in network.parameters()) < 100_000
    assert network(torch.zeros(2, 1, 64, 96)).shape == (2, 4, 6)


def test_brighter_light_falls_out():
    photo = synthesize_road(0, 96, 96, cracks=False, distractors=False).photo // 2
    np.testing.assert_allclose(normalize(photo), normalize(photo + np.uint8(100)), atol=0.02)


def test_grey_against_tone_and_roughness_around():
    photo = np.full((130, 130, 3), 100, np.uint8)
    photo[::2] = 120  # mean 110, deviation 10, but for half a pixel's weight of the odd window
    normalized = normalize(photo)[65]
    np.testing.assert_allclose(normalized, (100 - 110) / (2 * 12), atol=0.02)


def test_painted_cracks_are_learned_and_the_same_seed_learns_the_same():
    def road(seed):
        return synthesize_road(seed, 64, 64, surface="asphalt", cracks=False, distractors=False).photo

    def cracked(photo, seed):
        return paint_cracks(photo, np.random.default_rng(seed), widths=(4.0, 6.0), depths=(0.6, 0.8))

    crops = []
    for seed in range(10):
        photo, mask = cracked(road(seed), seed)
        target = np.where(cell_sums(mask) >= 8, 1, 0).astype(np.float32)
        crops += [TrainingCrop(road(seed), np.zeros_like(target)), TrainingCrop(photo, target)]
    calls: list[tuple[int, int]] = []
    network = train_classifier(crops, seed=1, steps=60, progress=lambda *done: calls.append(done))
    assert calls[-1] == (60, 60)
    photo, mask = cracked(road(99), 99)
    probabilities, cracks = crack_probabilities(network, photo), cell_sums(mask)
    assert probabilities[cracks >= 16].mean() > probabilities[cracks == 0].mean() + 0.3
    first, second = (train_classifier(crops[:4], seed=2, steps=2) for _ in range(2))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_remainder_of_a_photo_belongs_to_no_cell():
    network = CellClassifier().eval()
    assert crack_probabilities(network, np.zeros((70, 90, 3), np.uint8)).shape == (4, 5)
