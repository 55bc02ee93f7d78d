"""DeepCrack of 2019: VGG-16 that answers at each of its five stages.

Liu, Yao, Lu, Xie and Li, "DeepCrack: A deep hierarchical feature learning architecture for crack
segmentation", Neurocomputing 338:139-153, 2019. Its answer can be refined along edges, by guided
filtering with its first side output, which knows edges best.
"""

from typing import ClassVar

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.vgg import ENCODER_WIDTHS, VGG16

FUSED_LEVEL = 0.31
"""What is filtered is 1 where the fused probability is above this, 0 elsewhere."""

REFINED_LEVEL = 0.48
"""Crack is where the filtered value is above this."""

RADIUS = 5
EPSILON = 1e-6
"""For a guide in [0, 1]. The authors' code writes it as 1e-6 · 255², for a guide of 8 bits."""

START_DEVIATION = 0.02
"""Gain of the random weights at the start, and spread of the scales of batch normalisation, as in the
authors' code. Batch normalisation follows nearly all convolutions, so smaller weights only turn faster."""


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
                nn.init.xavier_normal_(module.weight, START_DEVIATION)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, START_DEVIATION)

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


def refine(fused: Float[Tensor, "b h w"], first_side: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
    """Bring the outline of the answer to the edges of the first side output.

    Args:
        fused: probabilities of the answer, in [0, 1].
        first_side: probabilities of the side output of the first stage, in [0, 1].

    Returns:
        values of about 0 to 1; crack where they exceed :data:`REFINED_LEVEL`.
    """
    refined = [
        guided_filter(guide, (answer > FUSED_LEVEL).astype(np.float64), RADIUS, EPSILON)
        for guide, answer in zip(
            first_side.detach().cpu().double().numpy(), fused.detach().cpu().double().numpy(), strict=True
        )
    ]
    return torch.from_numpy(np.stack(refined)).to(fused)


def guided_filter(
    guide: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w"], radius: int, epsilon: float
) -> Float[np.ndarray, "h w"]:
    """Fit, in every window, the linear function of the guide nearest to the image; average them.

    He, Sun and Tang, "Guided Image Filtering", TPAMI 35(6), 2013, Algorithm 1.

    Args:
        guide: whose edges the result keeps.
        image: what is filtered.
        radius: windows are squares of 2·radius + 1 pixels, cut off at the border.
        epsilon: variance of the guide, up to which a window counts as flat and is averaged.

    Returns:
        the filtered image, in double precision.
    """

    def sums(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        window = (2 * radius + 1, 2 * radius + 1)
        added = cv2.boxFilter(values, cv2.CV_64F, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(added)

    pixels = sums(np.ones_like(guide))

    def mean(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        return np.asarray(sums(values) / pixels)

    guide_mean, image_mean = mean(guide), mean(image)
    variance = mean(guide * guide) - guide_mean**2
    slope = (mean(guide * image) - guide_mean * image_mean) / (variance + epsilon)
    offset = image_mean - slope * guide_mean
    return np.asarray(mean(slope) * guide + mean(offset))
