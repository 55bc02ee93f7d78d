"""One photo laid on another of the same place: by what both show, or refused."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from upcracknet.errors import PhotoError

Photo = UInt8[np.ndarray, "_ _ 3"]
Points = Float64[np.ndarray, "n 2"]
"""Places (x, y) in pixels, pixel centres at whole numbers."""

LONGEST_PX = 1000
"""Longer side of the photos as they are compared."""

FEWEST_POINTS = 15
"""Points that must agree. Four always do; in 96 pairs of photos of two roads at most 5 agreed."""

SMALLEST_OVERLAP = 0.25
"""Share of the smaller photo that the other one must show."""

_FEATURES = 5000  # points that are looked for in each photo
_CLEARLY = 0.8  # Lowe 2004, section 7.1: the second best partner of a point differs so much from the best
_NEAR_PX = 3.0  # points agree if they come to lie so near, in pixels as compared
_LARGEST_ZOOM = 3.0  # between both photos, and within one


@dataclass(frozen=True, eq=False)
class Registration:
    """How one photo lies on another.

    Attributes:
        matrix: homography, 3×3, from pixels of the old photo to those of the new one.
        points: number of points that agree.
        overlap: share of the smaller photo that the other one shows, 0 to 1.
        pixel: pixels of the new photo to one pixel as both were compared, 1 or more.
    """

    matrix: Float64[np.ndarray, "3 3"]
    points: int
    overlap: float
    pixel: float

    def to_new(self, points: Points) -> Points:
        """Give where places of the old photo lie in the new one."""
        return mapped(self.matrix, points)

    def to_old(self, points: Points) -> Points:
        """Give where places of the new photo lie in the old one."""
        return mapped(np.linalg.inv(self.matrix), points)

    def zoom(self, points: Points) -> Float64[np.ndarray, " n"]:
        """Give how many pixels of the new photo one of the old is long, at places of the old photo."""
        return zooms(self.matrix, points)


def register(old: Photo, new: Photo) -> Registration:
    """Find how an old photo lies on a new one.

    Points of both photos are found by what surrounds them (SIFT: Lowe 2004), which light, shift and turn do
    not change, and a plane's homography is fitted to those that agree (MAGSAC++: Barath et al. 2020).

    Args:
        old: uint8 H×W×3 RGB.
        new: uint8 H×W×3 RGB, of any other size.

    Raises:
        PhotoError: they do not show the same place, or too little of it; the message says which.
    """
    (old_points, old_looks), (new_points, new_looks) = _features(old), _features(new)
    pairs = _partners(old_looks, new_looks)
    if len(pairs) < FEWEST_POINTS:
        raise PhotoError(f"only {len(pairs)} points look alike, expected {FEWEST_POINTS} or more")
    first, second = old_points[pairs[:, 0]], new_points[pairs[:, 1]]
    factor = max(1.0, max(new.shape[:2]) / LONGEST_PX)
    cv2.setRNGSeed(0)  # the same photos are always laid on each other alike
    matrix, agrees = cv2.findHomography(first, second, cv2.USAC_MAGSAC, _NEAR_PX * factor, None, 5000, 0.999)
    count = 0 if matrix is None else int(np.count_nonzero(agrees))
    if matrix is None or count < FEWEST_POINTS:
        raise PhotoError(f"only {count} points agree, expected {FEWEST_POINTS} or more")
    corners = _corners(old)
    sizes = zooms(np.asarray(matrix), np.concatenate([corners, corners.mean(axis=0, keepdims=True)]))
    if not (sizes.min() > 1 / _LARGEST_ZOOM and sizes.max() < _LARGEST_ZOOM):
        raise PhotoError("the points that agree fit no view of one road")
    overlap = _overlap(mapped(np.asarray(matrix), corners), old, new)
    if overlap < SMALLEST_OVERLAP:
        raise PhotoError(f"they overlap by {overlap:.0%}, expected {SMALLEST_OVERLAP:.0%} or more")
    return Registration(np.asarray(matrix, np.float64), count, overlap, factor)


def mapped(matrix: Float64[np.ndarray, "3 3"], points: Points) -> Points:
    """Map places by a homography."""
    flat = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(flat[:, :2] / flat[:, 2:])


def zooms(matrix: Float64[np.ndarray, "3 3"], points: Points) -> Float64[np.ndarray, " n"]:
    """Give how much a homography enlarges lengths at places; NaN where it mirrors."""
    # The root of how much it enlarges areas.
    depth = np.column_stack([points, np.ones(len(points))]) @ matrix[2]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.linalg.det(matrix) / depth**3))


def _features(photo: Photo) -> tuple[Points, Any]:
    """Points of a photo in its pixels, and how each looks."""
    factor = max(1.0, max(photo.shape[:2]) / LONGEST_PX)
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    size = round(grey.shape[1] / factor), round(grey.shape[0] / factor)
    grey = cv2.resize(grey, (max(1, size[0]), max(1, size[1])), interpolation=cv2.INTER_AREA)
    # Evens out shadows; the contrast of asphalt is low.
    even = cv2.createCLAHE(2.0, (8, 8)).apply(grey)
    sift: Any = getattr(cv2, "SIFT_create")  # noqa: B009 - OpenCV's types lack it
    found, looks = sift(_FEATURES, contrastThreshold=0.02).detectAndCompute(even, None)
    places = np.array([point.pt for point in found], np.float64).reshape(-1, 2)
    return (places + 0.5) * (np.array(photo.shape[1::-1]) / even.shape[1::-1]) - 0.5, looks


def _partners(old: Any, new: Any) -> np.ndarray:
    """Pairs of points that look most alike, each other's best by far: n×2 indices."""
    if old is None or new is None or len(old) < 2 or len(new) < 2:
        return np.zeros((0, 2), np.int64)
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    back = {best.queryIdx: best.trainIdx for best in matcher.match(new, old)}
    pairs = [
        (best.queryIdx, best.trainIdx)
        for best, second in matcher.knnMatch(old, new, 2)
        if best.distance < _CLEARLY * second.distance and back[best.trainIdx] == best.queryIdx
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _corners(photo: Photo) -> Points:
    height, width = photo.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5


def _overlap(corners: Points, old: Photo, new: Photo) -> float:
    """Share of the smaller photo, in the new one's pixels, that both show."""
    laid = corners.astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(laid, _corners(new).astype(np.float32))
    smaller = min(cv2.contourArea(laid), float(new.shape[0] * new.shape[1]))
    return float(shared) / smaller if smaller > 0 else 0.0
