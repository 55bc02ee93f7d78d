"""Each fault at each step: nothing is lost, nothing foreign touched, the next run is right, the message true.

What a fault leaves is held against an undisturbed run byte by byte: a file is there as it should be, as it
was before, or not at all.
"""

import os
import shutil
import signal
from functools import partial

import pytest
from tests.faults.injection import matches, watched
from tests.faults.steps import FAULTS, STEPS, Step, can_happen
from tests.faults.world import ERRORS, World

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE, EXIT_INTERRUPTED

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


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
        injected = here.fault(step, fault)
        with watched(injected):
            code = run_to_its_end(here)
        assert injected.met, "the command no longer comes to this step"
    message = capsys.readouterr().err
    if code == here.command.done and "left out: " not in message:  # it did not matter
        assert here.command.outcome(here.folder) == here.new
    here.restore()
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
