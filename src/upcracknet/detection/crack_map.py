"""The cracks of one photo: what detection gives."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from upcracknet.data.photo import save_image_atomically
from upcracknet.measure import PHOTO_VERTICAL, Crack, Direction, RoadScale, Scale, measure_cracks
from upcracknet.measure.severity import StandardName

CRACK_COLOR = (255, 40, 60)  # red, which neither asphalt nor concrete has


@dataclass(frozen=True, eq=False)
class CrackMap:
    """Cracks of one photo, at the photo's own size.

    Attributes:
        photo: the photo, uint8 H×W×3 RGB.
        score: float32 H×W in [0, 1], higher is more crack-like.
        mask: bool H×W, True is crack.
        threshold: score above which a pixel was marked as crack.
        millimetres_per_pixel: size of a pixel on the road; None when unknown.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    score: Float[np.ndarray, "h w"]
    mask: Bool[np.ndarray, "h w"]
    threshold: float
    millimetres_per_pixel: float | None = None

    @property
    def height(self) -> int:
        """Height of the photo in pixels."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Width of the photo in pixels."""
        return int(self.mask.shape[1])

    @property
    def crack_pixels(self) -> int:
        """Number of crack pixels."""
        return int(np.count_nonzero(self.mask))

    @property
    def area_share(self) -> float:
        """Share of the photo that is crack, in [0, 1]."""
        return self.crack_pixels / self.mask.size

    @property
    def crack_area_cm2(self) -> float | None:
        """Area of the crack pixels in square centimetres; None where the size of a pixel is not known."""
        if self.millimetres_per_pixel is None:
            return None
        return self.crack_pixels * self.millimetres_per_pixel**2 / 100

    def cracks(
        self,
        scale: RoadScale | None = None,
        *,
        direction: Direction | None = PHOTO_VERTICAL,
        standard: StandardName = "astm-d6433",
    ) -> list[Crack]:
        """Measure the cracks: each as a line with a length, a width, a class and a severity.

        Widths are those in the photo where a crack stands out from the road, and the mask's elsewhere.

        Args:
            scale: gives millimetres; without it that of :attr:`millimetres_per_pixel`, if it is known.
            direction: which way traffic drives; None where it is not known.
            standard: "astm-d6433" or "fhwa-ltpp": whose severities.

        Returns:
            the cracks, the longest first.

        Raises:
            ConfigurationError: the scale, the direction or the standard is none, or the scale was made on
                photos of another shape.
        """
        if scale is None and self.millimetres_per_pixel is not None:
            scale = Scale.uniform(self.millimetres_per_pixel)
        return measure_cracks(self.mask, scale, self.photo, direction=direction, standard=standard)

    def overlay(self) -> UInt8[np.ndarray, "h w 3"]:
        """Draw the photo with its cracks in red, outlined so that hairlines stay visible when shrunk."""
        mask = self.mask.astype(np.uint8)
        # About a thousandth of the photo's side: visible on a screen, without hiding the crack.
        reach = 2 * max(1, round(max(mask.shape) / 1500)) + 1
        outline = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) - mask
        picture = self.photo.copy()
        for drawn, share in ((outline > 0, 0.45), (self.mask, 0.75)):
            color = share * np.array(CRACK_COLOR, np.float32)
            picture[drawn] = np.rint((1 - share) * self.photo[drawn] + color).astype(np.uint8)
        return picture

    def save_overlay(self, path: str | Path) -> None:
        """Write the overlay as PNG or JPEG.

        Raises:
            OutputError: the file cannot be written.
        """
        save_image_atomically(Path(path), self.overlay())

    def save_mask(self, path: str | Path) -> None:
        """Write the mask as 8-bit PNG: 255 is crack.

        Raises:
            OutputError: the file cannot be written.
        """
        save_image_atomically(Path(path), self.mask.astype(np.uint8) * 255)

    def save_score(self, path: str | Path) -> None:
        """Write the score as 16-bit PNG: 65535 is a score of 1.

        Raises:
            OutputError: the file cannot be written.
        """
        save_image_atomically(Path(path), np.rint(self.score.clip(0, 1) * 65535).astype(np.uint16))
