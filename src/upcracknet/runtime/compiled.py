"""A network in another engine, called as the network itself is."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

Run = Callable[[Float[np.ndarray, "b 3 h w"]], Sequence[np.ndarray]]
"""What an engine does: images in, the network's tensors out."""


class Outputs(nn.Module):
    """A network whose answer is the tuple of its tensors: what an engine can give.

    Args:
        network: a network in evaluation mode.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, ...]:
        """The tensors of the network's answer, in its order."""
        return tuple(tensors_of(self.network(images)).values())


class CompiledNetwork(nn.Module):
    """Stands in a scorer for the network that was exported.

    Args:
        run: runs the network.
        engine: name of what runs it.
        network: what was exported, trained or not; tells the form of the answers.
        size_multiple: height and width of the images must be multiples of this many pixels.
    """

    def __init__(
        self, run: Run, engine: Literal["onnx", "openvino"], network: nn.Module, size_multiple: int
    ) -> None:
        super().__init__()
        self.run, self.engine, self.size_multiple = run, engine, size_multiple
        with torch.inference_mode():
            self._form = network(torch.zeros(2, 3, size_multiple, size_multiple))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        """The network's answer, in the network's form."""
        found = self.run(np.ascontiguousarray(images.numpy(force=True), np.float32))
        return answer_with(self._form, [torch.from_numpy(array) for array in found])


def answer_with(form: Any, tensors: Sequence[Tensor]) -> Any:
    """An answer in a network's form, with other tensors in their order."""
    if isinstance(form, Tensor):
        return tensors[0]
    named = dict(zip(tensors_of(form), tensors, strict=True))
    if is_dataclass(form):
        return replace(form, **named)  # type: ignore[type-var]
    return form._replace(**named)


def tensors_of(answer: Any) -> dict[str, Tensor]:
    """The tensors of an answer by their names; lists of side outputs serve training alone."""
    if isinstance(answer, Tensor):
        return {"output": answer}
    names = [field.name for field in fields(answer)] if is_dataclass(answer) else answer._fields
    values = {name: getattr(answer, name) for name in names}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}
