"""What ``detect`` would run by on this machine and why, and whether what the package brings is whole."""

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import torch

from upcracknet import __version__
from upcracknet.data.registry import DATA_ROOT_VARIABLE, DATASETS, count_photos, data_root
from upcracknet.detection.pretrained import SHIPPED, load_pretrained, weights_path
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.files import one_line
from upcracknet.libraries import Library
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.loading import engine_of_options, load
from upcracknet.runtime import Precision
from upcracknet.runtime.engine import PACKAGES, Engine
from upcracknet.weights import load_weights


def machine() -> dict[str, Any]:
    """Describe this machine: versions, processor, cores, free space of the current folder."""
    try:
        free = round(shutil.disk_usage(".").free / 1e9, 1)
    except OSError:
        free = None
    return {
        "upcracknet": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "free_disk_gigabytes": free,
    }


def engine_taken(options: DetectionOptions, libraries: Sequence[Library]) -> dict[str, Any]:
    """Load the model as ``detect`` does, and say what runs it.

    Args:
        options: model, engine, precision and device.
        libraries: what is known of the installed libraries; what ends a process is not loaded here.

    Returns:
        ``model``, ``runs`` (a sentence), ``runtime``, ``precision``, ``device``, ``why`` (of the engine),
        ``precisions`` (what each other one would run by, or why it cannot be had), and ``problem``, which is
        None where detection works.
    """
    found: dict[str, Any] = dict.fromkeys(("runs", "runtime", "precision", "device", "why"))
    found = {"model": options.model} | found | {"precisions": _precisions(options), "problem": None}
    fatal = [library.name for library in libraries if library.fatal and library.extra == "runtime"]
    if fatal and options.runtime != "torch":
        problem = f"{', '.join(fatal)}: ends the process that loads it; uninstall it, or take --runtime torch"
        return found | {"problem": problem}
    try:
        _, settings, runs = load(options)
    except Exception as error:  # of whatever is broken
        return found | {"problem": one_line(error)}
    taken = settings.detection
    return found | {
        "runs": runs,
        "runtime": taken["runtime"],
        "precision": taken["precision"],
        "device": taken.get("device", "cpu"),
        "why": _why(options, taken["runtime"]),
    }


def shipped_weights() -> list[dict[str, Any]]:
    """Read the weights that the package brings; ``problem`` is None where their checksum is right."""
    found = []
    for name in sorted({model.file for model in SHIPPED.values()}):
        state: dict[str, Any] = {"model": name, "sha256": None, "problem": None}
        try:
            state["sha256"] = load_weights(weights_path(name))[1].sha256
        except Exception as error:
            state["problem"] = one_line(error)
        found.append(state)
    return found


def datasets() -> dict[str, Any]:
    """Count the photos of the published datasets; None where ``UPCRACKNET_DATA`` names no folder."""
    try:
        root = data_root(None)
        counted = {name: count_photos(dataset, root) for name, dataset in DATASETS.items()}
    except UpCrackNetError as error:
        return {"variable": DATA_ROOT_VARIABLE, "photos": None, "problem": one_line(error)}
    return {"variable": DATA_ROOT_VARIABLE, "photos": counted, "problem": None}


def without_home(content: Any) -> Any:
    """Give a structure of JSON in which the user's own folder is ``~``: others may read it."""
    if isinstance(content, dict):
        return {key: without_home(value) for key, value in content.items()}
    if isinstance(content, list):
        return [without_home(value) for value in content]
    home = str(Path.home())
    return content.replace(home, "~") if isinstance(content, str) and len(home) > 1 else content


def _why(options: DetectionOptions, taken: str) -> str:
    """Why this engine was taken and no other."""
    if options.runtime != "auto":
        return f"{taken} was asked for"
    if options.model in CLASSICAL:
        return "a classical method has no network"
    wanted = engine_of_options(options).chosen()
    if wanted.runtime != taken:
        named = Engine(wanted.runtime, wanted.precision, device=wanted.device)
        try:
            load_pretrained(options.model, options.preset, named)
        except UpCrackNetError as error:
            return f"{wanted.runtime} is installed and cannot run this model: {one_line(error)}"
        return "the model is a file of this engine, or one that only it can run"
    if wanted.device != "cpu":
        return "graphics cards are run by it"
    if taken == "torch":
        return f"{' and '.join(PACKAGES)} are faster and not installed; run pip install 'upcracknet[runtime]'"
    return "the fastest engine that is installed"


def _precisions(options: DetectionOptions) -> dict[str, str]:
    """What each precision would run by on this machine, or why it cannot be had."""
    found = {}
    for precision in get_args(Precision):
        try:
            found[precision] = str(Engine(options.runtime, precision, device=options.device).chosen())
        except ConfigurationError as error:
            found[precision] = one_line(error)
    return found


def _processor() -> str:
    """The processor's name, as Linux knows it; elsewhere as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
