"""The synthetic road: a photo, its cracks, and the same road without them."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.synthetic.axes import Axis
from upcracknet.data.synthetic.distractors import lay_distractors
from upcracknet.data.synthetic.noise import Scene, log_uniform
from upcracknet.data.synthetic.painting import paint_cracks
from upcracknet.data.synthetic.surfaces import SURFACES, Surface, draw_surface
from upcracknet.errors import ConfigurationError

_SHARES = (0.5, 0.25, 0.1, 0.15)  # of the surfaces, in their order


@dataclass(frozen=True)
class SyntheticRoad:
    """A made photo whose cracks are known exactly.

    Attributes:
        photo: uint8 H×W×3 RGB.
        mask: bool H×W, True on cracks.
        undamaged: uint8 H×W×3 RGB, the same road without its cracks.
        surface: "asphalt", "concrete", "gravel" or "wall".
        seed: what it was made from.
        axes: the axis of each crack, one for each strand: n×3, places (x, y) about a pixel apart and the
            crack's width there, in pixels of the photo; pixel centres are at whole numbers. Kinks shorter
            than about 10 pixels, or than the crack is wide, are smoothed.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    mask: Bool[np.ndarray, "h w"]
    undamaged: UInt8[np.ndarray, "h w 3"]
    surface: str
    seed: int
    axes: tuple[Axis, ...]


def synthesize_road(
    seed: int,
    height: int = 256,
    width: int = 256,
    *,
    surface: Surface | None = None,
    cracks: bool = True,
    distractors: bool = True,
) -> SyntheticRoad:
    """Make one road photo with exact crack labels; the same arguments give the same bytes.

    Args:
        seed: any non-negative integer.
        height: rows in pixels, at least 1.
        width: columns in pixels, at least 1.
        surface: the material; drawn by the seed where not given.
        cracks: whether the road is cracked.
        distractors: whether shadows, stains, joints, paint and other things that are not cracks lie on it.

    Returns:
        the road.

    Raises:
        ConfigurationError: the size is below 1×1 or the seed negative.
        DataError: the surface is gravel and scikit-image came without its photo.
    """
    if height < 1 or width < 1 or seed < 0:
        raise ConfigurationError(
            f"a synthetic road of {height} by {width} pixels with seed {seed}; "
            "expected at least 1 by 1 pixels and a seed of 0 or more: change them"
        )
    generator = np.random.default_rng(seed)
    drawn = SURFACES[int(generator.choice(4, p=_SHARES))]
    chosen = surface or drawn
    scene = draw_surface(height, width, generator, chosen)
    covered = lay_distractors(scene, generator, chosen) if distractors else None
    undamaged = photograph(scene, generator)
    photo, mask = undamaged.copy(), np.zeros((height, width), bool)
    axes: list[Axis] = []
    if cracks:
        photo, mask = paint_cracks(undamaged, generator, covered=covered, axes=axes)
    return SyntheticRoad(photo, mask, undamaged, chosen, seed, tuple(axes))


def photograph(scene: Scene, generator: np.random.Generator) -> UInt8[np.ndarray, "h w 3"]:
    """Add what a camera adds: its focus, one time in five soft, darker corners, noise, compression.

    Args:
        scene: float32 H×W×3 RGB, about 0 to 255; not changed.
        generator: source of randomness.
    """
    height, width = scene.shape[:2]
    soft = generator.random() < 0.2
    blur = log_uniform(generator, 0.9, 2.5) if soft else generator.uniform(0.3, 0.9)
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), blur))
    down, across = np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32)
    fall_off = np.float32(generator.uniform(0, 0.12))
    scene *= (1 - fall_off * (down[:, None] ** 2 + across**2) / 2)[..., None]
    scene += generator.standard_normal((height, width, 1), dtype=np.float32) * np.float32(
        generator.uniform(0.5, 3)
    )
    photo = np.asarray(np.clip(np.rint(scene), 0, 255), np.uint8)
    quality = int(generator.integers(70, 96))
    _, encoded = cv2.imencode(".jpg", photo[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1])
