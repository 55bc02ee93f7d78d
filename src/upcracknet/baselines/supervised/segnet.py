"""SegNet: an encoder, and a decoder that remembers where the maxima were.

Badrinarayanan, Kendall and Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
Segmentation", TPAMI 39(12), 2017. This is the network of reference 35 of the UP-CrackNet paper; the row that
its tables call SegResNet was run with :class:`~upcracknet.baselines.supervised.segresnet.SegResNet`.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.baselines.supervised.blocks import initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.vgg import DECODER_WIDTHS, VGG16, MirroredVGG16


class SegNet(SupervisedNetwork):
    """VGG-16 and its mirror image (Figure 2), joined by the pooling indices alone: no features skip across.

    The encoder takes ImageNet weights of torchvision's ``vgg16_bn``, by name.
    """

    stride: ClassVar[int] = 1
    size_multiple: ClassVar[int] = 32

    def __init__(self) -> None:
        super().__init__()
        self.backbone = VGG16()
        self.decoder = MirroredVGG16()
        self.classifier = nn.Conv2d(DECODER_WIDTHS[0][-1], 1, 3, padding=1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 32 pixels."""
        decoded = self.decoder(self.backbone(images))
        return Segmentation(self.classifier(decoded[0])[:, 0])
