"""Photos and their crack masks at another size, on the same pixel centres."""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8


def resized(
    photo: UInt8[np.ndarray, "h w 3"],
    mask: Bool[np.ndarray, "h w"],
    height: int,
    width: int,
    *,
    mask_rule: int = cv2.INTER_NEAREST_EXACT,
) -> tuple[UInt8[np.ndarray, "{height} {width} 3"], Bool[np.ndarray, "{height} {width}"]]:
    """Resize a photo by OpenCV's bilinear rule, without smoothing before, and its mask by the nearest pixel.

    Bilinear interpolation asks what lies at the centre of each new pixel, so the mask has to ask there too
    (docs/decisions/0016-mask-alignment.md). At half the size, or a quarter, four pixels are equally near; the
    lower right one is taken, which is half a pixel of the old mask off: no single pixel is nearer.

    Args:
        photo: RGB, H×W×3, 0 to 255.
        mask: crack pixels, H×W.
        height: new height in pixels.
        width: new width in pixels.
        mask_rule: OpenCV's rule for the mask.

    Returns:
        photo and mask of the new size.
    """
    size = (width, height)
    shrunk = cv2.resize(mask.astype(np.uint8), size, interpolation=mask_rule).astype(bool)
    return cv2.resize(photo, size, interpolation=cv2.INTER_LINEAR), shrunk
