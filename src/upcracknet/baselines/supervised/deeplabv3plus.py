"""DeepLabv3+: context from dilated convolutions, sharpened by early features.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
Segmentation", ECCV 2018.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock
from upcracknet.baselines.supervised.blocks.initialization import initialize_kaiming
from upcracknet.baselines.supervised.blocks.pyramid import AtrousSpatialPyramidPooling
from upcracknet.baselines.supervised.blocks.resnet import ResNet
from upcracknet.baselines.supervised.blocks.xception import Xception
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

CHANNELS = 256
"""Channels of the context, and of the decoder."""

EARLY_CHANNELS = 48
"""Channels that the early features are reduced to, lest they outweigh the context (Section 3.1, Table 1)."""


class DeepLabv3Plus(SupervisedNetwork):
    """Figure 2, at an output stride of 16.

    The 3×3 convolutions of the context and of the decoder are plain ones; the paper's last variant makes them
    separable (Table 5).

    Args:
        backbone: "xception" (Modified Aligned Xception), "resnet50" or "resnet101".

    Raises:
        ValueError: when there is no such backbone.
    """

    stride: ClassVar[int] = 4
    size_multiple: ClassVar[int] = 16
    smallest_batch: ClassVar[int] = 2

    def __init__(self, backbone: Literal["xception", "resnet50", "resnet101"] = "xception") -> None:
        super().__init__()
        self.backbone: Xception | ResNet
        if backbone == "xception":
            self.backbone = Xception()
        elif backbone in ("resnet50", "resnet101"):
            self.backbone = ResNet(backbone, output_stride=16)
        else:
            raise ValueError(
                f"backbone={backbone!r}: expected xception, resnet50 or resnet101; choose one of them"
            )
        early, *_, late = self.backbone.channels
        self.context = AtrousSpatialPyramidPooling(late, CHANNELS, dilations=(6, 12, 18))
        self.early = ConvolutionBlock(early, EARLY_CHANNELS, 1)
        self.decoder = nn.Sequential(
            ConvolutionBlock(CHANNELS + EARLY_CHANNELS, CHANNELS),
            ConvolutionBlock(CHANNELS, CHANNELS),
            nn.Dropout(0.1),
        )
        self.classifier = nn.Conv2d(CHANNELS, 1, 1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 16 pixels; training needs at least two of them."""
        early, *_, late = self.backbone(images)
        context = F.interpolate(self.context(late), size=early.shape[-2:], mode="bilinear")
        answer = self.classifier(self.decoder(torch.cat([context, self.early(early)], dim=1)))
        return Segmentation(F.interpolate(answer, size=images.shape[-2:], mode="bilinear")[:, 0])
