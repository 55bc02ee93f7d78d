"""Which engine runs a network: PyTorch, ONNX Runtime or OpenVINO, in 32, 16 or 8 bits."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal, get_args

import torch

from upcracknet.errors import ConfigurationError

Runtime = Literal["auto", "torch", "onnx", "openvino"]
Precision = Literal["fp32", "bf16", "int8"]

PACKAGES: dict[Runtime, tuple[str, ...]] = {
    "openvino": ("openvino", "onnx", "onnxscript"),
    "onnx": ("onnxruntime", "onnx", "onnxscript"),
}
"""What each engine but PyTorch needs; the fastest first."""


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

    Raises:
        ConfigurationError: an unknown runtime or precision, or less than one thread.
    """

    runtime: Runtime = "torch"
    precision: Precision = "fp32"
    threads: int | None = None
    pinned: bool = True

    def __post_init__(self) -> None:
        for what, value, known in (
            ("runtime", self.runtime, get_args(Runtime)),
            ("precision", self.precision, get_args(Precision)),
        ):
            if value not in known:
                raise ConfigurationError(f"{what} is {value!r}; expected one of {', '.join(known)}")
        if self.threads is not None and self.threads < 1:
            raise ConfigurationError(f"threads is {self.threads}; expected at least 1, or None")

    def __str__(self) -> str:
        return f"{self.runtime} {self.precision}"

    def chosen(self) -> "Engine":
        """Give the engine itself, or for ``auto`` the fastest that is installed.

        Raises:
            ConfigurationError: it is not installed, or it or the processor cannot calculate in this
                precision.
        """
        if self.precision == "bf16":
            if not has_bfloat16():
                raise ConfigurationError(
                    "precision bf16 needs a processor that multiplies in it (AVX-512 BF16, AMX), which this "
                    "one does not; take fp32 or int8"
                )
            if self.runtime == "onnx":
                raise ConfigurationError("precision bf16 needs the runtime torch or openvino")
        chosen = self
        if self.runtime == "auto":
            installed = [name for name in PACKAGES if not _missing(name)]
            if self.precision == "bf16":
                installed = [name for name in installed if name != "onnx"]
            chosen = replace(self, runtime=installed[0] if installed else "torch")
        elif self.runtime != "torch" and (missing := _missing(self.runtime)):
            raise ConfigurationError(
                f"runtime {self.runtime!r} needs {', '.join(missing)}; install it with "
                "`pip install 'upcracknet[runtime]'`, or take --runtime torch"
            )
        if chosen.runtime == "torch" and self.precision == "int8":
            raise ConfigurationError(
                "precision int8 needs the runtime onnx or openvino; install one with "
                "`pip install 'upcracknet[runtime]'`"
            )
        return chosen

    @property
    def thread_count(self) -> int:
        """Threads of an engine that is not PyTorch."""
        return self.threads or torch.get_num_threads()


def has_bfloat16() -> bool:
    """Tell whether this processor multiplies in bfloat16 (AVX-512 BF16, AMX); others only imitate it."""
    supports = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in supports)


def _missing(runtime: Runtime) -> list[str]:
    return [package for package in PACKAGES[runtime] if find_spec(package) is None]
