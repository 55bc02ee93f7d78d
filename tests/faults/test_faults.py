"""Each fault at each step: nothing is lost, nothing foreign touched, the next run is right, the message true.

What a fault leaves is held against an undisturbed run byte by byte: a file is there as it should be, as it
was before, or not at all.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE

import pytest
from tests.faults.commands import COMMANDS
from tests.faults.injection import Fault, matches, touches, watched
from tests.faults.outcomes import FOREIGN
from tests.faults.shortcuts import in_cache
from tests.faults.steps import FAULTS, STEPS, Step, can_happen

from upcracknet import files
from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE, EXIT_INTERRUPTED

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")

ROOT = Path(__file__).parents[2]
ERRORS = {"full disk": errno.ENOSPC, "no permission": errno.EACCES, "disk error": errno.EIO}
TABLES = (
    "photos.csv", "photos.parquet", "cracks.csv", "cracks.parquet", "summary.json", "metrics.jsonl",
    "table2.json", "table2.md", "table2.csv",
)  # fmt: skip
"""Made of what there is: after an interruption they are whole, and say less."""

PARTS = (".archive.part", ".archive.part.mark")
"""A download that goes on where it stopped."""


class World:
    """A folder in which a command runs again and again; what stands in records depends on where it lies."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.before = folder / "world", folder / "before"
        self.name, self.command = name, COMMANDS[name]
        self.folder.mkdir()
        with in_cache(self.folder):
            self.command.prepare(self.folder)
            for place in {"photos", "out", "data", self.command.output}:
                if (self.folder / place).is_dir():
                    (self.folder / place / FOREIGN).write_text("precious")
            shutil.copytree(self.folder, self.before)
            self.old = self.command.outcome(self.folder)
            self.touches = touches(self.folder, self.run)
        self.new = self.command.outcome(self.folder)

    def run(self) -> int:
        files._clear_left_once.cache_clear()  # as in a new process
        with in_cache(self.folder):
            return self.command.run(self.folder)

    def reset(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.before, self.folder)

    def let_time_pass(self) -> None:
        """Make what a killed run left half-written as old as it must be to be deleted."""
        for left in self.folder.rglob(f"{files.TEMPORARY}*"):
            for path in (left, *left.rglob("*")):
                os.utime(path, (path.stat().st_mtime - files.STALE - 9,) * 2)

    def require_whole(self) -> None:
        """Each file is as it should be or as it was before, whatever happened."""
        found = self.command.outcome(self.folder)
        for name, content in found.items():
            if (
                not name.endswith(TABLES + PARTS)
                and ".upcracknet-" not in name
                and name not in ("epoch", "weights")
            ):
                assert content in (self.old.get(name), self.new.get(name), None) or _bare(name), name
        for kept in self.before.rglob(FOREIGN):
            assert (self.folder / kept.relative_to(self.before)).read_text() == "precious"
        for given in (path for place in ("photos", "data") for path in (self.before / place).rglob("*")):
            assert (
                given.is_dir()
                or (self.folder / given.relative_to(self.before)).read_bytes() == given.read_bytes()
            )


def _bare(name: str) -> bool:
    """What says less while the work goes on: records when a photo is measured again, and a run's files."""
    return "/records/" in name or name.endswith(("/run.json", "/generator.safetensors", "/last.ckpt"))


