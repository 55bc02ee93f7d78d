"""Where a result comes from: code version, libraries, machine."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from upcracknet import __version__
from upcracknet.runtime import choose_device


def code_version() -> str:
    """Tell the package's version, and the commit of a git checkout (``+dirty`` when that was changed)."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        answer = subprocess.run(  # noqa: S603 - words of this file, and no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - where git lies is the machine's choice
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.strip()

    try:
        # A checkout of another project that merely contains the installed package does not count.
        if not Path(git("rev-parse", "--show-toplevel"), "src", "upcracknet").is_dir():
            return __version__
        dirty = "+dirty" if git("status", "--porcelain", "--untracked-files=no", "--", str(folder)) else ""
        return f"{__version__} ({git('rev-parse', '--short=12', 'HEAD')}{dirty})"
    except (OSError, subprocess.CalledProcessError):
        return __version__


def environment(device: str = "auto") -> dict[str, Any]:
    """Tell versions, processor and card that a run's figures depend on.

    Args:
        device: where it runs, see :func:`.choose_device`.

    Raises:
        ConfigurationError: the device is not there.
    """
    place = choose_device(device)
    return {
        "code": code_version(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "pytorch_lightning": version("pytorch-lightning"),
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "accelerator": torch.cuda.get_device_name(place) if place.type == "cuda" else "none",
    }
