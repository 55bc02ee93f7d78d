"""From a PyTorch network to an ONNX graph that takes any batch and any size."""

import copy
import itertools
import logging
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from upcracknet.runtime.compiled import Outputs

FEW = 4
"""Most outputs of a transposed convolution that becomes a convolution: four times as many still fit in the
16 numbers that a processor calculates at a time."""


def write_graph(network: nn.Module, size_multiple: int, path: Path) -> None:
    """Write the ONNX graph of a network.

    Args:
        network: a network in evaluation mode.
        size_multiple: height and width of its images must be multiples of this many pixels.
        path: the file.
    """
    side = size_multiple * max(2, -(-64 // size_multiple))  # a size of one multiple would be taken for fixed
    images = torch.rand(2, 3, side, side)
    sizes = {0: Dim("batch"), 2: size_multiple * Dim("rows"), 3: size_multiple * Dim("columns")}
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # it warns of packages that no network here needs
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                Outputs(without_narrow_transposed(network)).eval(),
                (images,),
                dynamo=True,
                input_names=["images"],
                dynamic_shapes={"images": sizes},
                verbose=False,
            )
    finally:
        quiet.setLevel(level)
    assert program is not None
    program.save(str(path))


def without_narrow_transposed(network: nn.Module) -> nn.Module:
    """A copy whose transposed convolutions with few outputs are convolutions; it answers the same.

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
                setattr(module, name, _as_convolution(child))
    return network


def _as_convolution(transposed: nn.ConvTranspose2d) -> nn.Sequential:
    """A 4×4 transposed convolution of stride 2: four 2×2 ones, each for one of 2×2 pixels, within 3×3."""
    channels, outputs = transposed.in_channels, transposed.out_channels
    convolution = nn.Conv2d(channels, 4 * outputs, 3, padding=1, bias=transposed.bias is not None)
    kernel = torch.zeros(outputs, 2, 2, channels, 3, 3)
    for row, column, y, x in itertools.product((0, 1), (0, 1), range(4), range(4)):
        down, right = (
            row + 1 - y,
            column + 1 - x,
        )  # pixels of the larger image, from the input's to the output's
        if down % 2 == right % 2 == 0:
            kernel[:, row, column, :, down // 2 + 1, right // 2 + 1] = transposed.weight[:, :, y, x].T
    with torch.no_grad():
        convolution.weight.copy_(kernel.reshape(4 * outputs, channels, 3, 3))
        if transposed.bias is not None and convolution.bias is not None:
            convolution.bias.copy_(transposed.bias.repeat_interleave(4))
    return nn.Sequential(convolution, nn.PixelShuffle(2))
