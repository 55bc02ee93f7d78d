"""PSPNet: a ResNet whose last features are seen together with their means over four grids.

Zhao, Shi, Qi, Wang and Jia, "Pyramid Scene Parsing Network", CVPR 2017.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.baselines.supervised.blocks import (
    ConvolutionBlock,
    PyramidPooling,
    initialize_kaiming,
    resized,
)
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.resnet import ResNet

BINS = (1, 2, 3, 6)
"""Cells of each grid of the pyramid, in either direction (Section 3.2)."""


def segmentation_head(channels: int, hidden: int) -> nn.Sequential:
    """3×3 convolution, dropout, one logit."""
    return nn.Sequential(ConvolutionBlock(channels, hidden), nn.Dropout(0.1), nn.Conv2d(hidden, 1, 1))


class PSPNet(SupervisedNetwork):
    """Figure 3 with ResNet-50 at an output stride of 8; an auxiliary head judges C4 (Section 4, Figure 4).

    The ResNet has the authors' deep stem, so ImageNet weights must have it as well.
    """

    stride: ClassVar[int] = 8
    size_multiple: ClassVar[int] = 8
    side_weights: ClassVar[tuple[float, ...]] = (0.4,)
    smallest_batch: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet("resnet50", output_stride=8, deep_stem=True)
        *_, fourth, fifth = self.backbone.channels
        self.pyramid = PyramidPooling(fifth, BINS, reduced=fifth // len(BINS))
        self.head = segmentation_head(self.pyramid.out_channels, 512)
        self.auxiliary = nn.ModuleList((segmentation_head(fourth, 256),))
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 8 pixels; training needs at least two of them."""
        *_, fourth, fifth = self.backbone(images)
        answers = [self.head(self.pyramid(fifth))]
        if self.training:
            answers += [head(fourth) for head in self.auxiliary]
        logits, *side = (resized(answer, images)[:, 0] for answer in answers)
        return Segmentation(logits, tuple(side))
