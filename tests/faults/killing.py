"""Runs commands that are killed at a step, each in a fork of a process that has loaded all and used nothing.

What commands import only when they need it takes longer than they do; so it is imported here, once.

Reads lines of JSON: the folder, the command, the pattern of the touch. Answers each with the exit code.
Threads of PyTorch and other libraries do not survive a fork; here none has been started.
"""

import json
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import torch
from PIL import Image
from tests.faults.commands import COMMANDS
from tests.faults.injection import Fault, watched
from tests.faults.shortcuts import in_cache

LOADED_LATE = (
    "onnx", "onnxruntime", "pandas", "pyarrow.parquet", "pyogrio", "reportlab.pdfgen.canvas", "s3fs",
    "upcracknet.report.making", "upcracknet.survey.making", "upcracknet.training.recipe",
)  # fmt: skip


def killed(world: Path, name: str, touch: str) -> int:
    """Run a command in a fork; gives its exit code, negative for the signal that ended it.

    Where it never comes to the touch it is not killed.
    """
    child = os.fork()
    if not child:
        torch.set_num_threads(1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        kill = Fault(world, touch, lambda: os.kill(os.getpid(), signal.SIGKILL))
        with in_cache(world), watched(kill):
            code = COMMANDS[name].run(world)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    Image.init()
    for module in LOADED_LATE:
        import_module(module)
    for line in sys.stdin:
        folder, name, touch = json.loads(line)
        sys.stdout.write(f"{killed(Path(folder), name, touch)}\n")
        sys.stdout.flush()
