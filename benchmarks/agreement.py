"""Whether a detector finds the same cracks when a photo is scaled, turned, compressed or lit otherwise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.detection import CrackDetector
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count

Photo = UInt8[np.ndarray, "h w 3"]
Mask = Bool[np.ndarray, "h w"]

TOLERANCE = 1  # pixels: what a crack of one pixel moves by when its photo is scaled
EDGE = 16  # pixels inside the border of a turned photo that are not compared: it is mirrored there


@dataclass(frozen=True)
class Change:
    """A change of a photo that leaves its cracks as they are.

    Attributes:
        group: what is changed.
        name: how much.
        apply: gives the changed photo.
        undo: brings a mask of the changed photo to a height and width in pixels, those of the photo.
    """

    group: str
    name: str
    apply: Callable[[Photo], Photo]
    undo: Callable[[Mask, int, int], Mask] = lambda mask, height, width: mask


@dataclass(frozen=True)
class Agreement:
    """How well the masks of changed photos agree with those of the photos, pooled over all photos.

    Attributes:
        change: how they were changed.
        exact: counts against the masks of the photos as they are.
        tolerant: the same within 1 pixel.
    """

    change: Change
    exact: ConfusionCounts
    tolerant: ConfusionCounts

    @property
    def iou(self) -> float:
        return Scores.of(self.exact).iou

    @property
    def tolerant_iou(self) -> float:
        return Scores.of(self.tolerant).iou


def scaled(factor: float) -> Change:
    """Enlarge smoothly, or shrink by means of areas."""

    def apply(photo: Photo) -> Photo:
        how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        return np.asarray(cv2.resize(photo, None, fx=factor, fy=factor, interpolation=how))

    def undo(mask: Mask, height: int, width: int) -> Mask:
        how = cv2.INTER_AREA if factor > 1 else cv2.INTER_LINEAR
        return cv2.resize(mask.astype(np.float32), (width, height), interpolation=how) >= 0.5

    return Change("size", f"×{factor:g}", apply, undo)


def contrasted(gain: float) -> Change:
    """Multiply the contrast about the photo's mean brightness."""

    def apply(photo: Photo) -> Photo:
        mean = photo.mean()
        return np.clip(np.rint((photo - mean) * gain + mean), 0, 255).astype(np.uint8)

    return Change("contrast", f"×{gain:g}", apply)


def turned(degrees: float) -> Change:
    """Turn about the middle; what lies beyond the border is mirrored."""

    def turn(height: int, width: int) -> np.ndarray:
        return cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)

    def apply(photo: Photo) -> Photo:
        height, width = photo.shape[:2]
        return np.asarray(
            cv2.warpAffine(photo, turn(height, width), (width, height), borderMode=cv2.BORDER_REFLECT_101)
        )

    def undo(mask: Mask, height: int, width: int) -> Mask:
        back = cv2.invertAffineTransform(turn(height, width))
        return cv2.warpAffine(mask.astype(np.float32), back, (width, height)) >= 0.5

    return Change("rotation", f"{degrees:g}°", apply, undo)


def quarter_turned() -> Change:
    """Turn by 90°, whose pixels stay whole."""
    return Change(
        "rotation",
        "90°",
        lambda photo: np.ascontiguousarray(np.rot90(photo)),
        lambda mask, height, width: np.rot90(mask, -1),
    )


def compressed(quality: int) -> Change:
    """Compress as JPEG."""

    def apply(photo: Photo) -> Photo:
        _, encoded = cv2.imencode(".jpg", photo[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
        return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])

    return Change("compression", f"JPEG {quality}", apply)


CHANGES = (
    *(scaled(factor) for factor in (0.5, 2.0, 4.0)),
    *(contrasted(gain) for gain in (0.6, 1.6, 2.4)),
    quarter_turned(),
    turned(30),
    compressed(50),
)
GROUPS = tuple(dict.fromkeys(change.group for change in CHANGES))


def agreements(detector: CrackDetector, photos: list[Photo]) -> Iterator[Agreement]:
    """Compare the masks of changed photos with those of the photos as they are.

    Args:
        detector: what is judged.
        photos: RGB, 0 to 255, of any sizes.

    Yields:
        one result for each of ``CHANGES``.
    """
    references = [detector.detect(photo).mask for photo in photos]
    for change in CHANGES:
        exact = tolerant = ConfusionCounts()
        for photo, reference in zip(photos, references, strict=True):
            height, width = reference.shape
            mask = detector.detect(change.apply(photo)).mask
            found, inner = (change.undo(one, height, width) for one in (mask, np.ones_like(mask)))
            if not inner.all():
                kernel = np.ones((2 * EDGE + 1, 2 * EDGE + 1), np.uint8)
                inner = cv2.erode(inner.astype(np.uint8), kernel, borderValue=0).astype(bool)
            exact += count(found & inner, reference & inner)
            tolerant += count(found & inner, reference & inner, tolerance=TOLERANCE)
        yield Agreement(change, exact, tolerant)
