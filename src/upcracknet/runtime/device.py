"""Where a network calculates: on the processor or on a graphics card."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line

WORDS = "auto, cpu, cuda, cuda:1 (the second card), mps or gpu"
"""What ``--device`` takes."""

UNASKED = ("cpu", "meta")
"""Devices that need not be asked for one: the processor always can, and `meta` calculates nothing."""

OUT_OF_MEMORY = (
    *("out of memory", "out_of_device_memory", "allocate memory", "alloc_failed", "allocation_fail"),
    *("cl_out_of_resources", "invalid buffer size"),
)
"""What PyTorch, cuDNN, Metal, ONNX Runtime and OpenVINO say, in small letters, where memory ran out."""


def device_kind(name: str) -> str:
    """Give a device's name without the number of the card.

    Raises:
        ConfigurationError: there is no such name; whether the device is there is not asked.
    """
    if not re.fullmatch(r"auto|cpu|mps|gpu|cuda(:\d{1,3})?", name):
        raise ConfigurationError(f"device is {name!r}; expected {WORDS}")
    return name.partition(":")[0]


def card_number(name: str) -> int:
    """Give the number of the card in a device's name; 0 where it has none."""
    return int(name.partition(":")[2] or 0)


def choose_device(name: str = "auto") -> torch.device:
    """Find the device of PyTorch that a name means.

    Args:
        name: ``auto`` takes the first NVIDIA or AMD card, else the processor. ``cpu`` is the processor,
            ``cuda`` the first card, ``cuda:1`` the second, ``mps`` the graphics of an Apple processor, which
            ``auto`` leaves alone: PyTorch does not have all operations there.

    Raises:
        ConfigurationError: no such name, or no such device in this machine.
    """
    kind = device_kind(name)
    if kind == "gpu":
        raise ConfigurationError(
            "device gpu is OpenVINO's (Intel) or ONNX Runtime's (DirectML); PyTorch has cpu, cuda and mps: "
            "take one of them, or --runtime openvino or onnx"
        )
    if kind == "auto":
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    if kind == "cuda":
        if not torch.cuda.is_available():
            raise ConfigurationError(
                f"device {name}: no card that PyTorch can use ({why_no_card()}); take --device auto or cpu"
            )
        number, count = card_number(name), torch.cuda.device_count()
        if number >= count:
            raise ConfigurationError(f"device {name}: the cards here are numbered 0 to {count - 1}")
        return torch.device("cuda", number)
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigurationError(
            "device mps: no graphics of an Apple processor that PyTorch can use; take --device auto or cpu"
        )
    return torch.device(kind)


def why_no_card() -> str:
    """Say why PyTorch finds no card, in a few words."""
    if torch.version.cuda is None and torch.version.hip is None:
        return "this PyTorch is built for the processor alone"
    return "no card or no driver was found"


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of a device or its engine says that its memory ran out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # ONNX Runtime's errors are no RuntimeError.
    is_of_engine = isinstance(error, RuntimeError) or type(error).__module__.startswith("onnxruntime")
    return is_of_engine and any(sign in str(error).lower() for sign in OUT_OF_MEMORY)


def require_convolutions(network: nn.Module) -> None:
    """Ask a network's device for one small convolution.

    Raises:
        ConfigurationError: it cannot: PyTorch counts cards that it has no code for, such as those of 2017.
        RuntimeError: memory ran out.
    """
    tensor = next(network.parameters(), torch.zeros(0))
    if tensor.device.type in UNASKED:
        return
    small = torch.ones(1, 1, 3, 3, dtype=tensor.dtype, device=tensor.device)
    try:
        torch.nn.functional.conv2d(small, small).cpu()
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise ConfigurationError(
            f"device {tensor.device}: this PyTorch cannot calculate there ({one_line(error)}); take --device "
            "cpu, or install a PyTorch that knows the card"
        ) from error


cudnn: Any = torch.backends.cudnn  # its types lack what it has


class _Exactness:
    """How many blocks, in all threads, want exact convolutions, and what was set before the first."""

    lock = threading.Lock()
    blocks = 0
    before: tuple[str, str] | bool


def _set_rounding(wanted: tuple[str, str] | bool) -> tuple[str, str] | bool:
    """Set how convolutions round, and give what was set; PyTorch before 2.9 knows but one switch."""
    if not hasattr(cudnn, "conv"):
        switch = bool(cudnn.allow_tf32)
        cudnn.allow_tf32 = wanted is True
        return switch
    before = (cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision)
    if isinstance(wanted, tuple):
        cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision = wanted
    return before


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """Let convolutions on NVIDIA's cards calculate in 32 bits for the block, without TensorFloat-32.

    PyTorch rounds their inputs to 10 bits otherwise (``torch.backends.cudnn.conv.fp32_precision``). What it
    has for layers with memory goes with it: PyTorch refuses to tell of the two where they differ.
    """
    with _Exactness.lock:
        if _Exactness.blocks == 0:
            _Exactness.before = _set_rounding(("ieee", "ieee"))
        _Exactness.blocks += 1
    try:
        yield
    finally:
        with _Exactness.lock:
            _Exactness.blocks -= 1
            if _Exactness.blocks == 0:
                _set_rounding(_Exactness.before)


def moved(images: Tensor, device: torch.device) -> Tensor:
    """Bring images to a device; to a card while the processor goes on, from memory that is not swapped."""
    if device.type != "cuda":
        return images.to(device)
    return images.pin_memory().to(device, non_blocking=True)
