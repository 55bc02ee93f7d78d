"""Every system that this package runs: the paper's, those it is compared with, and the default."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from upcracknet.baselines.classical import CLASSICAL
from upcracknet.baselines.riad import RIADNetwork
from upcracknet.baselines.scadn import SCADNGenerator
from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.detection.pretrained import build_crack_remover, weights_path
from upcracknet.networks import UNetGenerator
from upcracknet.weights import load_weights

Kind = Literal["classical", "undamaged photos", "annotated photos"]
"""What a method learns from; classical ones do not learn."""


@dataclass(frozen=True)
class Method:
    """One system.

    Attributes:
        name: what ``train``, ``detect`` and ``evaluate`` take.
        title: what tables call it.
        kind: what it learns from.
        network: builds the untrained network that detects; None for a classical method.
        passes: how often the network sees an image of 256×256 pixels.
    """

    name: str
    title: str
    kind: Kind
    network: Callable[[], nn.Module] | None = None
    passes: float | int = 1

    @property
    def parameters(self) -> int | None:
        """Trainable numbers of the network in use, without heads that serve training alone."""
        if self.network is None:
            return None
        return parameter_count(self._on_meta(self.network))

    @property
    def multiplications(self) -> int | None:
        """Multiply-accumulates for an image of 256×256 pixels, all passes together."""
        if self.network is None:
            return None
        network = self._on_meta(self.network).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, 3, 256, 256, device="meta"))
        total: int = counter.get_total_flops()
        return round(total / 2 * self.passes)

    @staticmethod
    def _on_meta(build: Callable[[], nn.Module]) -> nn.Module:
        with torch.device("meta"):
            return build().to("meta")


def parameter_count(network: nn.Module) -> int:
    """Trainable numbers, without an ``auxiliary`` part that serves training alone."""
    auxiliary = getattr(network, "auxiliary", None)
    spared = set() if auxiliary is None else {id(parameter) for parameter in auxiliary.parameters()}
    return sum(
        parameter.numel()
        for parameter in network.parameters()
        if parameter.requires_grad and id(parameter) not in spared
    )


@cache
def methods() -> dict[str, Method]:
    """All methods by name: ours, the unsupervised, the supervised and the classical ones."""
    shipped = weights_path("default")
    default, settings = build_crack_remover(shipped, load_weights(shipped)[1])
    scales = sum(scale**2 for scale in settings.scales) * (4 if settings.flips else 1)
    listed = [
        Method("crack-remover", "ours, the default", "undamaged photos", lambda: default, scales),
        Method("up-cracknet", "UP-CrackNet", "undamaged photos", UNetGenerator),
        Method("scadn", "SCADN", "undamaged photos", SCADNGenerator, 12),
        Method("riad", "RIAD", "undamaged photos", RIADNetwork, 12),
        *(Method(name, network.title, "annotated photos", network) for name, network in SUPERVISED.items()),
        *(Method(name, scorer.title, "classical") for name, scorer in CLASSICAL.items()),
    ]
    return {method.name: method for method in listed}
