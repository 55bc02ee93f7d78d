"""Sauvola and Pietikäinen's local threshold (Pattern Recognition 33, 2000)."""

from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.classical.image import Grey, score_each
from upcracknet.runtime import BaseScorer


class Sauvola(BaseScorer):
    """How far a pixel lies below a threshold from the mean and deviation around it.

    The method is a threshold itself: what lies below it is crack, however little.

    Args:
        window: side of the neighbourhood in pixels, odd.
        k: weight of the deviation; the larger, the fewer pixels lie below.
    """

    name = "sauvola"
    level: float | None = 0.0

    def __init__(self, window: int = 51, k: float = 0.2) -> None:
        if window < 3 or window % 2 == 0:
            raise ValueError(f"window is {window}, expected an odd number of at least 3 pixels")
        self.window, self.k = window, k

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Give the threshold minus the grey value, 0 where the pixel lies above; RGB photos in [0, 1]."""
        return score_each(images, self._below)

    def _below(self, grey: Grey) -> Grey:
        from skimage.filters import threshold_sauvola  # takes long to import

        # The published threshold is for a range of 128 grey values of deviation, half of all.
        below: Grey = threshold_sauvola(grey, self.window, self.k, r=0.5) - grey  # type: ignore[no-untyped-call]
        return below
