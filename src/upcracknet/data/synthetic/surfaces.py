"""Bare road surfaces: asphalt, concrete, and the gravel photo that comes with scikit-image."""

from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
import skimage.data
from jaxtyping import Float32, Int32

from upcracknet.data.synthetic.noise import (
    Plane,
    Scene,
    fractal_noise,
    log_uniform,
    slope,
    smooth_noise,
    smoothstep,
)
from upcracknet.errors import DataError

Surface = Literal["asphalt", "concrete", "gravel"]
SURFACES: tuple[Surface, ...] = get_args(Surface)


def draw_surface(height: int, width: int, generator: np.random.Generator, surface: Surface) -> Scene:
    """Draw a bare road without cracks, marks or camera effects.

    Raises:
        DataError: the gravel photo is missing from the installed scikit-image.
    """
    if surface == "asphalt":
        relief, warmth = _asphalt(height, width, generator)
        tone, contrast = generator.normal(128, 16), log_uniform(generator, 7.0, 36.0)
    elif surface == "concrete":
        relief, warmth = _concrete(height, width, generator)
        tone, contrast = generator.normal(158, 20), log_uniform(generator, 4.0, 18.0)
    else:
        relief, warmth = _gravel(height, width, generator)
        tone, contrast = generator.normal(130, 15), log_uniform(generator, 8.0, 30.0)
    return _colour(relief, warmth, generator, float(np.clip(tone, 85, 205)), contrast)


def _colour(
    relief: Plane, warmth: Plane, generator: np.random.Generator, tone: float, contrast: float
) -> Scene:
    """Put a grey relief at a tone and contrast, add slow changes of tone, and tint it."""
    height, width = relief.shape
    relief = (relief - relief.mean()) / (relief.std() + np.float32(1e-6)) * np.float32(contrast)
    slow = fractal_noise(
        height, width, generator, max(40.0, 0.5 * max(height, width)), octaves=4, persistence=0.6
    )
    relief += slow * np.float32(tone * log_uniform(generator, 0.008, 0.06)) + np.float32(tone)
    cast = generator.normal(0.01, 0.03)
    cast_slow = generator.uniform(0, 0.006)
    grain_tint = generator.uniform(0.0, 0.02)
    tint = np.float32(cast) + slow * np.float32(cast_slow) + warmth * np.float32(grain_tint)
    photo = np.empty((height, width, 3), np.float32)
    photo[..., 0] = relief * (1 + tint)
    photo[..., 1] = relief * (1 + np.float32(generator.normal(0, 0.006)))
    photo[..., 2] = relief * (1 - np.float32(1.6) * tint)
    return photo


def _asphalt(height: int, width: int, generator: np.random.Generator) -> tuple[Plane, Plane]:
    """A lit, grainy binder with stones of several sizes, a few of them bright, and dark pits."""
    zoom = log_uniform(generator, 0.7, 1.6)
    light = generator.uniform(0, 2 * np.pi)
    field = _grain(height, width, generator, zoom, light)
    warmth = np.zeros((height, width), np.float32)
    stoniness = generator.beta(1.2, 1.5)
    spread = generator.uniform(0.3, 0.9)
    for size in (2.5, 4.0, 6.5):
        share = float(stoniness * generator.uniform(0.2, 0.9))
        amount, albedo, tint = _stones(height, width, generator, size * zoom, light, share)
        field += amount * (np.float32(0.3) + np.float32(spread) * albedo - np.float32(0.6) * field)
        warmth += amount * (tint - warmth)
    amount, albedo, _ = _stones(height, width, generator, 4.0 * zoom, light, generator.uniform(0.0, 0.02))
    field += amount * (np.float32(generator.uniform(1.5, 3.5)) + np.float32(0.5) * albedo - field)
    pits = smoothstep(smooth_noise(height, width, generator, 3.0 * zoom), generator.uniform(1.2, 2.0), 2.4)
    field -= pits * np.float32(generator.uniform(0.5, 2.5))
    return field, warmth


def _grain(height: int, width: int, generator: np.random.Generator, zoom: float, light: float) -> Plane:
    """Fine grains under slanting light, seen at a slight slant themselves."""
    fine = log_uniform(generator, 0.6, 1.3) * zoom
    slant = generator.uniform(1.0, 1.6)
    heights = generator.standard_normal((height, width), dtype=np.float32)
    heights = np.asarray(cv2.GaussianBlur(heights, (0, 0), sigmaX=fine * slant, sigmaY=fine))
    heights /= heights.std() + np.float32(1e-6)
    shade = slope(heights, light)
    shade /= shade.std() + np.float32(1e-6)
    crevices = np.maximum(-heights - np.float32(0.5), 0)
    field = (
        heights
        + shade * np.float32(generator.uniform(0.2, 1.2))
        - crevices * np.float32(generator.uniform(0, 1))
    )
    coarse = fractal_noise(height, width, generator, 14.0 * zoom, octaves=3, persistence=0.8)
    return np.asarray(field * np.float32(0.8) + coarse * np.float32(generator.uniform(0.2, 0.7)))