@pytest.fixture(scope="module")
def killed() -> Iterator[Callable[[World, Step], int]]:
    """Runs a command in a process of its own that is killed at a step; gives the exit code."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.faults.killing"]
    with subprocess.Popen(words, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout

        def run(here: World, step: Step) -> int:
            asked = [str(here.folder), here.name, step.touch]
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        process.stdin.close()


@pytest.fixture(scope="module")
def world_of(tmp_path_factory):
    """The world of a command; made once."""
    worlds = dict[str, World]()

    def of(name: str) -> World:
        if name not in worlds:
            worlds[name] = World(tmp_path_factory.mktemp(name.replace(" ", "-")), name)
        worlds[name].reset()
        return worlds[name]

    return of


def cells():
    for name, steps in STEPS.items():
        for step in steps:
            for fault in filter(partial(can_happen, step), FAULTS):
                # By `--dist loadgroup` one process makes the world of a command, once.
                group = pytest.mark.xdist_group(f"faults in {name}")
                yield pytest.param(name, step, fault, id=f"{name}: {step.name}: {fault}", marks=group)


@pytest.mark.parametrize(("name", "step", "fault"), [*cells()])
def test_a_fault_at_a_step(world_of, killed, capsys, name: str, step: Step, fault: str):
    here = world_of(name)
    capsys.readouterr()
    if fault == "killed":
        code = killed(here, step)
    else:
        injected = Fault(here.folder, step.touch, action_of(fault, here))
        with watched(injected):
            code = run_to_its_end(here)
        assert injected.met, "the command no longer comes to this step"
    message = capsys.readouterr().err
    if code == here.command.done and "left out: " not in message:  # it did not matter
        assert here.command.outcome(here.folder) == here.new
    restore(here)
    incomplete = (code == EXIT_INCOMPLETE != here.command.done) or "left out: " in message
    if not incomplete:  # else what is left out is named
        here.require_whole()
    if fault == "killed":
        assert code == -signal.SIGKILL
    elif code != here.command.done or incomplete:
        require_true(code, message, fault)
    here.let_time_pass()
    if here.command.only_once and code in (0, EXIT_INCOMPLETE):
        shutil.rmtree(here.folder / here.command.output)
    assert here.run() == here.command.done
    assert here.command.outcome(here.folder) == here.new
    here.require_whole()


def action_of(fault: str, here: World):
    output = here.folder / here.command.output

    def fail() -> None:
        number = ERRORS[fault]
        raise OSError(number, os.strerror(number))

    def take_away() -> None:
        if output.exists():
            output.rename(here.folder / "elsewhere")

    if fault in ERRORS:
        return fail
    return take_away if fault == "folder gone" else lambda: signal.raise_signal(signal.SIGINT)


def restore(here: World) -> None:
    """Put back a folder that was taken away, where the next run needs it."""
    elsewhere = here.folder / "elsewhere"
    if here.command.needs_output and elsewhere.exists():
        shutil.rmtree(here.folder / here.command.output, ignore_errors=True)
        elsewhere.rename(here.folder / here.command.output)
    elif elsewhere.is_dir():
        shutil.rmtree(elsewhere)


def run_to_its_end(here: World) -> int:
    try:
        return here.run()
    except KeyboardInterrupt:  # a call of the library
        return EXIT_INTERRUPTED


def require_true(code: int, message: str, fault: str) -> None:
    lines = [
        line
        for line in message.splitlines()
        if line.startswith(("error:", "failed:", "left out:", "warning:"))
        or ": failed: " in line
        or line.endswith(": not yet")
    ]
    assert "Traceback" not in message
    if fault == "Ctrl-C":
        assert code == EXIT_INTERRUPTED
        assert "interrupted; finished results are whole" in message
        return
    assert code in (EXIT_FAILED, EXIT_INCOMPLETE) or "left out: " in message
    assert lines, message
    if fault in ERRORS:
        assert (
            os.strerror(ERRORS[fault]) in message or "can be read" in message or "cannot be read" in message
        )


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"faults in {name}")) for name in STEPS]
)
def test_the_steps_are_all_that_a_command_does_to_the_disk(world_of, name):
    """Left out: folders that are there already, clearing up after oneself, and what `reproduce` trains."""
    here = world_of(name)
    patterns = [step.touch for step in STEPS[name]]
    unknown = [
        touch for touch in here.touches
        if not any(matches(touch, pattern) for pattern in patterns)
        and touch.split()[0] in ("replace", "write")
        and touch.split()[1].startswith(f"{here.command.output}/") and ".upcracknet-" not in touch
        and not touch.split()[1].startswith("tables/runs/")
    ]  # fmt: skip
    assert not unknown
