"""Which engine runs a network, and where: PyTorch, ONNX Runtime or OpenVINO, in 32, 16 or 8 bits."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal, get_args

import torch

from upcracknet.errors import ConfigurationError
from upcracknet.runtime.device import choose_device, device_kind, why_no_card

Runtime = Literal["auto", "torch", "onnx", "openvino"]
Precision = Literal["fp32", "fp16", "bf16", "int8"]

PACKAGES: dict[Runtime, tuple[str, ...]] = {
    "openvino": ("openvino", "onnx", "onnxscript"),
    "onnx": ("onnxruntime", "onnx", "onnxscript"),
}
"""What each engine but PyTorch needs; the fastest on the processor first."""

DEVICES: dict[Runtime, tuple[str, ...]] = {
    "torch": ("cpu", "cuda", "mps"),
    "openvino": ("cpu", "gpu"),
    "onnx": ("cpu", "gpu", "cuda", "mps"),
}
"""Devices that each engine may have; the first that has a device is taken for it."""

PLACES: dict[Precision, tuple[tuple[Runtime, str], ...]] = {
    "fp16": (("torch", "cuda"), ("torch", "mps"), ("openvino", "gpu")),
    "bf16": (("torch", "cpu"), ("torch", "cuda"), ("openvino", "cpu")),
    "int8": (("openvino", "cpu"), ("onnx", "cpu")),
}
"""Engines and devices that calculate in less than 32 bits."""


@dataclass(frozen=True)
class Engine:
    """What runs a network, and how.

    Attributes:
        runtime: ``torch``, ``onnx``, ``openvino``, or ``auto`` for the fastest that is installed.
        precision: what it calculates in.
        threads: threads of ONNX Runtime or OpenVINO; None takes as many as PyTorch has. PyTorch's own are
            the process's, see ``torch.set_num_threads``.
        pinned: tie OpenVINO's threads to cores, which is a fifth faster; not for one of several processes,
            as each would take the first cores.
        device: where it runs: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ``gpu`` (OpenVINO's and DirectML's), or
            ``auto``, which takes PyTorch on a card where there is one, unless another engine is named.

    Raises:
        ConfigurationError: an unknown runtime, precision or device, or less than one thread.
    """

    runtime: Runtime = "torch"
    precision: Precision = "fp32"
    threads: int | None = None
    pinned: bool = True
    device: str = "cpu"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("runtime", self.runtime, get_args(Runtime)),
            ("precision", self.precision, get_args(Precision)),
        ):
            if value not in known:
                raise ConfigurationError(f"{what} is {value!r}; expected one of {', '.join(known)}")
        if self.threads is not None and self.threads < 1:
            raise ConfigurationError(f"threads is {self.threads}; expected at least 1, or None")
        device_kind(self.device)

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision}{'' if self.device == 'cpu' else f' on {self.device}'}"

    def chosen(self) -> "Engine":
        """Give the engine itself; ``auto`` becomes the device that is there, and the fastest engine on it.

        Raises:
            ConfigurationError: engine or device is not there, or cannot calculate in this precision.
        """
        placed = replace(self, device=self._place())
        kind = device_kind(placed.device)
        if self.runtime == "auto":
            able = [runtime for runtime in (*PACKAGES, *DEVICES) if not _missing(runtime)]
            able = [runtime for runtime in able if kind in DEVICES[runtime]]
            if kind != "cpu":  # a card is PyTorch's where PyTorch has it
                able.sort(key=lambda runtime: runtime != "torch")
            if self.precision != "fp32":
                able = [runtime for runtime in able if (runtime, kind) in PLACES[self.precision]]
            placed = replace(placed, runtime=able[0] if able else "torch")
        elif missing := _missing(self.runtime):
            raise ConfigurationError(
                f"runtime {self.runtime!r} needs {', '.join(missing)}; install it with "
                "`pip install 'upcracknet[runtime]'`, or take --runtime torch"
            )
        if kind not in DEVICES[placed.runtime]:
            raise ConfigurationError(
                f"device {self.device}: {placed.runtime} runs on {', '.join(DEVICES[placed.runtime])}; take "
                "one of them, or another --runtime"
            )
        if placed.runtime == "torch":
            placed = replace(placed, device=str(choose_device(placed.device)))
        _require_precision(placed)
        return placed

    def _place(self) -> str:
        """The device that is meant by ``auto``: a card for PyTorch alone, and not for what cards cannot."""
        if self.device != "auto":
            return self.device
        if self.runtime not in ("auto", "torch") or self.precision == "int8":
            return "cpu"
        return str(choose_device("auto"))

    @property
    def thread_count(self) -> int:
        """Threads of an engine that is not PyTorch."""
        return self.threads or torch.get_num_threads()


def what_runs(asked: Engine, taken: Engine) -> str:
    """Say in one line what runs a network, where, and why there.

    Args:
        asked: what the user chose.
        taken: what it became, see :meth:`Engine.chosen`.
    """
    by = f"{taken.runtime} in {taken.precision}"
    if device_kind(taken.device) == "cuda" and taken.runtime == "torch":
        return f"runs on {taken.device} ({torch.cuda.get_device_name(taken.device)}) by {by}"
    if taken.device != "cpu":
        return f"runs on {taken.device} by {by}"
    if asked.device != "auto":
        return f"runs on the processor by {by}"
    reason = f"{by} was asked for" if torch.cuda.is_available() else f"no graphics card: {why_no_card()}"
    return f"runs on the processor by {by} ({reason})"


def has_bfloat16() -> bool:
    """Tell whether this processor multiplies in bfloat16 (AVX-512 BF16, AMX); others only imitate it."""
    supports = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in supports)


def _require_precision(engine: Engine) -> None:
    """Refuse a precision that an engine, on its device, does not calculate in."""
    kind = device_kind(engine.device)
    if engine.precision == "fp32":
        return
    if (engine.runtime, kind) not in PLACES[engine.precision]:
        places = ", ".join(f"{runtime} on {device}" for runtime, device in PLACES[engine.precision])
        raise ConfigurationError(
            f"precision {engine.precision} is not for {engine.runtime} on {kind}; take fp32, or one of: "
            f"{places} (`pip install 'upcracknet[runtime]'` installs engines)"
        )
    if engine.precision == "bf16" and kind == "cpu" and not has_bfloat16():
        raise ConfigurationError(
            "precision bf16 needs a processor that multiplies in it (AVX-512 BF16, AMX), which this one does "
            "not; take fp32 or int8"
        )
    if (
        engine.precision == "bf16"
        and kind == "cuda"
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        raise ConfigurationError(f"precision bf16: {engine.device} is too old for it; take fp16 or fp32")


def _missing(runtime: Runtime) -> list[str]:
    return [package for package in PACKAGES.get(runtime, ()) if find_spec(package) is None]
