"""A slice of `make fuzz`, and that its worker notices what must not be."""

import faulthandler
import importlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from upcracknet.errors import DataError

pytest.importorskip("rasterio")
pytest.importorskip("onnx")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SLICE = 96


@pytest.fixture(scope="module")
def sandbox():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("fuzzing.sandbox")


def act(task: str, folder: Path) -> None:
    """What an input might make the package do."""
    match task:
        case "read":
            (folder / "new").write_text("inside")
        case "refuse":
            raise DataError("a.json: no record; delete it")
        case "two lines":
            raise DataError("a.json:\nno record")
        case "traceback":
            raise KeyError("precision")
        case "outside":
            (folder.parent / "outside").write_text("x")
        case "delete":
            (folder.parent / "beside").unlink()
        case "host":
            socket.create_connection(("127.0.0.1", 9), timeout=0.1)
        case "program":
            subprocess.run(["true"], check=True)
        case "shell":
            os.system("true")
        case "wait":
            time.sleep(60)
        case "never end":
            while True:
                pass
        case "crash":
            faulthandler.disable()  # an abort that is meant needs no trace
            os.abort()
        case "memory":
            np.ones(600_000_000)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("read", "accepted"), ("refuse", "refused"), ("two lines", "message"), ("traceback", "traceback"),
        ("outside", "touched"), ("delete", "touched"), ("host", "touched"), ("program", "touched"),
        ("shell", "touched"), ("wait", "hang"), ("never end", "hang"), ("crash", "killed"),
        ("memory", "traceback"),
    ],
)  # fmt: skip
def test_what_must_not_be_is_a_finding(sandbox, tmp_path, task, kind):
    (tmp_path / "beside").write_text("x")
    with sandbox.Sandbox(act, tmp_path / "box", seconds=1, patience=3) as box:
        outcome = box.outcome(task)
        assert (outcome.kind, outcome.is_finding) == (kind, kind not in ("accepted", "refused"))
        assert box.outcome("read").kind == "accepted"  # whatever was before


def test_files_are_damaged_in_the_same_way_each_time():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        mutations = importlib.import_module("fuzzing.mutations")
    sound = {
        "a.json": b'{"a": [1, {"b": "c"}], "d": 2.5}',
        "a.csv": b"a,b\n1,2\n",
        "a.jpg": bytes(range(256)) * 4,
    }
    changed = 0
    for name, content in sound.items():
        for seed in range(60):
            found = [mutations.damaged(name, content, np.random.default_rng(seed)) for _ in range(2)]
            assert found[0] == found[1]
            changed += found[0] != content
    assert changed > 160


@pytest.mark.timeout(600)  # some 15 s; a busy machine must not fail it
def test_damaged_files_of_all_kinds_end_well(tmp_path):
    """Some hundred inputs with fixed seeds, in a process that does not check types as tests do."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "fuzz.py", "--inputs", str(SLICE), "--output", tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    state = json.loads((tmp_path / "state.json").read_bytes())
    assert not state["findings"]
    assert sum(figures["inputs"] for figures in state["figures"].values()) > 0.9 * SLICE
    assert all(
        figures["accepted"] + figures["refused"] == figures["inputs"] for figures in state["figures"].values()
    )
    assert sum(figures["refused"] for figures in state["figures"].values()) > SLICE // 5
