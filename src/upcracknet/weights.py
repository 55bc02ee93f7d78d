"""Weights as safetensors files that carry their architecture, provenance and checksum; no pickles."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from upcracknet.errors import OutputError, WeightsError
from upcracknet.files import one_line, write_atomically
from upcracknet.parsing import built, fits, parse_json

FORMAT = "upcracknet-1"
LARGEST_SETTING = 4096
"""No setting of detection is larger; most are less than 1, some are lengths in pixels."""

_SETTINGS = ("configuration", "detection", "provenance")

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class WeightsRecord:
    """What a weights file holds besides tensors.

    Attributes:
        architecture: name of the network class.
        configuration: arguments that rebuild the network.
        detection: settings of detection that belong to these weights, such as a calibrated level.
        provenance: training data, budget, seed, code version, features of the style loss.
        sha256: checksum of the tensors.
    """

    architecture: str
    configuration: dict[str, Any]
    detection: dict[str, Any]
    provenance: dict[str, Any]
    sha256: str = ""

    @property
    def images_seen(self) -> int:
        """Images learned from, those of the weights that training started from included."""
        seen, provenance = 0, self.provenance
        while provenance:
            images, before = provenance.get("images_seen", 0), provenance.get("initial_weights") or {}
            if not fits(images, float) or not fits(before, dict[str, Any]):
                raise ValueError("a provenance that does not say how many images were seen")
            seen, provenance = seen + int(images), before
        return seen


def save_weights(
    path: Path, tensors: dict[str, Tensor], record: WeightsRecord, *, half_precision: bool = False
) -> WeightsRecord:
    """Write weights atomically.

    Args:
        path: file to write, replaced if it exists.
        tensors: a state dict.
        record: what to store beside the tensors; its checksum is computed here.
        half_precision: store floating-point tensors in 16 bits (half the size), but for those with values
            beyond 65,504, the largest number there: variances of batch normalisation can be larger.

    Returns:
        the record with its checksum.

    Raises:
        OutputError: the file cannot be written.
    """
    largest = torch.finfo(torch.float16).max
    stored = {
        name: (
            tensor.half()
            if half_precision and tensor.is_floating_point() and not (tensor.abs() > largest).any()
            else tensor
        )
        .detach()
        .cpu()
        .contiguous()
        for name, tensor in tensors.items()
    }
    checksum = _checksum(stored)
    metadata = {
        "format": FORMAT,
        "architecture": record.architecture,
        "configuration": json.dumps(record.configuration),
        "detection": json.dumps(record.detection),
        "provenance": json.dumps(record.provenance),
        "sha256": checksum,
    }
    try:
        content = save(stored, metadata)
    except SafetensorError as error:
        raise OutputError(f"{path}: the weights cannot be written ({one_line(error)})") from error
    write_atomically(path, content)
    return WeightsRecord(
        record.architecture, record.configuration, record.detection, record.provenance, checksum
    )


def load_weights(path: Path) -> tuple[dict[str, Tensor], WeightsRecord]:
    """Read and verify weights.

    Returns:
        a state dict in 32-bit floating point, and the record stored with it.

    Raises:
        WeightsError: the file is missing, a pickle, corrupt, not written by this package, of a newer
            format, or holds numbers that are not finite or settings that cannot belong to it.
    """
    if not path.is_file():
        raise WeightsError(
            f"{path}: no such weights file; give a .safetensors file or the name of a shipped model"
        )
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({one_line(error)}); check the disk, and that you may read it"
        ) from error
    if start[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise WeightsError(
            f"{path}: this is a pickle, which can run code when it is opened; expected a .safetensors file "
            "written by `upcracknet train`"
        )
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except Exception as error:  # the library has errors of several kinds for files that it cannot read
        raise WeightsError(
            f"{path}: corrupt or not a safetensors file ({one_line(error)[:100]}); copy or download it again"
        ) from error
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path}: format {metadata.get('format')!r:.40}, expected {FORMAT!r}; "
            "use weights written by `upcracknet train` of this version"
        )
    try:
        settings = {name: parse_json(metadata[name].encode()) for name in _SETTINGS}
        record = checked_record(metadata | settings, _largest(tensors))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path}: metadata that cannot belong to these weights ({one_line(error)[:100]}); copy or "
            "download the file again"
        ) from error
    if _checksum(tensors) != record.sha256:
        raise WeightsError(
            f"{path}: checksum of the weights differs from the recorded one; copy the file again"
        )
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}
    if not all(np.isfinite(tensor.numpy()).all() for tensor in tensors.values()):
        raise WeightsError(
            f"{path}: weights that are not finite numbers; the training failed, take an earlier state or "
            "train again with a smaller learning rate"
        )
    return tensors, record


def _largest(tensors: dict[str, Tensor]) -> int:
    """The largest number that can describe a network: its widths are sides, its levels are many tensors."""
    return max((len(tensors), *(side for tensor in tensors.values() for side in tensor.shape)))


def checked_record(values: dict[str, Any], largest: int = LARGEST_SETTING) -> WeightsRecord:
    """Build the record of weights from plain values.

    Args:
        values: by the names of its fields.
        largest: no number in the network's configuration may be larger.

    Raises:
        KeyError: one is missing.
        ValueError: one is of another type, or larger than can be meant.
        TypeError: the same.
    """
    record = built(WeightsRecord, values)
    for settings, most in ((record.configuration, largest), (record.detection, LARGEST_SETTING)):
        _require_usual(settings, most)
    _ = record.images_seen
    return record


def _require_usual(settings: dict[str, Any], largest: int) -> None:
    """Refuse more settings, and larger ones, than can be meant."""
    values: list[Any] = [settings]
    for value in values:
        if isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= largest):
            raise ValueError(f"a setting of {value:g}")
        if len(values) > largest:
            raise ValueError(f"more than {largest} settings")


class _Unfilled(TorchFunctionMode):
    """Draws no random numbers: for tensors without memory PyTorch would import its compiler for that."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Leave a tensor that is to be filled at random as it is."""
        kwargs = kwargs or {}
        if func in (Tensor.normal_, Tensor.uniform_, *vars(nn.init).values()):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def filled(build: Callable[[], Network], tensors: dict[str, Tensor], path: Path) -> Network:
    """Build a network of weights, without memory for it before it is known that they fit.

    Raises:
        WeightsError: names or shapes do not fit the network, or it cannot be built.
    """
    try:
        with torch.device("meta"), _Unfilled():
            network = build()
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise WeightsError(
            f"{path}: settings of another version ({one_line(error)[:100]}); update upcracknet"
        ) from error
    load_state(network, tensors, path, assign=True)
    return network


def parameter_count(build: Callable[[], nn.Module]) -> int:
    """Count the parameters of a network without memory for it."""
    with torch.device("meta"), _Unfilled():
        return sum(parameter.numel() for parameter in build().parameters())


def load_state(network: nn.Module, tensors: dict[str, Tensor], path: Path, *, assign: bool = False) -> None:
    """Fill a network with weights.

    Args:
        network: changed in place.
        tensors: a state dict.
        path: where they come from, for errors.
        assign: take the tensors themselves, for a network without memory of its own.

    Raises:
        WeightsError: names or shapes do not fit the network.
    """
    try:
        network.load_state_dict(tensors, assign=assign)
    except RuntimeError as error:
        expected, found = network.state_dict(), tensors
        missing, surplus = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        other = [name for name in expected if name in found and expected[name].shape != found[name].shape]
        raise WeightsError(
            f"{path}: weights of another architecture than {type(network).__name__} "
            f"({len(missing)} tensors missing, {len(surplus)} unknown, {len(other)} of another shape"
            f"{', first: ' + (missing + surplus + other)[0] if missing + surplus + other else ''}); "
            "use the weights that belong to this model"
        ) from error


def _checksum(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
