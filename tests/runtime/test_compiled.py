"""What stands in a scorer for its network; several threads, and processes that are forked."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from upcracknet import CrackDetector
from upcracknet.data.synthetic import synthesize_road
from upcracknet.errors import WeightsError
from upcracknet.runtime import PROCESSOR, CompiledNetwork, SixteenBitNetwork

ENGINES = ("torch", "onnx", "openvino")


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
    answer = SixteenBitNetwork(network)(images)
    assert answer.dtype == torch.float32
    assert network.weight.dtype == torch.float32
    torch.testing.assert_close(answer, network(images), atol=0.02, rtol=0.02)


@pytest.fixture(scope="module")
def photos():
    return [synthesize_road(seed, 96, 128).photo for seed in (5, 7, 11, 13)]


@pytest.mark.parametrize(("model", "preset"), [("weights", None), ("up-cracknet-32", "authors")])
@pytest.mark.parametrize("engine", ENGINES)
def test_threads_get_the_scores_of_their_own_photos(photos, weights, engine, model, preset):
    if preset and engine != "torch":
        pytest.skip("dropout runs in PyTorch alone")
    if engine != "torch":
        pytest.importorskip("openvino")
    detector = CrackDetector.from_pretrained(
        weights if model == "weights" else model, preset=preset, runtime=engine
    )
    alone = [detector.detect(photo).score for photo in photos]
    turns = [number % len(photos) for number in range(12 if preset else 80)]
    before = torch.get_num_threads()
    with ThreadPoolExecutor(4) as pool:
        scores = [*pool.map(lambda number: detector.detect(photos[number]).score, turns)]
    for number, score in zip(turns, scores, strict=True):
        np.testing.assert_array_equal(score, alone[number])
    assert torch.get_num_threads() == before


def test_pytorch_gets_its_threads_back_also_after_an_error():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError), PROCESSOR.beside_an_engine():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def _in_child(detector, photo, answers):
    again = CrackDetector.from_pretrained("local-contrast")
    answers.put((detector.detect(photo).score, again.detect(photo).score, torch.get_num_threads()))


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_detector_works_in_a_forked_process(photos, weights, engine):
    if engine != "torch":
        pytest.importorskip("openvino")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        detector = CrackDetector.from_pretrained(weights, runtime=engine)
        expected = detector.detect(photos[0]).score  # its threads exist from here on
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        child = context.Process(target=_in_child, args=(detector, photos[0], answers), daemon=True)
        with PROCESSOR.claimed():  # as if another thread were at work
            child.start()
        score, _, child_threads = answers.get(timeout=60)
        child.join()
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_allclose(score, expected, atol=1e-6)
    assert child_threads == 1
