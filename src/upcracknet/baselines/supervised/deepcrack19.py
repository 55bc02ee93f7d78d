"""DeepCrack of 2019: VGG-16 that answers at each of its five stages.

Liu, Yao, Lu, Xie and Li, "DeepCrack: A deep hierarchical feature learning architecture for crack
segmentation", Neurocomputing 338:139-153, 2019. Its answer can be refined along edges, see
:func:`~upcracknet.baselines.supervised.deepcrack19_refinement.refine`.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks.vgg import ENCODER_WIDTHS, VGG16
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork


class Deepcrack19(SupervisedNetwork):
    """Five side outputs, each judged in training, and a weighted sum of them as the answer.

    No convolution adds a bias. The network is trained from nothing.
    """

    stride: ClassVar[int] = 1
    size_multiple: ClassVar[int] = 16
    side_weights: ClassVar[tuple[float, ...]] = (0.5, 0.75, 1.0, 0.75, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = VGG16(bias=False, last_pooling=False)
        self.side = nn.ModuleList(nn.Conv2d(widths[-1], 1, 1, bias=False) for widths in ENCODER_WIDTHS)
        self.fusion = nn.Conv2d(len(self.side), 1, 1, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)

    def side_outputs(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 5 h w"]:
        """Compute logits of each stage, at the images' size, whose sides are multiples of 16 pixels."""
        encoding = self.backbone(images)
        outputs = [
            F.interpolate(side(stage), size=images.shape[-2:], mode="bilinear", align_corners=True)
            for side, stage in zip(self.side, (*encoding.stages, encoding.features), strict=True)
        ]
        return torch.cat(outputs, dim=1)

    def fuse(self, side_outputs: Float[Tensor, "b 5 h w"]) -> Float[Tensor, "b h w"]:
        """Compute the logits of the answer."""
        fused: Tensor = self.fusion(side_outputs)[:, 0]
        return fused

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 16 pixels."""
        outputs = self.side_outputs(images)
        return Segmentation(self.fuse(outputs), outputs.unbind(1) if self.training else ())
