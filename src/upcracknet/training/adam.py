"""Adam for weights of which the channels are last in memory."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Adam(torch.optim.Adam):
    """PyTorch's fused Adam, without the copies that it makes of such gradients on processors.

    They cost more than the step itself, and are not used. So it is shown all tensors with their axes in the
    order of memory, where nothing is to be copied. (PyTorch 2.13)

    Args:
        parameters: the weights.
        rate: learning rate.
        betas: decay rates of the moment estimates.
    """

    def __init__(self, parameters: Any, rate: float, betas: tuple[float, float]) -> None:
        super().__init__(parameters, rate, betas, fused=True)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the weights by their gradients.

        Args:
            closure: calculates the gradients again, and gives the loss.

        Returns:
            the loss, where there is a closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        parameters = [p for group in self.param_groups for p in group["params"] if _has_channels_last(p)]
        self._turn(parameters, (0, 2, 3, 1))
        super().step()
        self._turn(parameters, (0, 3, 1, 2))
        return loss

    def _turn(self, parameters: list[Tensor], axes: tuple[int, ...]) -> None:
        for parameter in parameters:
            for tensor in (parameter, parameter.grad, *self.state[parameter].values()):
                if tensor is not None and tensor.dim() == len(axes):
                    tensor.data = tensor.data.permute(axes)


def _has_channels_last(parameter: Tensor) -> bool:
    """Whether a weight and its gradient both have their channels last; they must be alike."""
    tensors = (parameter, parameter.grad)
    return all(t is not None and t.is_contiguous(memory_format=torch.channels_last) for t in tensors)
