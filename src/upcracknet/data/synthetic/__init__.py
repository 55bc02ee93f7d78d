"""Procedural photos of roads and walls with exact crack masks, for the demo, tests and training."""

from upcracknet.data.synthetic.bestiary import BESTIARY
from upcracknet.data.synthetic.cracks import draw_crack_mask
from upcracknet.data.synthetic.distractors import add_distractors
from upcracknet.data.synthetic.painting import paint_cracks
from upcracknet.data.synthetic.road import SyntheticRoad, synthesize_road
from upcracknet.data.synthetic.surfaces import SURFACES, Surface, draw_surface

__all__ = [
    "BESTIARY",
    "SURFACES",
    "Surface",
    "SyntheticRoad",
    "add_distractors",
    "draw_crack_mask",
    "draw_surface",
    "paint_cracks",
    "synthesize_road",
]
