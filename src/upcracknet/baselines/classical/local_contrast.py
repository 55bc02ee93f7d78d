"""How much darker a pixel is than its neighbourhood: the simplest crack score, which others must beat."""

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.classical.image import Grey, score_each
from upcracknet.runtime import BaseScorer


class LocalContrast(BaseScorer):
    """Local mean minus grey value, negative values cut to 0, slightly blurred.

    Args:
        window: side of the square of the local mean, in pixels; odd, and wider than the cracks.
        sigma: standard deviation of the Gaussian blur, in pixels.

    Raises:
        ValueError: ``window`` is even or below 3, or ``sigma`` is not positive.
    """

    name = "local-contrast"
    level: float | None = None

    def __init__(self, window: int = 51, sigma: float = 1.0) -> None:
        if window < 3 or window % 2 == 0:
            raise ValueError(f"window is {window}, expected an odd number of at least 3 pixels")
        if sigma <= 0:
            raise ValueError(f"sigma is {sigma}, expected a positive number of pixels")
        self.window = window
        self.sigma = sigma

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score each pixel by its contrast to the neighbourhood.

        Args:
            images: RGB photos, b×3×h×w in [0, 1].

        Returns:
            b×h×w in [0, 1]: the difference of grey values, 0 where the pixel is as bright as its
            surroundings.
        """
        return score_each(images, self._contrast)

    def _contrast(self, grey: Grey) -> Grey:
        darker = np.maximum(cv2.blur(grey, (self.window, self.window)) - grey, 0)
        return np.asarray(cv2.GaussianBlur(darker, (0, 0), self.sigma))
