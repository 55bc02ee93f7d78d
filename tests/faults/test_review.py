"""Each fault at each step of a review: what was answered is saved, what was refused is as it was before."""

import os
import signal
from functools import partial

import pytest
from tests.faults.injection import watched
from tests.faults.reviewing import SAID, answered
from tests.faults.steps import FAULTS, REVIEWING, Step, can_happen
from tests.faults.world import ERRORS

from upcracknet.cli.console import EXIT_FAILED, EXIT_INTERRUPTED
from upcracknet.results import read_results
from upcracknet.results.corrections import read_correction

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes"),
    pytest.mark.xdist_group("faults in review"),
    # FastAPI silences it for the whole process, which a thread that measures undoes.
    pytest.mark.filterwarnings("ignore:The 'alias' attribute"),
]


def cells():
    for step in REVIEWING:
        for fault in filter(partial(can_happen, step), FAULTS):
            yield pytest.param(step, fault, id=f"{step.name}: {fault}")


@pytest.mark.parametrize(("step", "fault"), [*cells()])
def test_a_fault_at_a_step(world_of, killed, capsys, step: Step, fault: str):
    here = world_of("review")
    capsys.readouterr()
    if fault == "killed":
        assert killed(here, step) == -signal.SIGKILL
    else:
        injected = here.fault(step, fault)
        with watched(injected):
            code = here.run()
        assert injected.met, "a review no longer comes to this step"
        require_true(code, capsys.readouterr().err, fault)
        if code == 0 and fault != "Ctrl-C":  # it did not matter
            assert here.command.outcome(here.folder) == here.new
    here.restore()
    here.require_whole()
    results = read_results(here.folder / "out")
    for name in answered(here.folder):
        correction = read_correction(results, name)
        assert (correction and correction.status) == SAID[name]
    here.let_time_pass()
    assert here.run() == 0
    assert here.command.outcome(here.folder) == here.new
    here.require_whole()


def require_true(code: int, message: str, fault: str) -> None:
    assert "Traceback" not in message
    if fault == "Ctrl-C":  # ends a review as usual
        assert "error: " not in message
        assert code == (EXIT_INTERRUPTED if "interrupted; " in message else 0)  # else before it listened
        return
    assert code in (0, EXIT_FAILED)
    assert (code == EXIT_FAILED) == ("error: " in message)
    if code and fault in ERRORS:
        assert os.strerror(ERRORS[fault]) in message
