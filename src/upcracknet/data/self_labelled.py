"""Photos without annotation, as an earlier model sees them: targets of a second round of training."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True)
class SelfLabelledPhoto:
    """A photo and how crack-like an earlier model found each of its pixels.

    Attributes:
        photo: uint8 H×W×3 RGB.
        score: uint8 H×W, 255 is a score of 1.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    score: UInt8[np.ndarray, "h w"]

    def crop(
        self, height: int, width: int, generator: np.random.Generator
    ) -> tuple[UInt8[np.ndarray, "_h _w 3"], Float32[np.ndarray, "_h _w"]]:
        """Cut a random piece of at most this height and width in pixels; its scores are in [0, 1]."""
        height, width = min(height, self.score.shape[0]), min(width, self.score.shape[1])
        top = int(generator.integers(self.score.shape[0] - height + 1))
        left = int(generator.integers(self.score.shape[1] - width + 1))
        place = np.s_[top : top + height, left : left + width]
        return self.photo[place], self.score[place].astype(np.float32) / 255
