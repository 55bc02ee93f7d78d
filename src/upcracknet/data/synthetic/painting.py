"""Cracks painted into a photo, synthetic or real: depth, light and soft edges."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.synthetic.axes import Axis, axes_of
from upcracknet.data.synthetic.cracks import CrackPath, Pattern, draw_crack_mask
from upcracknet.data.synthetic.edges import half_widths, inner_distance
from upcracknet.data.synthetic.inside import fill_wide_crack, wide_shape
from upcracknet.data.synthetic.noise import Plane, fractal_noise, smoothstep

Photo = UInt8[np.ndarray, "h w 3"]

SEEN = 0.35
"""A pixel is marked as crack where the crack covers more than this share of what it covers nearby."""

SEEN_INTO = (1.0, 4.0)
"""Pixels, half of a crack's width: up to the first it may be as faint as the road's grain, from the second on
it is as dark as a gap."""

FAINTEST_COVER = 0.12
"""Pixels that are covered less are not marked: a crack that thin is not seen."""

Mark = Literal["covered", "seen"]
"""Which pixels of a painted crack are marked: ``covered`` more than half by it, or as people do, all that is
``seen`` of it. A crack narrower than a pixel, or blurred by the camera, never covers half of a pixel and yet
is seen, and people mark it about two pixels wide."""


def paint_cracks(
    photo: Photo,
    generator: np.random.Generator,
    *,
    widths: tuple[float, float] = (1.0, 15.0),
    usual: float | None = None,
    depths: tuple[float, float] = (0.1, 0.9),
    pattern: Pattern | None = None,
    systems: int | None = None,
    covered: Plane | None = None,
    mark: Mark = "covered",
    axes: list[Axis] | None = None,
) -> tuple[Photo, Bool[np.ndarray, "h w"]]:
    """Paint cracks into an undamaged photo.

    A crack takes the local colour of the road, darkened by its depth, keeps some of the road's texture, and
    has edges as soft as the photo itself, sometimes a lit wall and a bright rim. A wide crack is darkest in
    its middle or at its shadowed side, and stones, sand and earth lie in it.

    Args:
        photo: uint8 H×W×3 RGB of a road, synthetic or real; not changed.
        generator: source of randomness.
        widths: narrowest and widest crack in pixels; the narrowest may be below 1.
        usual: usual width in pixels of the first system's main crack; drawn where not given.
        depths: faintest and deepest crack as the share of the road's brightness that is lost, in [0, 1]; on a
            coarse road no crack is fainter than the road's own grain.
        pattern: branching cracks or networks; drawn where not given.
        systems: number of connected crack systems; drawn (1 to 3) where not given.
        covered: float32 H×W in [0, 1], where things lie on the road and hide its cracks.
        mark: which pixels the mask marks; see ``Mark``. The photo is the same with either.
        axes: where given, the axis of each crack is added to it: x, y and width in pixels, n×3. Finding them
            takes a moment, and changes nothing else.

    Returns:
        the cracked photo, and the bool H×W mask of its crack pixels.
    """
    height, width = photo.shape[:2]
    count = systems if systems is not None else int(generator.choice((1, 2, 3), p=(0.65, 0.25, 0.1)))
    cracked, mask = photo, np.zeros((height, width), bool)
    for number in range(count):
        finest = (widths[0], widths[1] if number == 0 else max(widths[0], widths[1] / 3))
        paths: list[CrackPath] = []
        coverage = draw_crack_mask(
            height,
            width,
            generator,
            widths=finest,
            usual=usual if number == 0 else None,
            pattern=pattern,
            paths=paths,
        )
        if covered is not None:
            coverage = coverage * (1 - covered)
        if axes is not None:
            axes += axes_of(paths, coverage)
        cracked, blurred = paint_coverage(cracked, coverage, generator, depths)
        mask |= coverage > 0.5 if mark == "covered" else _seen(blurred)
    return cracked, mask


def _seen(blurred: Plane) -> Bool[np.ndarray, "h w"]:
    """Of a wide crack its edge, of a hairline the width that it shows."""
    nearby = cv2.dilate(blurred, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    seen: np.ndarray = blurred > np.maximum(SEEN * nearby, FAINTEST_COVER)
    return seen


def paint_coverage(
    photo: Photo,
    coverage: Plane,
    generator: np.random.Generator,
    depths: tuple[float, float] = (0.1, 0.9),
) -> tuple[Photo, Plane]:
    """Blend the colour of cracks that are drawn already into a photo.

    Args:
        photo: uint8 H×W×3 RGB; not changed.
        coverage: float32 H×W, the share of each pixel that is crack, in [0, 1].
        generator: source of randomness.
        depths: as in :func:`paint_cracks`.

    Returns:
        the cracked photo, and the coverage, blurred as the photo is.
    """
    grain = _grain(photo)
    softness = max(0.35, generator.uniform(0.6, 1.0) * grain.blur)
    blurred = np.asarray(cv2.GaussianBlur(coverage, (0, 0), softness))
    # A crack fainter than the road's own grain is seen by nobody, and would not be marked as one; blur makes
    # hairlines fainter than they are deep.
    faintest = min(max(depths[0], 1.2 * grain.contrast / _strength(blurred)), depths[1])
    shape = wide_shape(coverage)
    depth = _depth(coverage, generator, (faintest, depths[1]))
    depth = np.maximum(depth, np.minimum(_least_depth(coverage, generator), np.float32(depths[1])))
    stones = smoothstep(grain.relief, 0.8, 2.0) * np.float32(generator.uniform(0.0, 0.7))
    if shape is not None:
        stones *= 1 - shape.wideness
    alpha = blurred * (1 - stones)
    worn = _worn_edges(coverage, generator) * depth
    rim = _rim(coverage, generator)
    kept = np.float32(generator.uniform(0.1, 0.7))
    dirt = np.float32(max(0.0, generator.normal(0.0, 0.03)))
    inside = None if shape is None else fill_wide_crack(shape, depth, generator)
    darker = np.empty_like(photo)
    for channel, tint in enumerate((dirt, np.float32(0), -dirt)):
        road = photo[..., channel].astype(np.float32)
        local = _local_tone(road)
        beside = road * (1 - worn)
        change = np.minimum((1 - depth) * (local * (1 + tint) + kept * (road - local)) - beside, 0.0)
        if inside is not None:
            broad = _local_tone(road, inside.scale)
            filled = broad * (1 + tint) * inside.brightness + inside.kept * (road - local)
            change += inside.shape.wideness * (filled - beside - change)
        blended = beside + alpha * change + rim * local
        darker[..., channel] = np.clip(np.rint(blended), 0, 255)
    return darker, blurred


def _strength(blurred: Plane) -> float:
    """How much of a crack's depth is seen in the middle of its fainter parts, as a share."""
    seen = blurred[blurred > FAINTEST_COVER]
    return float(np.percentile(seen, 60)) if seen.size else 1.0


