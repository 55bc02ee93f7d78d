"""Every network and every loss gives the numbers that it gave when it agreed with its reference.

The references are the codes that docs/decisions/0020-fidelity.md names. Each was run with the same weights
as ours, drawn at random; the outputs agreed to the digits that stand there. The numbers here were then made
by ours: ``answers_of`` and ``losses`` draw weights and images and give them. So a change of an architecture
shows although none of the references is at hand.

Batch normalisation uses the batch and side outputs are on, as in a training step; nothing is left to chance.
"""

import pytest
import torch
from torch import Tensor, nn

from upcracknet.baselines.riad import RIADNetwork
from upcracknet.baselines.scadn import SCADNDiscriminator, SCADNGenerator
from upcracknet.baselines.supervised.mix_transformer import StochasticDepth
from upcracknet.baselines.supervised.network import Segmentation
from upcracknet.detection.cost import parameter_count
from upcracknet.detection.systems import SYSTEMS, imported
from upcracknet.losses import (
    LossWeights,
    RandomFeatures,
    discriminator_loss,
    focal_loss,
    generator_adversarial_loss,
    restoration_loss,
)
from upcracknet.networks import PatchDiscriminator, UNetGenerator

NUMBERS = torch.rand(65_537, generator=torch.Generator().manual_seed(19)) * 2 - 1
"""All that is drawn, from -1 to 1; a prime number of them, so that no two rows of weights are alike."""


def drawn(*shape: int, first: int = 0) -> Tensor:
    """Numbers from -1 to 1, the drawn ones over and over."""
    count, first = torch.Size(shape).numel(), first % len(NUMBERS)
    return NUMBERS.repeat((first + count) // len(NUMBERS) + 1)[first : first + count].view(shape)


@torch.no_grad()
def with_drawn_weights(make, **options) -> nn.Module:
    """A network whose weights are as large as those of He et al., ICCV 2015, at the start."""
    with torch.device("meta"):
        network = make(**options)
    network = network.to_empty(device="cpu").train()
    for number, (name, tensor) in enumerate([*network.named_parameters(), *network.named_buffers()]):
        if not tensor.is_floating_point():
            continue
        values = drawn(*tensor.shape, first=7919 * number)
        if tensor.ndim > 1:
            tensor.copy_(values * (6 / tensor[0].numel()) ** 0.5)
        else:
            tensor.copy_(0.2 * values + (1.0 if name.endswith(("weight", "var")) else 0.0))
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d | StochasticDepth):
            module.eval()
    return network


def summary(answer: Tensor) -> tuple[float, ...]:
    """Mean, root of the mean square, and one value of an answer."""
    flat = answer.double().flatten()
    values = flat.mean(), flat.square().mean().sqrt(), flat[77 % len(flat)]
    return tuple(round(float(value), 4) for value in values)


@torch.no_grad()
def answers_of(name: str) -> tuple[int, *tuple[tuple[float, ...], ...]]:
    """How many trainable numbers a network has, without what serves training alone, and its answers."""
    make, side, options = NETWORKS[name]
    network = with_drawn_weights(make, **options)
    inputs = 2 if make is PatchDiscriminator else 1
    answer = network(*(drawn(3, 3, side, side, first=11 * number) for number in range(inputs)))
    answers = (answer.logits, *answer.side) if isinstance(answer, Segmentation) else (answer,)
    return parameter_count(network), *(summary(one) for one in answers)


def system(name: str) -> type[nn.Module]:
    return imported(SYSTEMS[name].network)


NETWORKS: dict[str, tuple[type[nn.Module], int, dict[str, object]]] = {
    "up-cracknet": (UNetGenerator, 256, {"filters": 8}),
    "up-cracknet, discriminator": (PatchDiscriminator, 64, {}),
    "riad": (RIADNetwork, 64, {}),
    "scadn": (SCADNGenerator, 64, {"filters": 16}),
    "scadn, discriminator": (SCADNDiscriminator, 64, {}),
    "deeplabv3plus": (system("deeplabv3plus"), 96, {}),
    "deeplabv3plus, resnet50": (system("deeplabv3plus"), 64, {"backbone": "resnet50"}),
    "enet": (system("enet"), 64, {}),
    "pspnet": (system("pspnet"), 64, {}),
    "upernet, resnet50": (system("upernet"), 64, {"backbone": "resnet50"}),
    "segresnet": (system("segresnet"), 64, {}),
    "segnet": (system("segnet"), 64, {}),
    "unet": (system("unet"), 64, {}),
    "bisenetv2": (system("bisenetv2"), 64, {}),
    "ddrnet": (system("ddrnet"), 64, {}),
    "lawin, mit-b0": (system("lawin"), 64, {"backbone": "mit-b0"}),
    "deepcrack19": (system("deepcrack19"), 64, {}),
    "deepcrack18, code": (system("deepcrack18"), 64, {"form": "code"}),
}
"""Network, side of its images in pixels, and options; small ones where that leaves the architecture."""


