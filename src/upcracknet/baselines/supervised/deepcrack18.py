"""DeepCrack of 2018: SegNet whose encoder and decoder are fused at each of five scales.

Zou, Zhang, Li, Qi, Wang and Wang, "DeepCrack: Learning Hierarchical Convolutional Features for Crack
Detection", IEEE Transactions on Image Processing 28(3):1498-1512, 2019.
"""

from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.vgg import DECODER_WIDTHS, ENCODER_WIDTHS, VGG16, MirroredVGG16

Form = Literal["paper", "code"]

FUSION_CHANNELS = 64
"""Channels of the fusion in the form of the code."""


class Fusion(nn.Module):
    """One scale: encoder and decoder features become one logit at the images' size.

    Args:
        channels: of encoder and decoder together.
        form: ``"paper"`` reduces them to one channel and enlarges that; ``"code"`` enlarges all channels
            first, then convolves twice, at a multiple of the cost.
    """

    def __init__(self, channels: int, form: Form) -> None:
        super().__init__()
        self.enlarge_first = form == "code"
        self.reduction = (
            nn.Sequential(
                nn.Conv2d(channels, FUSION_CHANNELS, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.Conv2d(FUSION_CHANNELS, 1, 3, padding=1),
            )
            if form == "code"
            else nn.Sequential(nn.Conv2d(channels, 1, 1))
        )

    def forward(
        self, encoded: Float[Tensor, "b _ h w"], decoded: Float[Tensor, "b _ h w"], size: tuple[int, ...]
    ) -> Float[Tensor, "b 1 _ _"]:
        """Compute logits of this scale, of the given height and width."""
        features = torch.cat([encoded, decoded], dim=1)
        if not self.enlarge_first:
            features = self.reduction(features)
        # The first scale has the images' size already.
        if features.shape[-2:] != size:
            features = F.interpolate(features, size=size, mode="bilinear", align_corners=False)
        return self.reduction(features) if self.enlarge_first else features


class Deepcrack18(SupervisedNetwork):
    """Encoder and decoder of SegNet, and a fusion of each scale; the answer is a fusion of those.

    Args:
        form: ``"paper"`` as published: batch normalisation after each convolution of encoder and decoder,
            fusions by 1×1 convolutions. ``"code"`` as its authors' code has it: no normalisation, fusions by
            3×3 convolutions at the full size. The encoder takes ImageNet weights of torchvision's
            ``vgg16_bn``, or ``vgg16`` in the form of the code, by name.

    Raises:
        ValueError: when there is no such form.
    """

    stride: ClassVar[int] = 1
    size_multiple: ClassVar[int] = 32
    side_weights: ClassVar[tuple[float, ...]] = (1, 1, 1, 1, 1)

    def __init__(self, form: Form = "paper") -> None:
        super().__init__()
        if form not in get_args(Form):
            raise ValueError(
                f"form={form!r}: expected one of {', '.join(get_args(Form))}; choose one of them"
            )
        self.form = form
        self.backbone = VGG16(batch_normalization=form == "paper")
        self.decoder = MirroredVGG16(batch_normalization=form == "paper")
        self.fusions = nn.ModuleList(
            Fusion(encoder[-1] + decoder[-1], form)
            for encoder, decoder in zip(ENCODER_WIDTHS, DECODER_WIDTHS, strict=True)
        )
        size = 3 if form == "code" else 1
        self.fusion = nn.Conv2d(len(self.fusions), 1, size, padding=size // 2)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 32 pixels."""
        encoding = self.backbone(images)
        decoded = self.decoder(encoding)
        scales = torch.cat(
            [
                fusion(*features, images.shape[-2:])
                for fusion, *features in zip(self.fusions, encoding.stages, decoded, strict=True)
            ],
            dim=1,
        )
        return Segmentation(self.fusion(scales)[:, 0], scales.unbind(1) if self.training else ())
