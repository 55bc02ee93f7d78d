"""How the weights of a network that starts from nothing are drawn."""

from torch import nn


def initialize_kaiming(network: nn.Module) -> None:
    """Draw convolution weights so that a ReLU network keeps the variance of its gradients; biases become 0.

    He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 14; for convolutions to one channel
    equation 10, which keeps the variance of the features. Batch normalisation starts as PyTorch makes it:
    scale 1, shift 0.

    Args:
        network: changed in place.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            # One channel out of many inputs: equation 14 would begin with logits in the tens.
            answers = isinstance(module, nn.Conv2d) and module.out_channels == 1
            nn.init.kaiming_normal_(
                module.weight, mode="fan_in" if answers else "fan_out", nonlinearity="relu"
            )
            if module.bias is not None:
                nn.init.zeros_(module.bias)
