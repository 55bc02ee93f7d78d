"""Style loss: the difference of feature correlations (Section III-E, equation 6).

Source: Johnson et al., ECCV 2016.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.losses.features import FeatureExtractor
from upcracknet.losses.precision import at_least_float32


def gram_matrix(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Correlate the channels of a feature map, forgetting where in the image they respond.

    Computed in at least 32 bits, also under autocast.

    Args:
        features: activations of one layer.

    Returns:
        sums of products over all pixels, divided by c · h · w.
    """
    _, channels, height, width = features.shape
    with torch.autocast(features.device.type, enabled=False):
        rows = at_least_float32(features).flatten(start_dim=2)
        return rows @ rows.transpose(1, 2) / (channels * height * width)


def style_loss(
    restored: Float[Tensor, "b 3 h w"], original: Float[Tensor, "b 3 h w"], extractor: FeatureExtractor
) -> Float[Tensor, ""]:
    """Average the absolute difference of Gram matrices over their entries, then over the layers (equation 6).

    Args:
        restored: restored images in [0, 1].
        original: original images in [0, 1]; no gradient flows to them.
        extractor: where the feature maps come from.

    Returns:
        loss, 0 for identical images.
    """
    with torch.no_grad():
        originals = [gram_matrix(layer) for layer in extractor(original)]
    restoreds = [gram_matrix(layer) for layer in extractor(restored)]
    return torch.stack([F.l1_loss(*grams) for grams in zip(restoreds, originals, strict=True)]).mean()
