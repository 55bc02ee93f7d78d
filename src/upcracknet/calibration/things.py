"""Roads without cracks, with things that look like cracks: many on a road, or one alone."""

import cv2
import numpy as np

from upcracknet.calibration.strata import FIRST_SEED, LEFT_OUT, SIZES, Photo, seeded
from upcracknet.data.synthetic import SURFACES, synthesize_road
from upcracknet.data.synthetic.distractors import drop_leaves, drop_twigs, set_manhole
from upcracknet.data.synthetic.marks import cast_tree_shadow, lay_joint, roll_tyre_marks
from upcracknet.data.synthetic.noise import Scene


def _covering(drop):
    return lambda scene, generator: drop(scene, np.zeros(scene.shape[:2], np.float32), generator)


BESTIARY = {
    "manhole": _covering(set_manhole),
    "joint": lay_joint,
    "leaf": _covering(drop_leaves),
    "tyre mark": roll_tyre_marks,
    "tree shadow": cast_tree_shadow,
    "branch": _covering(drop_twigs),
}  # until the branch with all things is merged

THING_SIDE = 384
"""Height and width of the pictures with one thing, in pixels."""


def distractor_road(number: int) -> Photo:
    """Make a synthetic road of 384×544 pixels without cracks, with things that look like cracks.

    Args:
        number: 0 or more; each gives another road.
    """
    return synthesize_road(FIRST_SEED + number, *SIZES[0.2], cracks=False).photo


def things_alone(number: int) -> tuple[Photo, dict[str, Photo]]:
    """Make a bare road, and the same road once with each thing that is no crack.

    Args:
        number: 0 or more; each gives another road and other things.
    """
    bare = [surface for surface in SURFACES if surface != LEFT_OUT]
    seed = int(seeded("things", number).integers(FIRST_SEED, 2 * FIRST_SEED))
    road = synthesize_road(
        seed, THING_SIDE, THING_SIDE, surface=bare[number % len(bare)], cracks=False, distractors=False
    ).undamaged
    pictures = {}
    for name, draw in BESTIARY.items():
        scene = road.astype(np.float32)
        draw(scene, seeded(name, number))
        pictures[name] = _photograph(scene, number)
    return _photograph(road.astype(np.float32), number), pictures


def _photograph(scene: Scene, number: int) -> Photo:
    """Soft focus and sensor noise, the same with a thing as without, so that a thing is no sharper than its road."""
    grains = seeded("camera", number).normal(0, 1.5, (*scene.shape[:2], 1))
    blurred = np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.5)) + grains
    return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)
