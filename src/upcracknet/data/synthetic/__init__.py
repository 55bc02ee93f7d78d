"""The synthetic road: procedural road photos with exact crack masks, for the demo, tests and training."""

from upcracknet.data.synthetic.cracks import draw_crack_mask
from upcracknet.data.synthetic.distractors import add_distractors
from upcracknet.data.synthetic.painting import paint_cracks
from upcracknet.data.synthetic.road import SyntheticRoad, synthesize_road
from upcracknet.data.synthetic.surfaces import SURFACES, Surface

__all__ = [
    "SURFACES",
    "Surface",
    "SyntheticRoad",
    "add_distractors",
    "draw_crack_mask",
    "paint_cracks",
    "synthesize_road",
]
