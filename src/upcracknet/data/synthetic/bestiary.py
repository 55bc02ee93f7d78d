"""Things that are no cracks, one by one, to see whether a detector marks them."""

from collections.abc import Callable

import numpy as np

from upcracknet.data.synthetic.distractors import Cover, Mark
from upcracknet.data.synthetic.fixtures import lay_bricks, lay_tiles, set_manhole
from upcracknet.data.synthetic.loose import drop_branch, drop_leaves, run_cable
from upcracknet.data.synthetic.marks import cast_tree_shadow, roll_tyre_marks
from upcracknet.data.synthetic.noise import Scene
from upcracknet.data.synthetic.seams import lay_joint, lay_kerb, seal_crack


def _alone(draw: Cover) -> Mark:
    def draw_alone(scene: Scene, generator: np.random.Generator) -> None:
        draw(scene, np.zeros(scene.shape[:2], np.float32), generator)

    return draw_alone


BESTIARY: dict[str, Callable[[Scene, np.random.Generator], None]] = {
    "manhole": _alone(set_manhole),
    "joint": lay_joint,
    "kerb": lay_kerb,
    "cable": _alone(run_cable),
    "leaf": _alone(drop_leaves),
    "tyre mark": roll_tyre_marks,
    "sealed crack": _alone(seal_crack),
    "tile": lay_tiles,
    "brick": lay_bricks,
    "tree shadow": cast_tree_shadow,
    "branch": _alone(drop_branch),
}
"""What is no crack by name; each draws one kind of thing onto a float32 H×W×3 scene, 0 to 255, in place."""