def _depth(coverage: Plane, generator: np.random.Generator, depths: tuple[float, float]) -> Plane:
    """How much darker the crack is than the road; it varies along and, in slanting light, across it."""
    height, width = coverage.shape
    middle = depths[0] + (depths[1] - depths[0]) * generator.beta(2.0, 1.4)
    uneven = np.float32(generator.uniform(0.1, 0.35))  # debris and loose stones fill parts of some cracks
    depth = 1 + uneven * fractal_noise(height, width, generator, 50.0, octaves=5, persistence=0.9)
    broad = np.asarray(cv2.GaussianBlur(coverage, (0, 0), 2.5))  # wide cracks look deeper than hairlines
    depth *= np.float32(middle * 0.8) * (1 + np.float32(0.8) * broad)
    if generator.random() < 0.4:
        shadow = _shifted(coverage, generator.uniform(0, 2 * np.pi), generator.uniform(1.0, 4.0))
        depth *= 1 - np.float32(generator.uniform(0.1, 0.4)) * (1 - shadow)
    return np.clip(depth, depths[0], depths[1])


def _least_depth(coverage: Plane, generator: np.random.Generator) -> Plane:
    """How much darker than the road a gap is at least: what is wide enough to look into is dark.

    A pale band of ten pixels is a stain, a tyre mark or a seam that was filled, and must not be learned as a
    crack. Hairlines are as faint as the blur makes them.
    """
    halves = half_widths(inner_distance(coverage))
    return smoothstep(halves, *SEEN_INTO) * np.float32(generator.uniform(0.25, 0.5))


