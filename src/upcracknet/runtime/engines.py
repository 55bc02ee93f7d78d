"""Which engine runs a network, and the files that hold exported networks."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np
import torch
from torch import nn

from upcracknet.errors import ConfigurationError, OutputError, WeightsError
from upcracknet.runtime.bfloat16 import has_bfloat16
from upcracknet.runtime.compiled import CompiledNetwork, Outputs, Run

Runtime = Literal["auto", "torch", "onnx", "openvino"]
Precision = Literal["fp32", "bf16", "int8"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Examples = Callable[[], Iterable[np.ndarray]]
"""Gives float32 arrays b×3×h×w as the network sees them, of undamaged road."""

INSTALL = "install it with `pip install 'upcracknet[runtime]'`, or take --runtime torch"

_PACKAGES = {"openvino": ("openvino", "onnx", "onnxscript"), "onnx": ("onnxruntime", "onnx", "onnxscript")}
"""What each engine needs; the fastest first."""

_SUFFIXES = {".xml": "openvino", ".onnx": "onnx"}


@runtime_checkable
class Engine(Protocol):
    """What a module of an engine offers."""

    def convert(self, graph: Path, target: Path, description: str) -> None:
        """Write the ONNX graph in the engine's own form."""

    def quantize(self, graph: Path, target: Path, description: str, examples: Iterable[np.ndarray]) -> None:
        """The same in 8-bit integers, their ranges measured on the examples."""

    def load(self, path: Path, threads: int, precision: Precision, alone: bool) -> Run:
        """Make it ready to run; alone on the processor, or beside other processes of its kind."""

    def describe(self, path: Path) -> str:
        """The description that was stored with it."""


_alone = True


def share_processor() -> None:
    """Say that other workers run on this machine: engines of this process then leave their cores free."""
    global _alone
    _alone = False


def chosen_runtime(runtime: Runtime, precision: Precision = "fp32") -> Literal["torch", "onnx", "openvino"]:
    """The engine to take: the one named, or with ``auto`` the fastest that is installed.

    Raises:
        ConfigurationError: it is not installed, or it or the processor cannot calculate in this precision.
    """
    if precision == "bf16":
        if not has_bfloat16():
            raise ConfigurationError(
                "precision bf16 needs a processor that multiplies in it (AVX-512 BF16, AMX), which this one "
                "does not; take fp32 or int8"
            )
        if runtime == "onnx":
            raise ConfigurationError("precision bf16 needs the runtime torch or openvino")
    if runtime == "auto":
        for name in _PACKAGES:
            if _installed(name) and not (name == "onnx" and precision == "bf16"):
                return name  # type: ignore[return-value]
        runtime = "torch"
    elif runtime != "torch" and not _installed(runtime):
        missing = [package for package in _PACKAGES[runtime] if find_spec(package) is None]
        raise ConfigurationError(f"runtime {runtime!r} needs {', '.join(missing)}; {INSTALL}")
    if runtime == "torch" and precision == "int8":
        raise ConfigurationError(
            "precision int8 needs the runtime onnx or openvino; install one with "
            "`pip install 'upcracknet[runtime]'`"
        )
    return runtime


def runtime_of_file(path: Path) -> Literal["onnx", "openvino"] | None:
    """The engine of an exported model, by its suffix; None if it is none."""
    return _SUFFIXES.get(path.suffix.lower())  # type: ignore[return-value]


def compiled_network(
    network: nn.Module, size_multiple: int, identity: str, runtime: Literal["onnx", "openvino"],
    precision: Precision, examples: Examples,
) -> CompiledNetwork:  # fmt: skip
    """A network in another engine; exported once and kept in the user's cache.

    Args:
        network: a trained network in evaluation mode.
        size_multiple: height and width of its images must be multiples of this many pixels.
        identity: differs whenever the network does.
        runtime: the engine.
        precision: what it calculates in.
        examples: called for ``int8`` alone.

    Raises:
        OutputError: the cache cannot be written.
        ConfigurationError: a package is missing.
    """
    parts = [identity, type(network).__name__, runtime, precision, str(size_multiple), torch.__version__]
    parts += [importlib.metadata.version(package) for package in _PACKAGES[runtime]]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    folder = _cache() / key
    path = folder / f"network{_suffix(runtime)}"
    if not path.exists():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as new:
                export_network(
                    network, size_multiple, Path(new) / path.name, precision=precision, examples=examples
                )
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(new, part := folder.with_name(f".{key}.{os.getpid()}"))
                try:
                    part.rename(folder)
                except OSError:  # another process was faster
                    shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise OutputError(
                f"{folder.parent}: the exported network cannot be kept ({error.strerror}); set "
                "UPCRACKNET_CACHE to a writable folder, or take --runtime torch"
            ) from error
    return open_exported(path, network, size_multiple, precision)


