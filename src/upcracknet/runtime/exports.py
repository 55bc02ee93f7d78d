"""Files that hold exported networks, and the cache of those that are exported on the way."""

import hashlib
import importlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from upcracknet.errors import ConfigurationError, OutputError, WeightsError
from upcracknet.files import clear_left, one_line, scratch_folder
from upcracknet.parsing import parse_json
from upcracknet.runtime.backends import Backend, ONNXRuntime, OpenVINO
from upcracknet.runtime.compiled import CompiledNetwork, Outputs, Run, reason, small_side
from upcracknet.runtime.engine import PACKAGES, Engine
from upcracknet.runtime.graph import EXPORTING, write_graph

Examples = Callable[[], Iterable[np.ndarray]]
"""Gives float32 arrays b×3×h×w as the network sees them."""

_BACKENDS: dict[str, Backend] = {".xml": OpenVINO(), ".onnx": ONNXRuntime()}


def runtime_of_file(path: Path) -> Literal["onnx", "openvino"] | None:
    """Tell the engine of an exported model, by its suffix; None if it is none."""
    backend = _BACKENDS.get(path.suffix.lower())
    return None if backend is None else backend.name


def _version(package: str) -> str:
    """The version of a package, also where its module comes by another name, as onnxruntime-gpu."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return str(importlib.import_module(package).__version__)


def compiled_network(
    network: nn.Module, identity: str, engine: Engine, examples: Examples
) -> CompiledNetwork:
    """Bring a network into another engine; it is exported once and kept in the user's cache.

    Args:
        network: a trained network in evaluation mode.
        identity: of its tensors; its layers are asked.
        engine: ``onnx`` or ``openvino``.
        examples: what the network sees of road with cracks; called for ``int8`` alone.

    Raises:
        OutputError: the cache cannot be written.
        ConfigurationError: the network cannot be exported, or a package is missing.
    """
    parts = [identity, repr(network), engine.runtime, engine.precision]
    parts += [_version(package) for package in ("torch", *PACKAGES[engine.runtime])]
    folder = _cache() / hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    suffix = next(suffix for suffix, backend in _BACKENDS.items() if backend.name == engine.runtime)
    path = folder / f"network{suffix}"
    with EXPORTING:  # what one thread exports, the others need not
        if path.exists():
            clear_left(folder.parent)  # also where nothing is exported any more
            try:
                return open_exported(path, network, engine)
            except WeightsError:  # damaged: exported again
                shutil.rmtree(folder, ignore_errors=True)
        try:
            with scratch_folder(folder.parent) as scratch:
                export_network(network, scratch / "new" / path.name, engine, examples=examples)
                try:
                    (scratch / "new").rename(folder)
                except OSError:
                    if not path.exists():  # else another process was faster
                        raise
        except (OSError, OutputError) as error:
            why = error.__cause__ if isinstance(error, OutputError) and error.__cause__ else error
            raise OutputError(
                f"{folder.parent}: the exported network cannot be kept ({one_line(why)}); set "
                "UPCRACKNET_CACHE to a writable folder, or take --runtime torch"
            ) from error
    return open_exported(path, network, engine)


def open_exported(path: Path, network: nn.Module, engine: Engine) -> CompiledNetwork:
    """Open an exported model in its engine.

    Args:
        path: a file of :func:`export_network`.
        network: what was exported, trained or not.
        engine: precision that it was exported for, device, threads, pinning.

    Raises:
        WeightsError: the file is damaged.
        ConfigurationError: a package or the device is missing, or it cannot calculate in this precision.
    """
    backend = _backend(path, engine)
    try:
        run = backend.load(path, engine)
    except ConfigurationError:
        raise
    except Exception as error:  # each engine has errors of its own
        raise WeightsError(f"{path}: cannot be loaded ({reason(error)}); export it again") from error
    return CompiledNetwork(run, backend.name, network, str(path))


def export_network(
    network: nn.Module, path: Path, engine: Engine, *, examples: Examples | None = None,
    description: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write a network for another engine.

    Args:
        network: a trained network in evaluation mode.
        path: ``.onnx`` for ONNX Runtime, ``.xml`` for OpenVINO, which puts a ``.bin`` beside it.
        engine: precision to export for; ``bf16`` is written in 32 bits and shortened when it is loaded. The
            runtime is that of the suffix.
        examples: what the network sees of road with cracks, for ``int8``.
        description: stored with it, with a checksum of both; see :func:`read_description`.

    Raises:
        ConfigurationError: another suffix, ``int8`` without examples, a network that cannot be
            exported, or a package is missing.
        OutputError: the file cannot be written.
    """
    backend = _backend(path, engine)
    if engine.precision == "int8" and examples is None:
        raise ConfigurationError("precision int8 needs examples of road with cracks; give some")
    try:
        with scratch_folder(path.parent) as scratch:
            graph, target = scratch / "graph.onnx", scratch / path.name
            try:
                write_graph(network, graph)
            except OSError:
                raise
            except Exception as error:  # the exporter has many kinds of them
                raise ConfigurationError(
                    f"{type(network).__name__}: PyTorch cannot export this network ({reason(error)}); take "
                    "--runtime torch"
                ) from error
            model = backend.convert(graph)
            backend.save(model, target, "")
            _compare(backend.load(target, replace(engine, precision="fp32", device="cpu")), network)
            if engine.precision == "int8" and examples is not None:
                model = backend.quantize(graph, examples())
                backend.save(model, target, "")
            sealed = (description or {}) | {"sha256": _checksum(description or {}, backend.read(target)[1])}
            backend.save(model, target, json.dumps(sealed))
            # The file that users name comes last: without it there is no model.
            for written in sorted(scratch.glob(f"{target.stem}.*"), key=lambda file: file == target):
                written.replace(path.parent / written.name)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({one_line(error)}); choose a writable folder"
        ) from error


