"""A network in another engine or precision, called as the network itself is."""

import copy
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.errors import WeightsError
from upcracknet.files import one_line
from upcracknet.runtime.device import is_out_of_memory

Run = Callable[[Float[np.ndarray, "b 3 h w"]], Sequence[np.ndarray]]
"""What an engine does: images in, the network's tensors out."""


class Processor:
    """The processor, claimed by one caller at a time where two would spoil each other's work.

    An engine takes all cores for one batch, so batches of several threads gain nothing by running at once.

    A process that was forked has none of the threads of its parent, and PyTorch's library for them would
    wait for those for ever. There, PyTorch works with the one thread that is left.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Wait until no other thread has claimed it, and keep it for the block."""
        with self._lock:
            yield

    @contextmanager
    def beside_an_engine(self) -> Iterator[None]:
        """Claim it, with one thread for PyTorch.

        PyTorch's other threads would wait for work at full load after each of its few operations, and take
        the engine's cores (four tenths of the time of small photos).
        """
        with self._lock:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                yield
            finally:
                torch.set_num_threads(threads)

    def _forked(self) -> None:
        self._lock = threading.RLock()  # a thread that is not here may have had it
        torch.set_num_threads(1)


PROCESSOR = Processor()


def size_multiple(network: nn.Module) -> int:
    """Tell what the sides of a network's images must be multiples of, in pixels; each network knows it."""
    return int(network.size_multiple)  # type: ignore[arg-type]  # a module's attributes have no types


def small_side(network: nn.Module) -> int:
    """Side of an image that is as small as a network can be tried with, in pixels."""
    multiple = size_multiple(network)
    return multiple * -(-64 // multiple)


class Outputs(nn.Module):
    """A network whose answer is the tuple of its tensors: what an engine can give."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, ...]:
        """Give the tensors of the network's answer, in its order."""
        return tuple(tensors_of(self.network(images)).values())


class CompiledNetwork(nn.Module):
    """Stands in a scorer for the network that was exported.

    Args:
        run: runs the network; called by one thread at a time.
        engine: name of what runs it.
        network: what was exported, trained or not; tells the form of the answers.
        name: of the file or network, for errors.
    """

    def __init__(self, run: Run, engine: Literal["onnx", "openvino"], network: nn.Module, name: str) -> None:
        super().__init__()
        self.run, self.engine, self.name = run, engine, name
        self.size_multiple = size_multiple(network)
        self._side = small_side(network)
        with torch.inference_mode():
            self._form = network(torch.zeros(2, 3, self._side, self._side))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        """Ask the engine.

        Returns:
            the answer, in the network's form.

        Raises:
            WeightsError: the engine fails, or answers in another form; where memory ran out, the engine's own
                error.
        """
        pixels = np.ascontiguousarray(images.numpy(force=True), np.float32)
        try:
            with PROCESSOR.claimed():  # an engine has one place for the numbers of a batch
                found = self.run(pixels)
        except Exception as error:  # each engine has errors of its own
            if is_out_of_memory(error):
                raise
            raise WeightsError(
                f"{self.name}: {self.engine} cannot run this network ({reason(error)}); export it again"
            ) from error
        height, width = images.shape[-2:]
        expected = [
            (
                *(len(images), *form.shape[1:-2]),
                *(form.shape[-2] * height // self._side, form.shape[-1] * width // self._side),
            )
            for form in tensors_of(self._form).values()
        ]
        if [array.shape for array in found] != expected:
            raise WeightsError(
                f"{self.name}: answers of {', '.join(str(array.shape) for array in found)}, expected "
                f"{', '.join(map(str, expected))}; export it again"
            )
        return answer_with(self._form, [torch.from_numpy(array) for array in found])


class SixteenBitNetwork(nn.Module):
    """Stands in a scorer for a network: the same in 16 bits, with answers in 32.

    Args:
        network: a trained network; not changed.
        kind: ``torch.bfloat16`` or, on graphics cards, ``torch.float16``.
    """

    def __init__(self, network: nn.Module, kind: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        self.network, self.kind = copy.deepcopy(network).to(kind), kind
        self.size_multiple = size_multiple(network)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        """Ask the network in 16 bits; its answer has the network's form."""
        answer = self.network(images.to(self.kind))
        return answer_with(answer, [values.float() for values in tensors_of(answer).values()])


def answer_with(form: Any, tensors: Sequence[Tensor]) -> Any:
    """Put other tensors, in their order, into an answer of a network's form."""
    if isinstance(form, Tensor):
        return tensors[0]
    named = dict(zip(tensors_of(form), tensors, strict=True))
    if is_dataclass(form):
        return replace(form, **named)  # type: ignore[type-var]
    return form._replace(**named)


def tensors_of(answer: Any) -> dict[str, Tensor]:
    """Give the tensors of an answer by their names; lists of side outputs serve training alone."""
    if isinstance(answer, Tensor):
        return {"output": answer}
    names = [field.name for field in fields(answer)] if is_dataclass(answer) else answer._fields
    values = {name: getattr(answer, name) for name in names}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def reason(error: Exception) -> str:
    """Give the beginning of what an engine says, in one line; its own texts run over pages."""
    text = one_line(error)
    return text if len(text) <= 100 else f"{text[:100]}…"
