"""What is dark, bright or straight on a road and yet no crack."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, UInt8

from upcracknet.data.synthetic.marks import (
    drop_spots,
    lay_joint,
    lay_patch,
    paint_marking,
    roll_tyre_marks,
    spill_stains,
)
from upcracknet.data.synthetic.objects import drop_leaves, drop_twigs, scatter_pebbles, set_manhole
from upcracknet.data.synthetic.shadows import cast_hard_shadow, cast_tree_shadow
from upcracknet.data.synthetic.texture import Surface

Scene = Float32[np.ndarray, "h w 3"]
Covered = Float32[np.ndarray, "h w"]

# How often each of them is seen, in the order in which they come to lie on each other.
_ON_THE_ROAD: tuple[tuple[Callable[[Scene, np.random.Generator], None], dict[str, float]], ...] = (
    (lay_joint, {"asphalt": 0.0, "concrete": 0.4, "gravel": 0.0}),
    (lay_patch, {"asphalt": 0.12, "concrete": 0.04, "gravel": 0.08}),
    (paint_marking, {"asphalt": 0.2, "concrete": 0.12, "gravel": 0.08}),
    (roll_tyre_marks, {"asphalt": 0.15, "concrete": 0.15, "gravel": 0.05}),
    (spill_stains, {"asphalt": 0.35, "concrete": 0.45, "gravel": 0.2}),
    (drop_spots, {"asphalt": 0.35, "concrete": 0.3, "gravel": 0.1}),
)
_LYING_LOOSE: tuple[tuple[Callable[[Scene, Covered, np.random.Generator], None], float], ...] = (
    (set_manhole, 0.05),
    (scatter_pebbles, 0.3),
    (drop_twigs, 0.1),
    (drop_leaves, 0.08),
)
_SHADOWS: tuple[tuple[Callable[[Scene, np.random.Generator], None], float], ...] = (
    (cast_tree_shadow, 0.2),
    (cast_hard_shadow, 0.15),
)


def add_distractors(
    photo: UInt8[np.ndarray, "h w 3"], generator: np.random.Generator, crowding: float = 1.0
) -> UInt8[np.ndarray, "h w 3"]:
    """Add a random choice of things that look like cracks to a detector but are none.

    These are shadows, stains, joints, repaired patches, road paint, tyre marks, spots, pebbles, leaves, twigs
    and manholes.

    Args:
        photo: uint8 H×W×3 RGB of a road, synthetic or real; not changed.
        generator: source of randomness.
        crowding: how many times more often than on real roads each is seen.

    Returns:
        the photo with them, same shape.
    """
    scene = photo.astype(np.float32)
    surface: Surface = "asphalt" if generator.random() < 0.6 else "concrete"
    lay_distractors(scene, generator, surface, crowding)
    return np.asarray(np.clip(np.rint(scene), 0, 255), np.uint8)


def lay_distractors(
    scene: Scene, generator: np.random.Generator, surface: Surface, crowding: float = 1.0
) -> Covered:
    """Lay a random choice of distractors onto a scene, in place.

    Args:
        scene: float32 H×W×3 RGB, about 0 to 255; changed.
        generator: source of randomness.
        surface: the road's material; joints belong to concrete, repaired patches mostly to asphalt.
        crowding: how many times more often than on real roads each is seen.

    Returns:
        float32 H×W in [0, 1], where loose things and manholes hide the road and so its cracks.
    """
    covered = np.zeros(scene.shape[:2], np.float32)
    for lay, frequency in _ON_THE_ROAD:
        if generator.random() < crowding * frequency[surface]:
            lay(scene, generator)
    for drop, probability in _LYING_LOOSE:
        if generator.random() < crowding * probability:
            drop(scene, covered, generator)
    for cast, probability in _SHADOWS:
        if generator.random() < crowding * probability:
            cast(scene, generator)
    return covered