def _stones(
    height: int, width: int, generator: np.random.Generator, size: float, light: float, share: float
) -> tuple[Plane, Plane, Plane]:
    """One size of stones: how much of each pixel they cover, their shaded grey value, their warmth."""
    distance, stone = _nearest_seed(height, width, generator, size)
    count = int(stone.max()) + 1
    radius = generator.uniform(0.35, 0.75, count).astype(np.float32) * np.float32(size)
    radius[generator.random(count) > share] = 0.0
    albedo = generator.standard_normal(count).astype(np.float32)
    tint = generator.standard_normal(count).astype(np.float32)
    edge = (
        radius[stone]
        - distance
        + smooth_noise(height, width, generator, max(1.5, size / 2)) * np.float32(size / 10)
    )
    amount = np.clip(edge + 0.5, 0.0, 1.0)
    dome = np.sqrt(np.clip(edge / np.float32(size / 2), 0.0, 1.0))
    shade = slope(dome, light) * np.float32(0.8)
    return amount, albedo[stone] + shade, tint[stone]


def _nearest_seed(
    height: int, width: int, generator: np.random.Generator, spacing: float
) -> tuple[Float32[np.ndarray, "h w"], Int32[np.ndarray, "h w"]]:
    """Scatter points and find the nearest one of every pixel (a Voronoi diagram).

    Returns its distance in pixels and its number; ``spacing`` is the mean distance between points in pixels.
    """
    count = max(1, round(height * width / spacing**2))
    empty = np.ones((height, width), np.uint8)
    empty[generator.integers(0, height, count), generator.integers(0, width, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(distance), np.asarray(label)


def _concrete(height: int, width: int, generator: np.random.Generator) -> tuple[Plane, Plane]:
    """Fine grain, blotches, trowel marks and pores."""
    field = fractal_noise(height, width, generator, 24.0, octaves=6, persistence=generator.uniform(0.8, 1.3))
    fine = generator.standard_normal((height, width), dtype=np.float32)
    field += np.asarray(cv2.GaussianBlur(fine, (0, 0), 0.6)) * np.float32(generator.uniform(0.5, 2.0))
    field += _trowel(height, width, generator) * np.float32(generator.uniform(0.0, 0.7))
    where = fractal_noise(height, width, generator, 80.0, octaves=3) * np.float32(0.4)
    pores = smoothstep(
        smooth_noise(height, width, generator, log_uniform(generator, 2.0, 6.0)) + where,
        generator.uniform(1.5, 2.2),
        2.5,
    )
    field -= pores * np.float32(generator.uniform(1.0, 5.0))
    field += slope(pores, generator.uniform(0, 2 * np.pi))
    warmth = fractal_noise(height, width, generator, 30.0, octaves=5, persistence=0.8)
    return field, warmth * np.float32(0.5)


def _trowel(height: int, width: int, generator: np.random.Generator) -> Plane:
    """Streaks along one direction, broken up by patches."""
    side = int(np.hypot(height, width)) + 2
    streaks = smooth_noise(side, side, generator, log_uniform(generator, 1.5, 5.0), cell_across=120.0)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), generator.uniform(0, 180), 1.0)
    turn[:, 2] -= np.array(((side - width) / 2, (side - height) / 2))
    streaks = np.asarray(cv2.warpAffine(streaks, turn, (width, height), borderMode=cv2.BORDER_REFLECT))
    places = smoothstep(fractal_noise(height, width, generator, 90.0, octaves=3), -0.5, 0.8)
    return np.asarray(streaks * places)


def _gravel(height: int, width: int, generator: np.random.Generator) -> tuple[Plane, Plane]:
    """Scikit-image's gravel photo at the scale of a road's aggregate."""
    photo = _gravel_photo()
    side = int(512 * generator.uniform(0.3, 0.8))
    photo = np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA))
    field = _quilt(photo, height, width, generator)
    return field, fractal_noise(height, width, generator, 12.0, octaves=3)


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
            "install scikit-image again, or ask for 'asphalt' or 'concrete'"
        )
    flat = grey.astype(np.float32) - cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 40)
    return np.asarray(flat / flat.std())
