import numpy as np

from upcracknet.calibration.strata import FIRST_SEED
from upcracknet.calibration.things import THING_SIDE, distractor_road, things_alone
from upcracknet.data.synthetic import BESTIARY, synthesize_road


def test_each_picture_is_the_bare_road_with_one_thing():
    bare, pictures = things_alone(0)
    assert list(pictures) == list(BESTIARY)
    assert bare.shape == (THING_SIDE, THING_SIDE, 3)
    for name, picture in pictures.items():
        changed = (picture != bare).any(axis=-1).mean()
        assert picture.shape == bare.shape, name
        assert changed > 0, name
    kept = np.mean([(picture == bare).all(axis=-1).mean() for picture in pictures.values()])
    assert kept > 0.5  # focus and noise are the same with a thing as without


def test_pictures_depend_on_their_number_alone():
    first, again, other = things_alone(0), things_alone(0), things_alone(1)
    assert (first[0] == again[0]).all()
    assert all((first[1][name] == again[1][name]).all() for name in BESTIARY)
    assert (first[0] != other[0]).any()


def test_roads_with_distractors_have_no_crack():
    road = synthesize_road(FIRST_SEED + 3, 384, 544, cracks=False)
    assert not road.mask.any()
    assert (distractor_road(3) == road.photo).all()
