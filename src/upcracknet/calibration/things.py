"""Roads without cracks, with things that look like cracks: many on a road, or one alone."""

import cv2
import numpy as np

from upcracknet.calibration.strata import FIRST_SEED, LEFT_OUT, SIZES, Photo, seeded
from upcracknet.data.synthetic import BESTIARY, SURFACES, synthesize_road
from upcracknet.data.synthetic.noise import Scene
from upcracknet.data.synthetic.surfaces import draw_surface

THING_SIDE = 384
"""Height and width of the pictures with one thing, in pixels."""


def distractor_road(number: int) -> Photo:
    """Make a synthetic road of 384×544 pixels without cracks, with things that look like cracks.

    Args:
        number: 0 or more; each gives another road.
    """
    return synthesize_road(FIRST_SEED + number, *SIZES[0.2], cracks=False).photo


def things_alone(number: int) -> tuple[Photo, dict[str, Photo]]:
    """Make a bare road of 384×384 pixels, and the same road once with each thing that is no crack.

    Args:
        number: 0 or more; each gives another road, on surfaces that take turns, and other things.

    Returns:
        the bare road, and the pictures by the name of the thing.
    """
    surfaces = [surface for surface in SURFACES if surface != LEFT_OUT]
    surface = surfaces[number % len(surfaces)]
    bare = draw_surface(THING_SIDE, THING_SIDE, seeded("bare road", number), surface)
    pictures = {}
    for name, draw in BESTIARY.items():
        scene = bare.copy()
        draw(scene, np.zeros(scene.shape[:2], np.float32), seeded(name, number))
        pictures[name] = _photographed(scene, number)
    return _photographed(bare, number), pictures


def _photographed(scene: Scene, number: int) -> Photo:
    """Focus and sensor noise, the same with a thing as without."""
    generator = seeded("camera", number)
    focused = cv2.GaussianBlur(scene, (0, 0), generator.uniform(0.3, 0.9))
    grains = generator.standard_normal((*scene.shape[:2], 1), dtype=np.float32) * np.float32(1.5)
    return np.clip(np.rint(focused + grains), 0, 255).astype(np.uint8)
