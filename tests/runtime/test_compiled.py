"""What stands in a scorer for its network."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from upcracknet.errors import WeightsError
from upcracknet.runtime import BFloat16Network, CompiledNetwork


class Answer(NamedTuple):
    logits: Tensor
    side: tuple[Tensor, ...] = ()


class Means(nn.Module):
    size_multiple = 4

    def forward(self, images):
        return Answer(images.mean(dim=1))


def test_answers_have_the_networks_form():
    network = CompiledNetwork(lambda images: [2 * images.mean(axis=1)], "onnx", Means(), "means.onnx")
    answer = network(torch.ones(3, 3, 8, 4))
    assert isinstance(answer, Answer)
    assert torch.equal(answer.logits, torch.full((3, 8, 4), 2.0))
    assert answer.side == ()


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda images: [images], r"answers of \(1, 3, 4, 4\), expected \(1, 4, 4\)"),
        (lambda images: [], "expected"),
        (lambda images: [images.mean(axis=1)] * 2, "expected"),
        (lambda images: 1 / 0, "onnx cannot run this network"),
    ],
)
def test_an_engine_that_fails_or_answers_otherwise_is_named(run, message):
    with pytest.raises(WeightsError, match=message) as caught:
        CompiledNetwork(run, "onnx", Means(), "means.onnx")(torch.ones(1, 3, 4, 4))
    assert str(caught.value).startswith("means.onnx: ")


def test_an_engines_long_text_becomes_a_short_line():
    def run(images: np.ndarray) -> list[np.ndarray]:
        raise RuntimeError("at place 0x7f\n" * 500)

    with pytest.raises(WeightsError) as caught:
        CompiledNetwork(run, "onnx", Means(), "means.onnx")(torch.ones(1, 3, 4, 4))
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


def test_16_bits_answer_in_32():
    network = nn.Conv2d(3, 1, 1)
    network.size_multiple = 1
    images = torch.rand(1, 3, 4, 4)
    answer = BFloat16Network(network)(images)
    assert answer.dtype == torch.float32
    assert network.weight.dtype == torch.float32
    torch.testing.assert_close(answer, network(images), atol=0.02, rtol=0.02)
