"""Several threads, and processes that are forked."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.data.synthetic import synthesize_road
from upcracknet.runtime import PROCESSOR

ENGINES = ("torch", "onnx", "openvino")


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
