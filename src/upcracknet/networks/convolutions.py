"""4×4 convolutions that halve or double an image, which learn faster on processors.

Deep in a U-Net, images have a few pixels and layers millions of weights. Most of a convolution's time then
goes into re-ordering the weights, and their gradient, for the processor. A product of matrices takes them as
they lie in memory, if that is with the channels last, as the recipe of training has them. Networks that do
not learn, and other layouts, take PyTorch's own convolutions.

Both cut images into blocks of 2×2 pixels: a kernel of 4×4 pixels covers 2×2 blocks.
"""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

FEW_PIXELS = 8 * 8
"""Up to this many pixels of the smaller image, the product is the faster way."""


class HalvingConvolution(nn.Conv2d):
    """Convolution of 4×4 pixels, stride 2 and padding 1.

    Args:
        channels: of the image.
        out_channels: of the image of half its size.
    """

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__(channels, out_channels, kernel_size=4, stride=2, padding=1)

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Convolve."""
        batch, channels, height, width = images.shape
        if not _learns_with_channels_last(self, images) or height * width > 4 * FEW_PIXELS:
            return super().forward(images)
        down, across = height // 2, width // 2
        padded = F.pad(images.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
        blocks = padded.view(batch, down + 1, 2, across + 1, 2, channels)
        corners = [blocks[:, i : i + down, :, j : j + across] for i, j in product((0, 1), repeat=2)]
        windows = torch.stack(corners).view(2, 2, batch, down, 2, across, 2, channels)
        windows = windows.permute(2, 3, 5, 0, 4, 1, 6, 7).flatten(3)  # rows, columns, channels of a kernel
        return F.linear(windows, _kernels(self), self.bias).permute(0, 3, 1, 2)


class DoublingConvolution(nn.ConvTranspose2d):
    """Transposed convolution of 4×4 pixels, stride 2 and padding 1.

    Args:
        channels: of the image.
        out_channels: of the image of twice its size.
    """

    bias: Tensor

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__(channels, out_channels, kernel_size=4, stride=2, padding=1)

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:  # type: ignore[override]
        """Convolve."""
        if not _learns_with_channels_last(self, images):
            return super().forward(images)
        if images.shape[-2:].numel() > FEW_PIXELS:
            convolved = F.conv_transpose2d(images, self.weight, stride=2, padding=1)
        else:
            convolved = self._by_matrices(images)
        # Added here: within the convolution, this sum's gradient takes a fifth of the time of the others.
        return convolved + self.bias.to(convolved.dtype)[:, None, None]

    def _by_matrices(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Spread each pixel over the pixels of a kernel, and add up the blocks that overlap."""
        batch, _, height, width = images.shape
        spread = images.permute(0, 2, 3, 1) @ _kernels(self)
        spread = spread.view(batch, height, width, 2, 2, 2, 2, self.out_channels)
        blocks = spread.new_zeros(batch, height + 1, width + 1, 2, 2, self.out_channels)
        for i, j in product((0, 1), repeat=2):
            blocks[:, i : i + height, j : j + width] += spread[:, :, :, i, :, j]
        rows = blocks.transpose(2, 3).reshape(batch, 2 * height + 2, 2 * width + 2, self.out_channels)
        return rows[:, 1:-1, 1:-1].permute(0, 3, 1, 2)


def _kernels(convolution: nn.Conv2d | nn.ConvTranspose2d) -> Float[Tensor, "channels values"]:
    """The weights as they lie in memory: a row for each first channel, of its kernel pixel by pixel."""
    return convolution.weight.permute(0, 2, 3, 1).flatten(1)


def _learns_with_channels_last(convolution: nn.Conv2d | nn.ConvTranspose2d, images: Tensor) -> bool:
    """Whether a convolution learns, on a processor, with weights of which the channels are last in memory."""
    last = convolution.weight.is_contiguous(memory_format=torch.channels_last)
    return convolution.training and images.device.type == "cpu" and last
