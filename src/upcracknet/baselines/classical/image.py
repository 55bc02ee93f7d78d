"""From batches of images to the grey pictures that classical methods take, and back."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

Grey = Float32[np.ndarray, "h w"]


def score_each(
    images: Float[Tensor, "b 3 h w"], score: Callable[[Grey], Float[np.ndarray, "h w"]]
) -> Float[Tensor, "b h w"]:
    """Score the grey values, in [0, 1], of each image; the scores are cut to [0, 1]."""
    scores = []
    for image in images.permute(0, 2, 3, 1).float().cpu().numpy():
        grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY))
        scores.append(np.clip(score(grey), 0, 1).astype(np.float32))
    return torch.from_numpy(np.stack(scores)).to(images.device)
