"""Faults of use: signals, pipes, two processes, photos and clocks that change, full disks, threads."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.faults.commands import COMMANDS
from tests.faults.injection import Fault, watched
from tests.faults.outcomes import files
from tests.faults.use import CLAIMED, UNCLAIMED
from tests.faults.worlds import LIGHT, detect, road

from upcracknet import CrackDetector
from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE
from upcracknet.cli.main import run
from upcracknet.locks import claimed

ROOT = Path(__file__).parents[2]
content = files("out")

INTERRUPT = """
import os, signal, sys
def hook(event, arguments):
    if event == "import" and arguments[0] == sys.argv[1] and armed.pop() is None:
        signal.raise_signal(signal.SIGINT)
armed = [None]
sys.addaudithook(lambda event, arguments: armed and hook(event, arguments))
module, sys.argv = sys.argv[1], sys.argv[1:]
from upcracknet.__main__ import main
sys.argv = ["upcracknet", *sys.argv[1:]]
main()
"""


def process(*words: str, **how) -> subprocess.Popen:
    """A command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "upcracknet", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True, **how
    )


class TestSignals:
    @pytest.mark.parametrize("module", ["cyclopts", "numpy", "torch"])
    def test_ctrl_c_while_libraries_are_loaded(self, world, module):
        """In the first half second there is no run yet that could be interrupted."""
        words = ["detect", str(world / "photos"), "-o", str(world / "out"), *LIGHT]
        code = INTERRUPT.replace("sys.argv[1] and", f"{module!r} and")
        ended = subprocess.run(
            [sys.executable, "-c", code, module, *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 130
        assert "Traceback" not in ended.stderr
        assert not (world / "out").exists()

    def test_ctrl_c_twice(self, world, undisturbed, capsys):
        """Also while the tables are written after the first one."""

        def press_again() -> None:
            again = Fault(world, "replace out/*.csv", lambda: signal.raise_signal(signal.SIGINT))
            pressed.enter_context(watched(again))
            signal.raise_signal(signal.SIGINT)

        with ExitStack() as pressed, watched(Fault(world, "replace out/records/*", press_again)):
            assert detect(world) == 130
        assert "Traceback" not in capsys.readouterr().err
        assert detect(world) == 0
        assert content(world) == undisturbed

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_the_system_ends_it(self, world, undisturbed, number):
        """At the first record; the next run does the rest, and nothing is locked."""
        words = ("detect", str(world / "photos"), "-o", str(world / "out"), *LIGHT, "--scores", "png")
        words += ("--crack-pictures", "--millimetres-per-pixel", "2")
        with process(*words, stdout=subprocess.DEVNULL) as running:
            while not [*(world / "out").glob("records/*")] and running.poll() is None:
                time.sleep(0.005)
            running.send_signal(number)
            message = running.stderr.read()
        assert running.returncode in (0, -number)  # it may have been faster
        assert "Traceback" not in message
        assert detect(world) == 0
        assert content(world) == undisturbed


class TestStandardOutput:
    def test_who_reads_has_enough(self, world):
        """As with `| head -1`: the pipe is closed before anything is written."""
        words = ("detect", str(world / "photos"), "-o", str(world / "out"), *LIGHT)
        reading, writing = os.pipe()
        os.close(reading)
        with process(*words, stdout=writing) as running:
            os.close(writing)
            message = running.stderr.read()
        assert running.returncode == 141
        assert "Traceback" not in message and "BrokenPipe" not in message

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
    def test_a_full_disk_behind_it(self, world):
        words = ("detect", str(world / "photos"), "-o", str(world / "out"), *LIGHT)
        with Path("/dev/full").open("w") as full, process(*words, stdout=full) as running:
            message = running.stderr.read()
        assert running.returncode == EXIT_FAILED
        assert "error: standard output cannot be written (No space left on device)" in message
        assert "Traceback" not in message
        assert len([*(world / "out" / "records").iterdir()]) == 3


class TestTwoProcesses:
    @pytest.mark.parametrize("name", CLAIMED)
    def test_the_second_one_is_refused(self, tmp_path, capsys, name):
        here, command = tmp_path / "world", COMMANDS[name]
        here.mkdir()
        command.prepare(here)
        before = command.outcome(here)
        with claimed(here / command.output / ".upcracknet" / "lock"):
            capsys.readouterr()
            assert command.run(here) == EXIT_FAILED
        message = capsys.readouterr().err
        assert f"in work by process {os.getpid()}" in message
        assert command.outcome(here) == before

    @pytest.mark.parametrize("name", UNCLAIMED)
    def test_both_are_whole(self, tmp_path, name):
        """Where nothing is claimed: the second one begins while the first one writes."""
        here, command = tmp_path / "world", COMMANDS[name]
        here.mkdir()
        command.prepare(here)
        codes = []
        with watched(Fault(here, f"write {command.output}/*", lambda: codes.append(command.run(here)))):
            codes.append(command.run(here))
        assert codes == [0, EXIT_FAILED if command.only_once else 0]
        found = command.outcome(here)
        shutil.rmtree(here / command.output)
        assert command.run(here) == 0
        assert command.outcome(here) == found


class TestChanges:
    @pytest.mark.parametrize(
        "moment", ["read photos/0.jpg", "replace out/masks/0.jpg.png", "replace out/records/0.jpg.json"]
    )
    @pytest.mark.parametrize("older", [False, True], ids=["newer", "older"])
    def test_a_photo_that_is_replaced_is_not_believed(self, world, moment, older):
        """Whenever it is, by a newer or an older one: the next run looks again."""

        def replace() -> None:
            path = world / "photos" / "0.jpg"
            before = path.stat().st_mtime_ns
            cv2.imwrite(str(path), road(7))
            if older:
                os.utime(path, ns=(before - 10**12, before - 10**12))

        with watched(Fault(world, moment, replace)):
            assert detect(world) in (0, EXIT_INCOMPLETE)
        assert detect(world) == 0
        found = content(world)
        shutil.rmtree(world / "out")
        assert detect(world) == 0
        assert content(world) == found

    def test_a_folder_of_photos_that_is_gone(self, world, undisturbed, capsys):
        with watched(Fault(world, "read photos/1.jpg", lambda: (world / "photos").rename(world / "away"))):
            assert detect(world) == EXIT_INCOMPLETE
        assert "failed: " in capsys.readouterr().err
        (world / "away").rename(world / "photos")
        assert detect(world) == 0
        assert content(world) == undisturbed

    @pytest.mark.parametrize("years", [-20, 20])
    def test_clocks_that_are_wrong(self, world, undisturbed, monkeypatch, years):
        """The clock jumps while it runs, and photos are of another time: only what changes counts."""
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + years * 365 * 86400)
        with watched(Fault(world, "replace out/masks/*", lambda: monkeypatch.setattr(time, "time", now))):
            assert detect(world) == 0
        assert content(world) == undisturbed
        then = time.time_ns() + years * 365 * 86400 * 10**9
        for photo in (world / "photos").iterdir():
            os.utime(photo, ns=(then, then))
        assert detect(world) == 0  # again, as the photos have another time
        stamps = {json.loads(path.read_bytes())["stamp"].split()[1] for path in world.glob("out/records/*")}
        assert stamps == {str(then)}
        before = content(world)
        assert detect(world) == 0
        assert content(world) == before


class TestManyAtOnce:
    def test_one_detector_in_eight_threads(self):
        detector = CrackDetector.from_pretrained("local-contrast")
        photos = [road(number % 5) for number in range(40)]
        expected = [detector.detect(photo).mask for photo in photos[:5]]
        with ThreadPoolExecutor(8) as threads:
            found = [*threads.map(lambda photo: detector.detect(photo).mask, photos)]
        assert all(np.array_equal(mask, expected[number % 5]) for number, mask in enumerate(found))

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_processes_of_a_program_that_detected_itself(self, method):
        """In a program of its own: what a fork finds of threads depends on what ran before."""
        ended = subprocess.run(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name("processes.py")), method],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout) == (0, "the same\n"), ended.stderr


@pytest.mark.parametrize("number", range(1, 6))
def test_measuring_is_asked_for_while_photos_are_changed(world, number):
    """Whichever of the records is read when its photo changes, `measure` says so or takes the mask."""
    assert detect(world) == 0
    change = Fault(world, "read photos/*", lambda: cv2.imwrite(str(world / "photos/0.jpg"), road(9)), number)
    with watched(change):
        assert run(["measure", str(world / "out"), "--standard", "fhwa-ltpp"]) == 0
    assert change.met
    for path in world.glob("out/records/*"):
        assert json.loads(path.read_bytes())["crack_count"] is not None
