"""What the supervised networks of Tables III-VIII have in common."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn


class Segmentation(NamedTuple):
    """What a network says about a batch of images.

    Attributes:
        logits: how crack-like each pixel is; above 0 more likely crack than not.
        side: further logits at the images' size, which training judges as well: side outputs and auxiliary
            heads. Empty when the network is not in training mode.
    """

    logits: Float[Tensor, "b h w"]
    side: tuple[Float[Tensor, "b h w"], ...] = ()


class SupervisedNetwork(nn.Module, ABC):
    """A network that learns from annotated cracks: one logit a pixel, at the images' own size.

    Heads that serve training alone are in the attribute ``auxiliary``, where there are any.

    Attributes:
        stride: pixels of the image for one step of the features that the answer is computed from.
        size_multiple: height and width of the images must be multiples of this many pixels.
        side_weights: weight of each side output in the loss, beside 1 for the answer.
        smallest_batch: fewest images of a training step; 2 where features are pooled to one value an image,
            which batch normalisation cannot normalise alone.
    """

    interface = (
        "the photo in [0, 1] minus (0.485, 0.456, 0.406), divided by (0.229, 0.224, 0.225); the output is "
        "one logit a pixel, batch×height×width, whose sigmoid is the score"
    )
    stride: ClassVar[int]
    size_multiple: ClassVar[int]
    side_weights: ClassVar[tuple[float, ...]] = ()
    smallest_batch: ClassVar[int] = 1

    @abstractmethod
    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images that are normalised to about zero mean and unit deviation."""