def open_exported(
    path: Path, network: nn.Module, size_multiple: int, precision: Precision = "fp32"
) -> CompiledNetwork:
    """An exported model in its engine.

    Args:
        path: a file of :func:`export_network`.
        network: what was exported, trained or not.
        size_multiple: height and width of its images must be multiples of this many pixels.
        precision: what it was exported for.

    Raises:
        WeightsError: the file is damaged.
        ConfigurationError: a package is missing, or the processor cannot calculate in this precision.
    """
    runtime = runtime_of_file(path)
    assert runtime is not None
    chosen_runtime(runtime, precision)
    try:
        run = _engine(runtime).load(path, torch.get_num_threads(), precision, _alone)
    except Exception as error:  # each engine has errors of its own
        raise WeightsError(f"{path}: cannot be loaded ({_first_line(error)}); export it again") from error
    return CompiledNetwork(run, runtime, network, size_multiple)


def export_network(
    network: nn.Module, size_multiple: int, path: Path, *, precision: Precision = "fp32",
    examples: Examples | None = None, description: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write a network for another engine.

    Args:
        network: a trained network in evaluation mode.
        size_multiple: height and width of its images must be multiples of this many pixels.
        path: ``.onnx`` for ONNX Runtime, ``.xml`` for OpenVINO, which puts a ``.bin`` beside it.
        precision: what it calculates in; ``bf16`` is written in 32 bits and shortened when it is loaded.
        examples: what the network sees of undamaged road, for ``int8``.
        description: stored with it; see :func:`read_description`.

    Raises:
        ConfigurationError: another suffix, ``int8`` without examples, a network that cannot be
            exported, or a package is missing.
        OutputError: the file cannot be written.
    """
    runtime = runtime_of_file(path)
    if runtime is None:
        raise ConfigurationError(
            f"{path}: expected a name that ends in .onnx, for ONNX Runtime, or .xml, for OpenVINO"
        )
    chosen_runtime(runtime, precision)
    from upcracknet.runtime.graph import write_graph

    text = json.dumps(description or {})
    engine = _engine(runtime)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            graph, target = Path(folder) / "graph.onnx", Path(folder) / path.name
            try:
                write_graph(network, size_multiple, graph)
            except Exception as error:  # the exporter has many kinds of them
                raise ConfigurationError(
                    f"{type(network).__name__}: PyTorch cannot export this network "
                    f"({_first_line(error)}); take --runtime torch"
                ) from error
            if precision == "int8" and examples is None:
                raise ConfigurationError("precision int8 needs examples of undamaged road; give some")
            engine.convert(graph, target, text)
            _compare(engine.load(target, torch.get_num_threads(), "fp32", _alone), network, size_multiple)
            if precision == "int8":
                assert examples is not None
                engine.quantize(graph, target, text, examples())
            # The file that users name comes last: without it there is no model.
            for written in sorted(target.parent.glob(f"{target.stem}.*"), key=lambda file: file == target):
                written.replace(path.parent / written.name)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); choose a writable folder"
        ) from error


def _compare(run: Run, network: nn.Module, size_multiple: int) -> None:
    """Refuse an export that answers otherwise than the network at a size that was not exported."""
    side = size_multiple * -(-64 // size_multiple)
    images = torch.rand(1, 3, 3 * side, 2 * side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = Outputs(network)(images)
    try:
        found = run(images.numpy())
        agrees = all(
            np.abs(there - here.numpy()).max() <= 1e-3 * (1 + np.abs(here.numpy()).max())
            for there, here in zip(found, expected, strict=True)
        )
    except Exception:  # each engine has errors of its own
        agrees = False
    if not agrees:
        raise ConfigurationError(
            f"{type(network).__name__}: exported, this network answers otherwise for images of another size; "
            "take --runtime torch"
        )


def read_description(path: Path) -> dict[str, Any]:
    """What :func:`export_network` stored with a model.

    Raises:
        WeightsError: the file is missing, damaged, or not of this package.
        ConfigurationError: a package is missing.
    """
    runtime = runtime_of_file(path)
    assert runtime is not None
    chosen_runtime(runtime)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file")
    try:
        description: dict[str, Any] = json.loads(_engine(runtime).describe(path))
    except Exception as error:  # each engine has errors of its own
        raise WeightsError(
            f"{path}: damaged, or not written by `upcracknet export` ({_first_line(error)}); export it again"
        ) from error
    return description


def _engine(runtime: str) -> Engine:
    from upcracknet.runtime import onnx_engine, openvino_engine

    return onnx_engine if runtime == "onnx" else openvino_engine


def _installed(runtime: str) -> bool:
    return all(find_spec(package) is not None for package in _PACKAGES[runtime])


def _suffix(runtime: str) -> str:
    return next(suffix for suffix, name in _SUFFIXES.items() if name == runtime)


def _cache() -> Path:
    """Folder of networks exported on the way."""
    own = os.environ.get("UPCRACKNET_CACHE")
    return (
        Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "upcracknet"
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
