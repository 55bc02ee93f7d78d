"""Methods without learning that filter the grey picture; ``minimal_path`` has one that searches it."""

from abc import ABC, abstractmethod

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from upcracknet.detection.scorer import BaseScorer

Grey = Float32[np.ndarray, "h w"]

SIGMAS = (1.0, 2.0, 3.0, 5.0)
"""Standard deviations of the scales in pixels: for ridges of about twice to four times that width."""


class GreyScorer(BaseScorer, ABC):
    """A method that scores the grey values of one photo at a time.

    Attributes:
        level: what is above it is crack; None takes Otsu's on each photo.
    """

    level: float | None = None

    @abstractmethod
    def score_grey(self, grey: Grey) -> Float[np.ndarray, "h w"]:
        """Score grey values in [0, 1]; what lies outside [0, 1] is cut afterwards."""

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score each image by its grey values.

        Args:
            images: RGB photos in [0, 1].

        Returns:
            scores in [0, 1].
        """
        scores = []
        for image in images.permute(0, 2, 3, 1).float().cpu().numpy():
            grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY))
            scores.append(np.clip(self.score_grey(grey), 0, 1).astype(np.float32))
        return torch.from_numpy(np.stack(scores)).to(images.device)


class LocalContrast(GreyScorer):
    """Local mean minus grey value, slightly blurred: the simplest crack score, which others must beat.

    Args:
        window: side of the square of the local mean, in pixels; odd, and wider than the cracks.
        sigma: standard deviation of the Gaussian blur, in pixels.

    Raises:
        ValueError: ``window`` is even or below 3, or ``sigma`` is not positive.
    """

    name = "local-contrast"

    def __init__(self, window: int = 51, sigma: float = 1.0) -> None:
        _check("window", window, sigma)
        self.window, self.sigma = window, sigma

    def score_grey(self, grey: Grey) -> Grey:
        """Give the difference of grey values, 0 where a pixel is as bright as its surroundings."""
        darker = np.maximum(cv2.blur(grey, (self.window, self.window)) - grey, 0)
        return np.asarray(cv2.GaussianBlur(darker, (0, 0), self.sigma))


class BlackTopHat(GreyScorer):
    """The closing of the grey picture by a disc, minus the picture; slightly blurred before.

    Args:
        diameter: of the disc, in pixels; odd, and wider than the cracks.
        sigma: standard deviation of the Gaussian blur, in pixels.

    Raises:
        ValueError: ``diameter`` is even or below 3, or ``sigma`` is not positive.
    """

    name = "black-top-hat"

    def __init__(self, diameter: int = 21, sigma: float = 1.0) -> None:
        _check("diameter", diameter, sigma)
        self.sigma = sigma
        self.disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))

    def score_grey(self, grey: Grey) -> Grey:
        """Give what the closing fills: dark structures that are narrower than its disc."""
        smooth = cv2.GaussianBlur(grey, (0, 0), self.sigma)
        return np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, self.disc))


class Sauvola(GreyScorer):
    """How far a pixel lies below Sauvola and Pietikäinen's local threshold (Pattern Recognition 33, 2000).

    What lies below the threshold is crack, however little.

    Args:
        window: side in pixels of the square whose mean and deviation give the threshold, odd.
        k: weight of the deviation; the larger, the fewer pixels lie below.

    Raises:
        ValueError: ``window`` is even or below 3.
    """

    name = "sauvola"
    level = 0.0

    def __init__(self, window: int = 51, k: float = 0.2) -> None:
        _check("window", window)
        self.window, self.k = window, k

    def score_grey(self, grey: Grey) -> Grey:
        """Give the threshold minus the grey value."""
        from skimage.filters import threshold_sauvola  # takes long to import

        # The published threshold is for a range of 128 grey values of deviation, half of all.
        below: Grey = threshold_sauvola(grey, self.window, self.k, r=0.5) - grey  # type: ignore[no-untyped-call]
        return below


class Canny(GreyScorer):
    """Canny's edges (PAMI 8, 1986), closed: a crack has one on either side.

    Args:
        sigma: standard deviation of the Gaussian blur, in pixels.
        thresholds: of the gradient's hysteresis, as shares of the range of grey values.
        closing: diameter in pixels of the disc that closes the gap between two edges.
    """

    name = "canny"
    level = 0.5

    def __init__(
        self, sigma: float = 2.0, thresholds: tuple[float, float] = (0.12, 0.3), closing: int = 9
    ) -> None:
        self.sigma, self.thresholds = sigma, thresholds
        self.disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (closing, closing))

    def score_grey(self, grey: Grey) -> Grey:
        """Give 1 at and between edges where it is darker than around, else 0."""
        smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), self.sigma))
        low, high = (255 * threshold for threshold in self.thresholds)
        edges = cv2.Canny(np.rint(255 * smooth).astype(np.uint8), low, high, L2gradient=True)
        closed = np.asarray(cv2.morphologyEx(edges, cv2.MORPH_CLOSE, self.disc)) > 0
        dark = smooth < cv2.blur(grey, (51, 51))
        return (closed & dark).astype(np.float32)


class Frangi(GreyScorer):
    """Frangi's vesselness of dark ridges (MICCAI 1998).

    Args:
        sigmas: scales in pixels.
        structure: frangi's c: what the strength of the second derivatives, times the scale squared, is
            compared with. Fixed, not taken from the image's own maximum, so that scores of different photos
            can be compared.
    """

    name = "frangi"

    def __init__(self, sigmas: tuple[float, ...] = SIGMAS, structure: float = 0.05) -> None:
        self.sigmas, self.structure = sigmas, structure

    def score_grey(self, grey: Grey) -> Grey:
        """Score how much each pixel lies on a dark ridge."""
        from skimage.filters import frangi  # takes long to import

        # Derivatives weaken with the square of the scale. Frangi multiplies them by it (equation 3), else
        # wide ridges would count nothing; scikit-image does not: divide what they are compared with instead.
        scales = [
            frangi(grey, [sigma], gamma=self.structure / sigma**2)  # type: ignore[no-untyped-call]
            for sigma in self.sigmas
        ]
        return np.asarray(np.max(scales, axis=0))


class Sato(GreyScorer):
    """Sato's tubeness of dark ridges (Medical Image Analysis 2, 1998).

    Args:
        sigmas: scales in pixels.
    """

    name = "sato"

    def __init__(self, sigmas: tuple[float, ...] = SIGMAS) -> None:
        self.sigmas = sigmas

    def score_grey(self, grey: Grey) -> Grey:
        """Give the strength of the second derivative across a dark ridge."""
        from skimage.filters import sato  # takes long to import

        return np.asarray(sato(grey, self.sigmas, black_ridges=True))  # type: ignore[no-untyped-call]


def _check(name: str, side: int, sigma: float = 1.0) -> None:
    if side < 3 or side % 2 == 0:
        raise ValueError(f"{name} is {side}, expected an odd number of at least 3 pixels")
    if sigma <= 0:
        raise ValueError(f"sigma is {sigma}, expected a positive number of pixels")
