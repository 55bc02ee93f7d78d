import numpy as np
import pytest
import torch

from upcracknet.baselines.supervised.deepcrack19 import EPSILON, RADIUS, Deepcrack19, guided_filter, refine


def test_parameters():
    with torch.device("meta"):
        network = Deepcrack19()
    assert sum(parameter.numel() for parameter in network.parameters()) == 14_720_389


def test_the_answer_is_a_weighted_sum_of_the_side_outputs():
    network = Deepcrack19().train()
    answer = network(torch.randn(2, 3, 32, 32))
    weights = network.fusion.weight.flatten()
    expected = sum(weight * side for weight, side in zip(weights, answer.side, strict=True))
    torch.testing.assert_close(answer.logits, expected)


def naive_guided_filter(guide, image, radius, epsilon):
    """Algorithm 1 of He et al. with windows cut out one by one."""
    height, width = guide.shape

    def window(row, column):
        return np.s_[
            max(row - radius, 0) : min(row + radius + 1, height),
            max(column - radius, 0) : min(column + radius + 1, width),
        ]

    slope, offset = np.empty_like(guide), np.empty_like(guide)
    for place in np.ndindex(guide.shape):
        g, i = guide[window(*place)], image[window(*place)]
        slope[place] = np.mean((g - g.mean()) * (i - i.mean())) / (g.var() + epsilon)
        offset[place] = i.mean() - slope[place] * g.mean()
    filtered = np.empty_like(guide)
    for place in np.ndindex(guide.shape):
        filtered[place] = slope[window(*place)].mean() * guide[place] + offset[window(*place)].mean()
    return filtered


@pytest.mark.parametrize(("radius", "epsilon"), [(1, 1e-3), (RADIUS, EPSILON)])
def test_guided_filter_against_windows_one_by_one(radius, epsilon):
    random = np.random.default_rng(0)
    guide, image = random.random((19, 26)), random.random((19, 26))
    expected = naive_guided_filter(guide, image, radius, epsilon)
    np.testing.assert_allclose(guided_filter(guide, image, radius, epsilon), expected, atol=1e-12)


def test_refinement_filters_the_binary_answer():
    random = np.random.default_rng(1)
    fused, side = random.random((2, 20, 24)), random.random((2, 20, 24))
    refined = refine(torch.from_numpy(fused), torch.from_numpy(side))
    # As the authors' code does it: a guide of 8 bits, and an epsilon for such a one.
    expected = [
        naive_guided_filter(guide * 255, (answer > 0.31) * 1.0, 5, 1e-6 * 255**2)
        for guide, answer in zip(side, fused, strict=True)
    ]
    np.testing.assert_allclose(refined.numpy(), expected, atol=1e-9)


def test_refinement_draws_the_outline_to_the_edge_of_the_first_side_output():
    side = torch.full((1, 40, 40), 0.05)
    side[:, :, 18:22] = 0.95
    fused = torch.zeros(1, 40, 40)
    fused[:, :, 16:24] = 0.6
    refined = refine(fused, side)
    assert refined.dtype == fused.dtype
    middle = refined[0, 20]
    assert (middle[18:22] > 0.48).all()
    assert (middle[:16] < 0.48).all() and (middle[24:] < 0.48).all()
    # Where the answer reaches beyond the edge, it counts for less than inside.
    assert middle[17] < middle[18] - 0.3
