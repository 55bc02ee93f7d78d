import numpy as np
import torch

from upcracknet.data.synthetic import paint_cracks, synthesize_road
from upcracknet.preparation.classifier import (
    CellClassifier,
    crack_probabilities,
    normalize,
    train_classifier,
)
from upcracknet.preparation.scores import cell_sums
from upcracknet.preparation.training_crops import TrainingCrop


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
