"""Bare surfaces of roads and walls: asphalt, concrete, gravel and wall."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from upcracknet.data.synthetic.asphalt import draw_asphalt
from upcracknet.data.synthetic.concrete import draw_concrete
from upcracknet.data.synthetic.gravel import draw_gravel
from upcracknet.data.synthetic.material import Material, show
from upcracknet.data.synthetic.noise import Scene
from upcracknet.data.synthetic.walls import draw_wall

Surface = Literal["asphalt", "concrete", "gravel", "wall"]
SURFACES: tuple[Surface, ...] = get_args(Surface)

_DRAW: dict[Surface, Callable[[int, int, np.random.Generator], Material]] = {
    "asphalt": draw_asphalt,
    "concrete": draw_concrete,
    "gravel": draw_gravel,
    "wall": draw_wall,
}


def draw_surface(height: int, width: int, generator: np.random.Generator, surface: Surface) -> Scene:
    """Draw a bare surface without cracks, marks or camera effects.

    Its grain has a standard deviation of 4 to 45 grey levels on roads and of 1 to 30 on walls.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness; it also draws how close the camera is.
        surface: asphalt, concrete, gravel, or a wall of plaster, roughcast, formed concrete or brick.

    Returns:
        float32 H×W×3 RGB, about 0 to 255.

    Raises:
        DataError: the gravel photo is missing from the installed scikit-image.
    """
    return show(_DRAW[surface](height, width, generator), generator)