def read_description(path: Path) -> dict[str, Any]:
    """Read what :func:`export_network` stored with a model.

    Raises:
        WeightsError: the file is missing, damaged, or not of this package.
        ConfigurationError: the file is one for QGIS, or a package is missing.
    """
    backend = _backend(path, Engine())
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; give a file of `upcracknet export`")
    try:
        text, content = backend.read(path)
        description: dict[str, Any] = parse_json(text.encode())
        checksum = None if description.get("for") == "qgis" else description.pop("sha256")
    except ConfigurationError:
        raise
    except Exception as error:  # each engine has errors of its own
        raise WeightsError(
            f"{path}: damaged, or not written by `upcracknet export` ({reason(error)}); export it again"
        ) from error
    if checksum is None:
        raise ConfigurationError(
            f"{path}: made for QGIS, without the rules of detection; give the model that it was made of"
        )
    if checksum != _checksum(description, content):
        raise WeightsError(f"{path}: changed since it was exported (its checksum differs); export it again")
    return description


def _compare(run: Run, network: nn.Module) -> None:
    """Refuse an export that answers otherwise than the network at a size that was not exported."""
    side = small_side(network)
    images = torch.rand(1, 3, 3 * side, 2 * side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = Outputs(network)(images)
    try:
        agrees = all(
            np.abs(there - here.numpy()).max() <= 1e-3 * (1 + np.abs(here.numpy()).max())
            for there, here in zip(run(images.numpy()), expected, strict=True)
        )
    except Exception:  # each engine has errors of its own
        agrees = False
    if not agrees:
        raise ConfigurationError(
            f"{type(network).__name__}: exported, this network answers otherwise for images of another size; "
            "take --runtime torch"
        )


def _backend(path: Path, engine: Engine) -> Backend:
    """The engine of a file, which is installed and can be loaded."""
    backend = _BACKENDS.get(path.suffix.lower())
    if backend is None:
        raise ConfigurationError(
            f"{path}: expected a name that ends in .onnx, for ONNX Runtime, or .xml, for OpenVINO"
        )
    replace(engine, runtime=backend.name).chosen()
    backend.library()  # before work is spent on what cannot be run
    return backend


def _checksum(description: dict[str, Any], content: bytes) -> str:
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    digest.update(content)
    return digest.hexdigest()


def _cache() -> Path:
    """Folder of networks exported on the way."""
    own = os.environ.get("UPCRACKNET_CACHE")
    return (
        Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "upcracknet"
    )
