"""Networks rewritten for detection: the same answers but for rounding, in less time; not to be trained."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from upcracknet.networks import CrackRemover
from upcracknet.networks.crack_remover import ConvolutionBlock, unshuffled

FEW = 4
"""Most outputs of a transposed convolution that becomes a convolution: four times as many still fit in the
16 numbers that a processor calculates at a time."""


def fused(network: CrackRemover) -> CrackRemover:
    """Fold the normalisations of a copy into the convolutions before them."""
    network = copy.deepcopy(network).eval()
    for block in (*network.encoder, *network.decoder):
        assert isinstance(block, ConvolutionBlock)
        for place in (0, 3):
            convolution, normalization = block[place], block[place + 1]
            assert isinstance(convolution, nn.Conv2d) and isinstance(normalization, nn.BatchNorm2d)
            block[place] = fuse_conv_bn_eval(convolution, normalization)
            block[place + 1] = nn.Identity()
    return network


class CrackMarker(nn.Module):
    """The logits of a crack remover alone, all of its work done at half the resolution.

    ``detail`` and the first layer of ``refinement`` have nothing but a rearrangement of pixels between them,
    so together they are one convolution at half the resolution, whose outputs are those of 2×2 pixels. Layers
    of few channels at full resolution are where a processor moves memory instead of calculating.

    Args:
        network: a trained crack remover; not changed.
    """

    interface = (
        "the photo in [0, 1]; the output is one logit a pixel, batch×height×width, above 0 more likely crack "
        "than not; its sigmoid, averaged over the scales and flips of the settings, is the score"
    )

    def __init__(self, network: CrackRemover) -> None:
        super().__init__()
        network = fused(network)
        self.network, self.size_multiple = network, network.size_multiple
        first, _, last = network.refinement
        assert isinstance(first, nn.Conv2d) and isinstance(last, nn.Conv2d)
        assert first.bias is not None and last.bias is not None and network.detail.bias is not None
        with torch.no_grad():
            kernel = _between_quads(first.weight, -1).flatten(3, 5).flatten(0, 2)
            photo, details = kernel[:, : 3 * 4], kernel[:, 3 * 4 :]
            # Beyond the photo's edge the refinement sees zeros, not the bias of `detail`: therefore the bias
            # is the weight of a channel of ones, which ends at the edge as well.
            ones = torch.einsum("odhw,d->ohw", details, network.detail.bias)[:, None]
            # Two convolutions and not one of both inputs: 8-bit integers have a range for each.
            self.of_features = _convolution(
                torch.einsum("odhw,df->ofhw", details, network.detail.weight[:, :, 0, 0]),
                first.bias.repeat_interleave(4),
            )
            self.of_photo = _convolution(torch.cat([photo, ones], dim=1))
            self.last = _convolution(
                torch.kron(last.weight[:, :, 0, 0], torch.eye(4))[..., None, None], last.bias.expand(4)
            )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Mark cracks: the ``logits`` of :class:`CrackRemoverOutput`; the same sizes and errors."""
        features = self.network.features(self.network.pictures(images))[0]
        with_ones = F.pad(unshuffled(images), (0, 0, 0, 0, 0, 1), value=1.0)
        joined = self.of_features(features) + self.of_photo(with_ones)
        logits: Tensor = F.pixel_shuffle(self.last(joined.relu()), 2)
        return logits.squeeze(1)


def without_narrow_transposed(network: nn.Module) -> nn.Module:
    """Make a copy whose transposed convolutions with few outputs are convolutions.

    They end a decoder, and OpenVINO leaves everything after the last ordinary convolution in 32 bits: the
    whole decoder of a U-Net, if its last layer is a transposed one.
    """
    network = copy.deepcopy(network)
    for module in [*network.modules()]:
        for name, child in module.named_children():
            if (
                isinstance(child, nn.ConvTranspose2d)
                and child.out_channels <= FEW
                and (child.kernel_size, child.stride, child.padding) == ((4, 4), (2, 2), (1, 1))
                and (child.dilation, child.output_padding, child.groups) == ((1, 1), (0, 0), 1)
            ):
                # A transposed convolution of stride 2 is a convolution, its kernel turned round, of the image
                # with its pixels two apart and zeros between: the first of each 2×2.
                kernel = child.weight.detach().transpose(0, 1).flip(2, 3)
                bias = None if child.bias is None else child.bias.detach().repeat_interleave(4)
                convolution = _convolution(_between_quads(kernel, -2)[..., 0, 0, :, :].flatten(0, 2), bias)
                setattr(module, name, nn.Sequential(convolution, nn.PixelShuffle(2)))
    return network


def _between_quads(kernel: Float[Tensor, "o i h w"], first: int) -> Float[Tensor, "o 2 2 i 2 2 3 3"]:
    """A convolution between images of which 2×2 pixels are four channels, ordered as by ``pixel_unshuffle``.

    Args:
        kernel: weights of the convolution between the images themselves.
        first: pixels from an output to the first input of its kernel, down and to the right.
    """
    quads = kernel.new_zeros(kernel.shape[0], 2, 2, kernel.shape[1], 2, 2, 3, 3)
    for row, column, y, x in torch.cartesian_prod(*map(torch.arange, (2, 2, *kernel.shape[2:]))).tolist():
        down, right = row + y + first, column + x + first  # from the first of the 2×2 pixels
        quads[:, row, column, :, down % 2, right % 2, down // 2 + 1, right // 2 + 1] = kernel[:, :, y, x]
    return quads


def _convolution(weight: Float[Tensor, "o i h w"], bias: Float[Tensor, " o"] | None = None) -> nn.Conv2d:
    """A convolution of given numbers, which are the network's own and count once: it learns nothing."""
    outputs, inputs, side, _ = weight.shape
    convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=bias is not None)
    convolution.requires_grad_(False)
    convolution.weight.copy_(weight)
    if bias is not None and convolution.bias is not None:
        convolution.bias.copy_(bias)
    return convolution
