"""Dark ridges of the grey relief: Frangi (MICCAI 1998) and Sato (Medical Image Analysis 2, 1998)."""

import numpy as np
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.classical.image import Grey, score_each
from upcracknet.runtime import BaseScorer

SIGMAS = (1.0, 2.0, 3.0, 5.0)
"""Standard deviations of the scales in pixels: for ridges of about twice to four times that width."""


class Frangi(BaseScorer):
    """Frangi's vesselness of dark ridges.

    Args:
        sigmas: scales in pixels.
        structure: frangi's c: what the strength of the second derivatives, times the scale squared, is
            compared with. Fixed, not taken from the image's own maximum, so that scores of different photos
            can be compared.
    """

    name = "frangi"
    level: float | None = None

    def __init__(self, sigmas: tuple[float, ...] = SIGMAS, structure: float = 0.05) -> None:
        self.sigmas, self.structure = sigmas, structure

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score how much each pixel lies on a dark ridge; RGB photos in [0, 1]."""
        return score_each(images, self._vesselness)

    def _vesselness(self, grey: Grey) -> Grey:
        from skimage.filters import frangi  # takes long to import

        # Derivatives weaken with the square of the scale. Frangi multiplies them by it (equation 3), else
        # wide ridges would count nothing; scikit-image does not: divide what they are compared with instead.
        scales = [
            frangi(grey, [sigma], gamma=self.structure / sigma**2)  # type: ignore[no-untyped-call]
            for sigma in self.sigmas
        ]
        return np.asarray(np.max(scales, axis=0))


class Sato(BaseScorer):
    """Sato's tubeness of dark ridges: the strength of the second derivative across them.

    Args:
        sigmas: scales in pixels.
    """

    name = "sato"
    level: float | None = None

    def __init__(self, sigmas: tuple[float, ...] = SIGMAS) -> None:
        self.sigmas = sigmas

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score how strong a dark ridge is at each pixel; RGB photos in [0, 1]."""
        return score_each(images, self._tubeness)

    def _tubeness(self, grey: Grey) -> Grey:
        from skimage.filters import sato  # takes long to import

        return np.asarray(sato(grey, self.sigmas, black_ridges=True))  # type: ignore[no-untyped-call]
