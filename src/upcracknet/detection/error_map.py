"""The error map of equation (1) and the bilateral filter on it."""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.detection.settings import DetectionSettings, ErrorKind

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as OpenCV and Pillow turn colour to grey


def error_map(
    images: Float[Tensor, "b 3 h w"],
    restored: Float[Tensor, "b 3 h w"],
    kind: ErrorKind = "squared",
    *,
    center: bool = False,
) -> Float[Tensor, "b h w"]:
    """Difference between photos and their restorations.

    Args:
        images: photos in [0, 1].
        restored: restorations in [0, 1].
        kind: see :class:`DetectionSettings`.
        center: first subtract the median difference of each colour; not for ``stretched_grey``.

    Returns:
        errors in [0, 1].
    """
    if kind == "stretched_grey":
        return (stretched(_grey(restored)) - stretched(_grey(images))).abs()
    difference = restored - images
    if center:
        difference = difference - difference.flatten(2).median(dim=2).values[:, :, None, None]
        difference = difference.clamp(-1, 1)
    return (difference.square() if kind == "squared" else difference.abs()).mean(dim=1)


def _grey(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    weights = torch.tensor(GREY_WEIGHTS, dtype=images.dtype, device=images.device)
    return torch.einsum("bchw,c->bhw", images, weights)


def stretched(maps: Float[Tensor, "b *c h w"], *, eight_bit: bool = False) -> Float[Tensor, "b *c h w"]:
    """Bring each map to the whole range from 0 to 1, all its colours together.

    Args:
        maps: photos or error maps, in any range.
        eight_bit: cut down to multiples of 1/255, fractions dropped, as where a picture is written.

    Returns:
        the maps, their least value 0 and their greatest 1; all 0 where a map is flat.
    """
    over = tuple(range(1, maps.ndim))
    low, high = maps.amin(dim=over, keepdim=True), maps.amax(dim=over, keepdim=True)
    span = (high - low).clamp_min(1e-6)
    return ((maps - low) * 255 / span).floor() / 255 if eight_bit else (maps - low) / span


def filter_error(errors: Float[Tensor, "b h w"], settings: DetectionSettings) -> Float[Tensor, "b h w"]:
    """Filter each error map with OpenCV's bilateral filter (B of equation 1).

    Args:
        errors: error maps in [0, 1].
        settings: window, sigmas, and whether to filter in 8 bits.

    Returns:
        filtered error maps in [0, 1], on the device of the errors, though the processor filters them; errors
        that are not finite numbers stay as they are.
    """
    # OpenCV would put numbers in the place of what is none: such errors must stay visible.
    if settings.filter_diameter == 0 or not errors.isfinite().all():
        return errors
    filtered = np.stack([_filter(one, settings) for one in errors.float().cpu().numpy()])
    return torch.from_numpy(filtered).to(errors.device)


def _filter(error: Float[np.ndarray, "h w"], settings: DetectionSettings) -> Float[np.ndarray, "h w"]:
    smoothed: np.ndarray
    if settings.eight_bit:
        rounded = np.rint(error * 255).astype(np.uint8)
        smoothed = cv2.bilateralFilter(
            rounded, settings.filter_diameter, settings.sigma_color * 255, settings.sigma_space
        )
        return smoothed.astype(np.float32) / 255
    smoothed = cv2.bilateralFilter(
        np.ascontiguousarray(error), settings.filter_diameter, settings.sigma_color, settings.sigma_space
    )
    return smoothed
