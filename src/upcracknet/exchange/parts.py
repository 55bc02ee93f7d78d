"""The connected parts of a mask, each with what was measured of its crack."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Int

ATTRIBUTES = {
    "number": "number",
    "class": "kind",
    "severity": "severity",
    "length_px": "length_px",
    "length_mm": "length_mm",
    "width_mean_px": "width_mean_px",
    "width_mean_mm": "width_mean_mm",
}
"""What other programs are given of a crack, and the field of ``cracks/NAME.json`` that it comes from."""


@dataclass(frozen=True, eq=False)
class Part:
    """Crack pixels that touch each other, at a side or a corner.

    Attributes:
        left: of its box, in pixels.
        top: of its box, in pixels.
        mask: True where there is a crack, within the box.
        attributes: what was measured of the crack; empty where nothing was.
    """

    left: int
    top: int
    mask: Bool[np.ndarray, "h w"]
    attributes: dict[str, Any] = field(default_factory=dict)


def parts_of(
    mask: Bool[np.ndarray, "h w"], cracks: Sequence[dict[str, Any]] = (), least_length_px: int = 0
) -> list[Part]:
    """Take a mask apart.

    Args:
        mask: True where there is a crack.
        cracks: of the photo, as ``cracks/NAME.json`` has them.
        least_length_px: parts that reach less far, in height and in width, are left out.

    Returns:
        the parts, from the top. Several parts of one crack all have its attributes.
    """
    _, found, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    labels = np.asarray(found)
    measured = _measured(labels, cracks)
    parts = []
    for label, (left, top, width, height) in enumerate(np.asarray(statistics)[1:, :4].tolist(), start=1):
        if max(width, height) >= least_length_px:
            box = labels[top : top + height, left : left + width]
            parts.append(Part(left, top, box == label, measured.get(label, {})))
    return parts


def without_short_parts(mask: Bool[np.ndarray, "h w"], least_length_px: int) -> Bool[np.ndarray, "h w"]:
    """Give the mask of the parts that :func:`parts_of` keeps."""
    if least_length_px <= 1:
        return mask
    kept = np.zeros_like(mask)
    for part in parts_of(mask, (), least_length_px):
        height, width = part.mask.shape
        kept[part.top : part.top + height, part.left : part.left + width] |= part.mask
    return kept


def _measured(labels: Int[np.ndarray, "h w"], cracks: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The attributes of each part: of the crack that has most places of its axis there."""
    places: dict[int, Counter[int]] = {}
    for index, crack in enumerate(cracks):
        axis = np.rint([place for branch in crack["axis"] for place in branch]).astype(int).reshape(-1, 2)
        x, y = axis.clip(0, (labels.shape[1] - 1, labels.shape[0] - 1)).T
        for label, count in Counter(labels[y, x].tolist()).items():
            places.setdefault(label, Counter())[index] += count
    attributes = [
        {name: crack[key] for name, key in ATTRIBUTES.items() if crack.get(key) is not None}
        for crack in cracks
    ]
    return {label: attributes[counts.most_common(1)[0][0]] for label, counts in places.items()}