@dataclass(frozen=True)
class _Grain:
    """What a road's texture says about its photo.

    Attributes:
        relief: how far each stone stands out, in standard deviations.
        contrast: one standard deviation as a share of the road's tone.
        blur: the photo's softness, as the sigma in pixels that would give white noise its finest grain.
    """

    relief: Plane
    contrast: float
    blur: float


def _grain(photo: Photo) -> _Grain:
    """Measure the texture of a photo."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    local = _local_tone(grey)
    texture = grey - np.asarray(cv2.GaussianBlur(grey, (0, 0), 2.0))
    variance = float(np.mean(texture[:, :-1] ** 2)) if grey.shape[1] > 1 else 0.0
    likeness = float(np.mean(texture[:, :-1] * texture[:, 1:])) / variance if variance > 0.25 else 0.0
    likeness = float(np.clip(likeness, 1e-3, 0.97))
    relief = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.7)) - local
    deviation = float(relief.std())
    return _Grain(
        relief / np.float32(deviation + 1.0),
        deviation / (float(grey.mean()) + 1.0),
        float(np.sqrt(-1 / (4 * np.log(likeness)))),  # a blurred noise's neighbours: exp(-1 / (4 sigma^2))
    )


def _worn_edges(coverage: Plane, generator: np.random.Generator) -> Plane:
    """Crumbled road beside some cracks: the share of the crack's depth that it takes on."""
    if generator.random() < 0.5:
        return np.zeros_like(coverage)
    height, width = coverage.shape
    beside = np.asarray(cv2.GaussianBlur(coverage, (0, 0), generator.uniform(1.0, 2.5)))
    places = smoothstep(fractal_noise(height, width, generator, 30.0, octaves=4, persistence=0.8), -0.8, 0.8)
    return np.asarray(beside * places * np.float32(generator.uniform(0.1, 0.5)))


def _rim(coverage: Plane, generator: np.random.Generator) -> Plane:
    """The lit edge on one side of some cracks, in places; the share of the road's tone to add."""
    if generator.random() < 0.7:
        return np.zeros_like(coverage)
    height, width = coverage.shape
    moved = _shifted(coverage, generator.uniform(0, 2 * np.pi), generator.uniform(1.0, 2.5))
    beside = np.maximum(moved - coverage, 0)
    places = smoothstep(fractal_noise(height, width, generator, 25.0, octaves=3), -0.2, 0.8)
    bright = np.asarray(cv2.GaussianBlur(beside * places, (0, 0), 0.6))
    return bright * np.float32(generator.uniform(0.05, 0.2))


def _shifted(values: Plane, angle: float, distance: float) -> Plane:
    """The same picture moved by a distance in pixels."""
    move = np.array([[1, 0, distance * np.cos(angle)], [0, 1, distance * np.sin(angle)]])
    size = (values.shape[1], values.shape[0])
    return np.asarray(cv2.warpAffine(values, move, size, borderMode=cv2.BORDER_REPLICATE))


def _local_tone(channel: Plane, sigma: float = 8.0) -> Plane:
    """The road's tone around each pixel, by a blur done at a smaller size."""
    height, width = channel.shape
    factor = sigma / 2
    size = max(1, int(width / factor)), max(1, int(height / factor))
    small = cv2.GaussianBlur(cv2.resize(channel, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
