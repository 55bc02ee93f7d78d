"""SegResNet: a ResNet-50 and its mirror image, joined by pooling indices as SegNet is.

The name is that of the row in the UP-CrackNet paper's tables. The network combines SegNet (Badrinarayanan,
Kendall and Cipolla, TPAMI 39(12), 2017) with ResNet-50 (He et al., CVPR 2016); Myronenko's SegResNet for
volumes (2018) is another one.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import ConvolutionBlock, bottleneck_block, initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.resnet import BLOCKS, EXPANSION, Bottleneck, ResNet


class UpsamplingBottleneck(nn.Module):
    """A bottleneck that doubles the size and halves the channels, by 2×2 transposed convolutions.

    Args:
        channels: channels of the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        width, out_channels = channels // EXPANSION, channels // 2
        self.layers = nn.Sequential(
            ConvolutionBlock(channels, width, 1),
            nn.ConvTranspose2d(width, width, 2, stride=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            ConvolutionBlock(width, out_channels, 1, activation=False),
        )
        self.shortcut = nn.Sequential(
            nn.ConvTranspose2d(channels, out_channels, 2, stride=2, bias=False), nn.BatchNorm2d(out_channels)
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        """Add both branches."""
        return F.relu(self.layers(features) + self.shortcut(features), inplace=True)


def mirrored_stage(channels: int, blocks: int, last: nn.Module) -> nn.Sequential:
    """Build a stage of ResNet backwards: its plain bottlenecks, then the mirror image of its first one."""
    plain = (Bottleneck(channels, channels // EXPANSION) for _ in range(blocks - 1))
    return nn.Sequential(*plain, last)


class SegResNet(SupervisedNetwork):
    """Down to 1/32 and up again: no features skip across, only the places of the stem's maxima.

    Those are taken from windows of 2×2 pixels, as SegNet's are, in place of ResNet's overlapping ones of 3×3:
    no two windows then share a maximum, for which un-pooling would keep either value.
    """

    stride: ClassVar[int] = 1
    size_multiple: ClassVar[int] = 32

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet("resnet50")
        second, *deeper = self.backbone.channels
        first_blocks, *more_blocks = BLOCKS["resnet50"]
        stem = second // EXPANSION
        # The last block mirrors ResNet's first one: it takes the channels back to the stem's.
        stages = [mirrored_stage(second, first_blocks, bottleneck_block(second, stem, expansion=1))]
        for channels, blocks in zip(deeper, more_blocks, strict=True):
            stages.append(mirrored_stage(channels, blocks, UpsamplingBottleneck(channels)))
        self.decoder = nn.Sequential(*reversed(stages))
        self.upsampling = nn.ConvTranspose2d(stem, stem, 2, stride=2, bias=False)
        self.classifier = nn.Conv2d(stem, 1, 3, padding=1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 32 pixels."""
        pooled, places = F.max_pool2d(self.backbone.stem(images), 2, return_indices=True)
        *_, fifth = self.backbone.stages(pooled)
        unpooled = F.max_unpool2d(self.decoder(fifth), places, [2, 2])
        return Segmentation(self.classifier(self.upsampling(unpooled))[:, 0])
