"""ResNet with bottleneck blocks, as an extractor of features at four sizes.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, Table 1 and Figure 5. The
strides are the 3×3 convolutions', not those of the 1×1 before them. Late stages may keep their resolution and
dilate their convolutions instead (Yu, Koltun and Funkhouser, "Dilated Residual Networks", CVPR 2017).
"""

from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

ResNetName = Literal["resnet50", "resnet101"]
OutputStride = Literal[8, 16, 32]

BLOCKS: dict[ResNetName, tuple[int, int, int, int]] = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}
"""Bottleneck blocks of each stage."""

STAGES: dict[OutputStride, tuple[tuple[int, int], ...]] = {
    8: ((1, 1), (2, 1), (1, 2), (1, 4)),
    16: ((1, 1), (2, 1), (2, 1), (1, 2)),
    32: ((1, 1), (2, 1), (2, 1), (2, 1)),
}
"""Stride and dilation of each stage, for each output stride; the stem has a stride of 4 before them."""

EXPANSION = 4
"""A block gives this many times as many channels as its 3×3 convolution has."""


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolution beside a shortcut (Figure 5, right).

    Args:
        channels: channels of the input.
        width: channels of the 3×3 convolution; the output has four times as many.
        stride: step of the 3×3 convolution, and of the shortcut.
        dilation: distance between the taps of the 3×3 convolution.
    """

    def __init__(self, channels: int, width: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        out_channels = width * EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        """Add what the convolutions make of the features to them."""
        shortcut = features if self.downsample is None else self.downsample(features)
        inner = F.relu(self.bn1(self.conv1(features)), inplace=True)
        inner = F.relu(self.bn2(self.conv2(inner)), inplace=True)
        return F.relu(self.bn3(self.conv3(inner)) + shortcut, inplace=True)


class ResNet(nn.Module):
    """The stages C2 to C5, without the classifier.

    The names of the parameters are torchvision's (``conv1``, ``layer1.0.downsample.0``), so a file of its
    ImageNet weights fits. The deep stem's are ``conv1`` to ``conv3``, as in the weights that PSPNet's authors
    published.

    Args:
        name: "resnet50" or "resnet101".
        output_stride: pixels of the image for one step of C5: 8, 16 or 32.
        deep_stem: three 3×3 convolutions of 64, 64 and 128 channels in place of one of 7×7.

    Attributes:
        channels: of C2 to C5.

    Raises:
        ValueError: when there is no such ResNet or output stride.
    """

    def __init__(
        self, name: ResNetName = "resnet50", output_stride: OutputStride = 32, *, deep_stem: bool = False
    ) -> None:
        super().__init__()
        if name not in BLOCKS:
            raise ValueError(
                f"name={name!r}: expected one of {', '.join(get_args(ResNetName))}; choose one of them"
            )
        if output_stride not in STAGES:
            raise ValueError(f"output_stride={output_stride}: expected 8, 16 or 32; choose one of them")
        self.channels = (256, 512, 1024, 2048)
        self.deep_stem = deep_stem
        if deep_stem:
            self.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.conv2 = nn.Conv2d(64, 64, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(64)
            self.conv3 = nn.Conv2d(64, 128, 3, padding=1, bias=False)
            self.bn3 = nn.BatchNorm2d(128)
        else:
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
        inputs = (128 if deep_stem else 64, *self.channels[:-1])
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            _stage(before, after, blocks, *stage)
            for before, after, blocks, stage in zip(
                inputs, self.channels, BLOCKS[name], STAGES[output_stride], strict=True
            )
        )

    def stem(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h2 w2"]:
        """Build what comes before the pooling: 64 channels, 128 of the deep stem, at half the size."""
        features = F.relu(self.bn1(self.conv1(images)), inplace=True)
        if self.deep_stem:
            features = F.relu(self.bn2(self.conv2(features)), inplace=True)
            features = F.relu(self.bn3(self.conv3(features)), inplace=True)
        return features

    def stages(self, features: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b _ _ _"], ...]:
        """C2 to C5, from the pooled features of the stem."""
        found = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features = layer(features)
            found.append(features)
        return tuple(found)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> tuple[Float[Tensor, "b _ _ _"], ...]:
        """C2 to C5: at 1/4, 1/8, 1/16 and 1/32 of the size, or at what the output stride allows."""
        return self.stages(F.max_pool2d(self.stem(images), 3, stride=2, padding=1))


def _stage(channels: int, out_channels: int, blocks: int, stride: int, dilation: int) -> nn.Sequential:
    width = out_channels // EXPANSION
    return nn.Sequential(
        Bottleneck(channels, width, stride, dilation),
        *(Bottleneck(out_channels, width, dilation=dilation) for _ in range(blocks - 1)),
    )
