"""What a closing fills: dark structures that are narrower than its disc."""

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.classical.image import Grey, score_each
from upcracknet.runtime import BaseScorer


class BlackTopHat(BaseScorer):
    """The closing of the grey picture by a disc, minus the picture; slightly blurred before.

    Args:
        diameter: of the disc, in pixels; odd, and wider than the cracks.
        sigma: standard deviation of the Gaussian blur, in pixels.

    Raises:
        ValueError: ``diameter`` is even or below 3, or ``sigma`` is not positive.
    """

    name = "black-top-hat"
    level: float | None = None

    def __init__(self, diameter: int = 21, sigma: float = 1.0) -> None:
        if diameter < 3 or diameter % 2 == 0:
            raise ValueError(f"diameter is {diameter}, expected an odd number of at least 3 pixels")
        if sigma <= 0:
            raise ValueError(f"sigma is {sigma}, expected a positive number of pixels")
        self.sigma = sigma
        self.disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score each pixel by how much the closing fills there; RGB photos in [0, 1]."""
        return score_each(images, self._filled)

    def _filled(self, grey: Grey) -> Grey:
        smooth = cv2.GaussianBlur(grey, (0, 0), self.sigma)
        return np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, self.disc))
