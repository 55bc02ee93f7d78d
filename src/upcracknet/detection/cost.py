"""How large a system's network is, and what an image costs."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from upcracknet.detection.systems import System, imported

SIDE = 256
"""Height and width in pixels of the image whose cost is counted."""


def parameter_count(network: nn.Module) -> int:
    """Count trainable numbers, without a part called ``auxiliary``, which serves training alone."""
    return sum(
        parameter.numel()
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and not name.startswith("auxiliary.")
    )


def parameters(system: System) -> int | None:
    """Count the trainable numbers of the network that detects; None for a classical method."""
    return parameter_count(_network(system)) if system.network else None


def multiply_accumulates(system: System) -> int | None:
    """Count multiply-accumulates for an image of 256×256 pixels, all passes and scales together.

    Args:
        system: any; None is the answer for a classical method.
    """
    if not system.network:
        return None
    network = _network(system).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, SIDE, SIDE, device="meta"))
    total: int = counter.get_total_flops()
    return round(total / 2 * system.passes)


def _network(system: System) -> nn.Module:
    """The network, without memory for its weights."""
    with torch.device("meta"):
        network: nn.Module = imported(system.network)(**system.size)
    return network.to("meta")
