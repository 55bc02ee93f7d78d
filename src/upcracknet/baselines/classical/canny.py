"""Canny's edges (PAMI 8, 1986), closed: a crack has one on either side."""

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.classical.image import Grey, score_each
from upcracknet.runtime import BaseScorer


class Canny(BaseScorer):
    """Edges, with what lies between two near ones filled; only what is darker than its surroundings counts.

    Args:
        sigma: standard deviation of the Gaussian blur, in pixels.
        thresholds: of the gradient's hysteresis, as shares of the range of grey values.
        closing: diameter in pixels of the disc that closes the gap between two edges.
    """

    name = "canny"
    level: float | None = 0.5

    def __init__(
        self, sigma: float = 2.0, thresholds: tuple[float, float] = (0.12, 0.3), closing: int = 9
    ) -> None:
        self.sigma, self.thresholds = sigma, thresholds
        self.disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (closing, closing))

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Give 1 at and between edges where it is dark, else 0; RGB photos in [0, 1]."""
        return score_each(images, self._edges)

    def _edges(self, grey: Grey) -> Grey:
        smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), self.sigma))
        low, high = (255 * threshold for threshold in self.thresholds)
        edges = cv2.Canny(np.rint(255 * smooth).astype(np.uint8), low, high, L2gradient=True)
        closed = np.asarray(cv2.morphologyEx(edges, cv2.MORPH_CLOSE, self.disc)) > 0
        dark = smooth < cv2.blur(grey, (51, 51))
        return (closed & dark).astype(np.float32)
