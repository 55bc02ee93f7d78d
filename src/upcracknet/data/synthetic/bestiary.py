"""Things that are no cracks, one by one, to see whether a detector marks them."""

import numpy as np

from upcracknet.data.synthetic.distractors import Cover, Mark
from upcracknet.data.synthetic.fixtures import lay_bricks, lay_tiles, set_manhole
from upcracknet.data.synthetic.loose import drop_branch, drop_leaves, run_cable
from upcracknet.data.synthetic.marks import cast_tree_shadow, roll_tyre_marks
from upcracknet.data.synthetic.noise import Plane, Scene
from upcracknet.data.synthetic.seams import lay_joint, lay_kerb, seal_crack


def _flat(draw: Mark) -> Cover:
    def draw_flat(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
        draw(scene, generator)

    return draw_flat


BESTIARY: dict[str, Cover] = {
    "manhole": set_manhole,
    "joint": _flat(lay_joint),
    "kerb": _flat(lay_kerb),
    "cable": run_cable,
    "leaf": drop_leaves,
    "tyre mark": _flat(roll_tyre_marks),
    "sealed crack": seal_crack,
    "tile": _flat(lay_tiles),
    "brick": _flat(lay_bricks),
    "tree shadow": _flat(cast_tree_shadow),
    "branch": drop_branch,
}
"""What is no crack by name; each draws one kind of thing onto a float32 H×W×3 scene, 0 to 255, in place, and
marks in a float32 H×W plane, in [0, 1], where it hides the road."""