def losses() -> dict[str, float]:
    """All losses, of two drawn pairs of images in [0, 1] and of drawn logits."""
    restored, original = (drawn(2, 3, 48, 48, first=first) / 2 + 0.5 for first in (0, 900))
    restored = (restored + original) / 2
    real, fake = drawn(2, 1, 6, 6), drawn(2, 1, 6, 6, first=400)
    crack = (drawn(2, 48, 48, first=70) > 0.8).float()
    found = {
        f"{name}, {form}": term
        for form in ("paper", "code")
        for name, term in restoration_loss(
            restored, original, LossWeights(form=form), RandomFeatures()
        ).terms.items()
    }
    found |= {
        "discriminator": discriminator_loss(real, fake),
        "generator, adversarial": generator_adversarial_loss(fake),
        "focal": focal_loss(3 * drawn(2, 48, 48), crack),
    }
    return {name: round(float(loss), 6) for name, loss in found.items()}


ANSWERS = {
    "up-cracknet": (852995, (-0.0422, 0.5944, 0.2472)),
    "up-cracknet, discriminator": (2769601, (0.5183, 1.1401, -0.6227)),
    "riad": (28805699, (-0.0406, 0.5707, -0.105)),
    "scadn": (2635203, (0.5371, 0.607, 0.7376)),
    "scadn, discriminator": (2763776, (-0.0142, 0.0696, 0.0944)),
    "deeplabv3plus": (54700177, (0.8082, 1.0276, 0.8302)),
    "deeplabv3plus, resnet50": (40347041, (0.0198, 0.7236, -0.0223)),
    "enet": (349046, (-0.7337, 2.8404, -1.3604)),
    "pspnet": (46706113, (0.7384, 0.9718, 0.2923), (-0.196, 0.6225, -0.0046)),
    "upernet, resnet50": (107078465, (-0.1631, 0.7269, 0.3837)),
    "segresnet": (53552769, (0.0278, 0.4992, 0.4677)),
    "segnet": (29480641, (0.6352, 1.0339, 1.2468)),
    "unet": (31037633, (-0.0994, 0.8316, 0.0638)),
    "bisenetv2": (
        3339921,
        (-0.3015, 0.6603, 0.788),
        (0.9077, 1.1164, -0.1837),
        (0.5162, 0.9953, 0.8616),
        (-0.1892, 0.7015, 0.0129),
        (0.7452, 1.0265, 1.0442),
    ),
    "ddrnet": (5694817, (0.0031, 0.6934, -0.8744), (-0.1213, 0.579, -0.4639)),
    "lawin, mit-b0": (4927505, (-0.0781, 0.727, 0.1919)),
    "deepcrack19": (
        14720389,
        (0.1387, 0.7218, 0.1148),
        (-0.2424, 0.8974, -0.0778),
        (-0.0423, 0.5816, -0.1148),
        (0.1088, 0.601, 1.2055),
        (0.56, 0.9038, 0.2637),
        (0.449, 0.7938, 0.5468),
    ),
    "deepcrack18, code": (
        30905011,
        (2.7045, 3.04, 1.1974),
        (-0.3479, 0.5558, -0.7938),
        (2.2547, 2.3309, 1.4199),
        (-1.7159, 1.9277, -2.058),
        (7.808, 8.3856, 4.6282),
        (2.6064, 3.0278, 0.6966),
    ),
}

LOSSES = {
    "mae, paper": 0.167299,
    "ssim, paper": 0.346457,
    "msgms, paper": 0.118217,
    "style, paper": 0.06492,
    "mae, code": 0.334597,
    "ssim, code": 0.721066,
    "msgms, code": 0.158472,
    "style, code": 0.259682,
    "discriminator": 0.75174,
    "generator, adversarial": 0.743668,
    "focal": 0.626501,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_answers_as_it_did_beside_its_reference(name):
    count, *answers = answers_of(name)
    expected_count, *expected = ANSWERS[name]
    assert count == expected_count
    assert len(answers) == len(expected)
    for answer, values in zip(answers, expected, strict=True):
        # Rounding differs between processors, and batch normalisation of a few values enlarges it.
        assert answer == pytest.approx(values, abs=0.03 * values[1])


def test_the_losses_are_those_that_stood_beside_their_references():
    assert losses() == pytest.approx(LOSSES, rel=1e-4)
