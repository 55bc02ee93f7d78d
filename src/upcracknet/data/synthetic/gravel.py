"""Gravel: pieces of the photo that comes with scikit-image."""

from pathlib import Path

import cv2
import numpy as np
import skimage.data
from jaxtyping import Float32

from upcracknet.data.synthetic.material import Material
from upcracknet.data.synthetic.noise import Plane, fractal_noise, log_uniform
from upcracknet.errors import DataError


def draw_gravel(height: int, width: int, generator: np.random.Generator) -> Material:
    """Quilt scikit-image's gravel photo at the scale of a road's aggregate.

    Raises:
        DataError: the photo is missing from the installed scikit-image.
    """
    photo = _gravel_photo()
    side = int(512 * generator.uniform(0.3, 0.8))
    photo = np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA))
    field = _quilt(photo, height, width, generator)
    return Material(
        field,
        fractal_noise(height, width, generator, 12.0, octaves=3),
        tone=float(np.clip(generator.normal(130, 15), 85, 205)),
        contrast=log_uniform(generator, 8.0, 30.0),
        cast=generator.normal(0.01, 0.03),
        warming=generator.uniform(0.0, 0.02),
    )


def _quilt(
    photo: Float32[np.ndarray, "a a"], height: int, width: int, generator: np.random.Generator
) -> Plane:
    """Overlapping patches of a photo from random places, turned and mirrored, so that no repetition shows."""
    patch = int(len(photo) * 0.7)
    overlap = patch // 4
    ramp = np.minimum(np.minimum(np.arange(patch) + 1, np.arange(patch)[::-1] + 1) / overlap, 1.0)
    window = np.outer(ramp, ramp).astype(np.float32)
    total = np.zeros((height + 2 * patch, width + 2 * patch), np.float32)
    power = np.zeros_like(total)
    for top in range(patch - overlap, height + patch, patch - overlap):
        for left in range(patch - overlap, width + patch, patch - overlap):
            row, column = generator.integers(0, len(photo) - patch + 1, 2)
            piece = np.rot90(photo[row : row + patch, column : column + patch], int(generator.integers(4)))
            piece = piece[:, :: int(generator.choice((-1, 1)))]
            place = slice(top, top + patch), slice(left, left + patch)
            total[place] += piece * window
            power[place] += window**2
    inside = slice(patch, patch + height), slice(patch, patch + width)
    return np.asarray(total[inside] / np.sqrt(np.maximum(power[inside], 1e-6)))


def _gravel_photo() -> Plane:
    """Read the file itself: scikit-image's own loader might try to download a missing one."""
    path = Path(skimage.data.__file__).with_name("gravel.png")
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if grey is None:
        raise DataError(
            f"{path} is missing or unreadable; expected the photo that comes with scikit-image: "
            "install scikit-image again, or ask for another surface"
        )
    flat = grey.astype(np.float32) - cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 40)
    return np.asarray(flat / flat.std())
