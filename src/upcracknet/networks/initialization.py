"""Weight initialisation of the pix2pix networks."""

from torch import nn


def initialize_normal(network: nn.Module, standard_deviation: float = 0.02) -> None:
    """Draw convolution weights from N(0, σ²) and normalisation scales from N(1, σ²); biases become 0.

    This is the initialisation of pix2pix, whose training settings the paper follows (Section IV-B).

    Args:
        network: changed in place.
        standard_deviation: σ of the normal distribution.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, standard_deviation)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, standard_deviation)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
