"""Which of the things that are no cracks lie on a road or a wall, and how often."""

from collections.abc import Callable

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.synthetic.fixtures import (
    drill_tie_holes,
    lay_bricks,
    lay_tiles,
    mount_pipe,
    set_manhole,
    set_window,
)
from upcracknet.data.synthetic.loose import drop_branch, drop_leaves, drop_twigs, run_cable, scatter_pebbles
from upcracknet.data.synthetic.marks import (
    cast_hard_shadow,
    cast_tree_shadow,
    drop_spots,
    paint_marking,
    roll_tyre_marks,
    spill_stains,
)
from upcracknet.data.synthetic.noise import Plane, Scene
from upcracknet.data.synthetic.seams import lay_joint, lay_kerb, lay_patch, seal_crack
from upcracknet.data.synthetic.surfaces import SURFACES, Surface

Mark = Callable[[Scene, np.random.Generator], None]
"""Draws something flat onto a scene, in place."""

Cover = Callable[[Scene, Plane, np.random.Generator], None]
"""Draws something that hides the road, in place, and marks in the plane where it does, in [0, 1]."""

# How often each of them is seen on asphalt, concrete, gravel and wall, in the order in which they come to lie
# on each other.
_FLAT: tuple[tuple[Mark, tuple[float, float, float, float]], ...] = (
    (lay_tiles, (0.03, 0.03, 0.0, 0.06)),
    (lay_bricks, (0.03, 0.02, 0.0, 0.04)),
    (lay_joint, (0.03, 0.4, 0.0, 0.2)),
    (drill_tie_holes, (0.0, 0.02, 0.0, 0.15)),
    (lay_patch, (0.12, 0.04, 0.08, 0.1)),
    (lay_kerb, (0.06, 0.06, 0.03, 0.0)),
    (paint_marking, (0.2, 0.12, 0.08, 0.03)),
    (roll_tyre_marks, (0.15, 0.15, 0.05, 0.0)),
    (spill_stains, (0.35, 0.45, 0.2, 0.35)),
    (drop_spots, (0.35, 0.3, 0.1, 0.2)),
)
_COVERING: tuple[tuple[Cover, tuple[float, float, float, float]], ...] = (
    (seal_crack, (0.02, 0.015, 0.0, 0.005)),
    (set_manhole, (0.05, 0.05, 0.05, 0.01)),
    (set_window, (0.0, 0.0, 0.0, 0.06)),
    (mount_pipe, (0.0, 0.0, 0.0, 0.07)),
    (run_cable, (0.05, 0.05, 0.03, 0.12)),
    (scatter_pebbles, (0.3, 0.3, 0.3, 0.0)),
    (drop_twigs, (0.1, 0.1, 0.1, 0.02)),
    (drop_branch, (0.04, 0.04, 0.04, 0.02)),
    (drop_leaves, (0.08, 0.08, 0.08, 0.02)),
)
_SHADOWS: tuple[tuple[Mark, tuple[float, float, float, float]], ...] = (
    (cast_tree_shadow, (0.2, 0.2, 0.2, 0.2)),
    (cast_hard_shadow, (0.15, 0.15, 0.15, 0.15)),
)


def add_distractors(
    photo: UInt8[np.ndarray, "h w 3"],
    generator: np.random.Generator,
    crowding: float = 1.0,
    *,
    surface: Surface | None = None,
) -> UInt8[np.ndarray, "h w 3"]:
    """Add a random choice of things that look like cracks to a detector but are none.

    These are shadows, stains, joints, repaired patches, sealed cracks, road paint, tyre marks, spots,
    pebbles, leaves, branches, cables, kerbs, manholes, tiles and bricks; on walls pipes, windows, tie holes.

    Args:
        photo: uint8 H×W×3 RGB of a road or wall, synthetic or real; not changed.
        generator: source of randomness.
        crowding: how many times more often than on real roads each is seen.
        surface: what the photo shows; drawn from asphalt and concrete where not given.

    Returns:
        the photo with them, same shape.
    """
    scene = photo.astype(np.float32)
    drawn: Surface = "asphalt" if generator.random() < 0.6 else "concrete"
    lay_distractors(scene, generator, surface or drawn, crowding)
    return np.asarray(np.clip(np.rint(scene), 0, 255), np.uint8)


def lay_distractors(
    scene: Scene, generator: np.random.Generator, surface: Surface, crowding: float = 1.0
) -> Plane:
    """Lay a random choice of distractors onto a scene, in place.

    Joints belong to concrete, repaired patches mostly to asphalt, pipes to walls; ``crowding`` is how many
    times more often than on real roads and walls each is seen.

    Returns:
        where things hide the surface and so its cracks, in [0, 1].
    """
    place = SURFACES.index(surface)
    covered = np.zeros(scene.shape[:2], np.float32)
    for lay, frequencies in _FLAT:
        if generator.random() < crowding * frequencies[place]:
            lay(scene, generator)
    for cover, frequencies in _COVERING:
        if generator.random() < crowding * frequencies[place]:
            cover(scene, covered, generator)
    for cast, frequencies in _SHADOWS:
        if generator.random() < crowding * frequencies[place]:
            cast(scene, generator)
    return covered
