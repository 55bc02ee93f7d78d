"""Faults of use, command by command: clocks, forks, threads, two processes, photos that change."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from tests.faults.injection import Fault, watched
from tests.faults.shortcuts import in_cache
from tests.faults.steps import Step
from tests.faults.use import AT_ONCE, CHANGING, CLOCKS, FORKED
from tests.faults.worlds import road

from upcracknet import CrackDetector
from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE
from upcracknet.runtime import exports

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes")


def each(names):
    """The commands, each in the process that has its world."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"faults in {name}")) for name in names]
    )


@each(CLOCKS)
def test_a_clock_that_jumps_back(world_of, monkeypatch, name):
    """By twenty years, at the first file that is written."""
    here, now = world_of(name), time.time
    jump = Fault(here.folder, f"write {here.command.output}/*", lambda: None)
    monkeypatch.setattr(time, "time", lambda: now() + (0 if jump.met else 20 * 365 * 86400))
    with watched(jump):
        assert here.run() == here.command.done
    assert jump.met
    assert here.command.outcome(here.folder) == here.new


@each(FORKED)
def test_a_process_that_was_forked(world_of, killed, name):
    here = world_of(name)
    assert killed(here, Step("no step", "never")) == here.command.done
    assert here.command.outcome(here.folder) == here.new


@each(AT_ONCE)
def test_a_second_one_while_the_first_one_writes(world_of, name):
    here, codes = world_of(name), []
    second = Fault(here.folder, f"replace {here.command.output}/*", lambda: codes.append(here.run()))
    with watched(second):
        codes.append(here.run())
    assert second.met
    assert codes == AT_ONCE[name]
    assert here.command.outcome(here.folder) == here.new


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(name, number, marks=pytest.mark.xdist_group(f"faults in {name}"))
        for name, (_, times) in CHANGING.items()
        for number in range(1, times + 1)
    ],
)
def test_a_photo_that_is_replaced_while_it_is_read(world_of, capsys, name, number):
    """The next run leaves what it would have left if the photo had been there from the start."""
    here, place = world_of(name), CHANGING[name][0]

    def replace() -> None:
        cv2.imwrite(str(here.folder / place), road(7))

    change = Fault(here.folder, f"read {place}", replace, number)
    capsys.readouterr()
    with watched(change):
        code = here.run()
    message = capsys.readouterr().err
    assert change.met
    assert code in (0, EXIT_INCOMPLETE, EXIT_FAILED) and "Traceback" not in message
    assert code != EXIT_FAILED or "error: " in message
    if code and here.command.only_once:  # it asks for an empty folder, or another one
        shutil.rmtree(here.folder / here.command.output / "images", ignore_errors=True)
    if code or not here.command.only_once:
        code = here.run()
    again = code, here.command.outcome(here.folder)
    here.reset()
    replace()
    assert (here.run(), here.command.outcome(here.folder)) == again


@pytest.mark.xdist_group("faults in cache of exports")
def test_detectors_made_in_four_threads_are_exported_once(world_of):
    here = world_of("cache of exports")
    with in_cache(here.folder), pytest.MonkeyPatch.context() as patch:
        write, written = exports.write_graph, []

        def slow(network, path):
            written.append(path)
            time.sleep(0.02)  # time for another one to begin
            write(network, path)

        patch.setattr(exports, "write_graph", slow)

        def found(number: int) -> np.ndarray:
            detector = CrackDetector.from_pretrained(here.folder / "small.safetensors", runtime="onnx")
            return detector.detect(road(1)).score

        with ThreadPoolExecutor(4) as threads:
            scores = list(threads.map(found, range(4)))
    assert len(written) == 1
    assert all(np.array_equal(score, scores[0]) for score in scores)
