"""What all scorers share."""

import copy
from typing import TypeVar

import torch
from torch import nn

Kind = TypeVar("Kind", bound="BaseScorer")


class BaseScorer:
    """A scorer's name, and its network, which may be replaced by the same one in another engine.

    Attributes:
        name: shown in results.
        input_size: side of the square input it wants, in pixels; None takes any size.
        network: what it asks; None for a method without learning.
    """

    name: str
    input_size: int | None = None
    network: nn.Module | None = None

    def with_network(self: Kind, network: nn.Module | None, name: str | None = None) -> Kind:
        """Copy the scorer, with another network.

        Args:
            network: answers in the same form as this scorer's own.
            name: of the copy; None keeps the name.
        """
        other = copy.copy(self)
        other.network = network
        other.name = self.name if name is None else name
        return other


def detecting_copy(network: nn.Module) -> nn.Module:
    """Copy a network for detection: in evaluation mode, its numbers laid out as processors like them."""
    ready = copy.deepcopy(network).eval()
    channels_last: nn.Module = ready.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return channels_last
