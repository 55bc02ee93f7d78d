import numpy as np
import pytest

from upcracknet.data.synthetic import fixtures
from upcracknet.data.synthetic.masonry import Bond, brick_texture, lay_bond


def coordinates(height, width):
    down, right = np.mgrid[:height, :width].astype(np.float32)
    return down, right


def test_joints_are_as_wide_and_as_far_apart_as_the_bond_says():
    across, along = coordinates(240, 300)
    bond = Bond(length=60.0, height=24.0, shift=0.0, joint=4.0, wear=0.0)
    brick, _, _ = lay_bond(across, along, np.random.default_rng(0), bond, 0.0)
    joint = 1 - brick
    assert joint.mean() == pytest.approx(1 - (56 * 20) / (60 * 24), abs=0.03)
    assert joint[0].min() > 0.9  # a row of joints
    assert joint[12, 30] == 0  # the middle of a brick


def test_a_running_bond_moves_each_row_by_half_a_brick():
    across, along = coordinates(96, 240)
    bond = Bond(length=60.0, height=24.0, shift=0.5, joint=4.0, wear=0.0)
    brick, _, _ = lay_bond(across, along, np.random.default_rng(0), bond, 0.0)
    assert np.array_equal(brick[12, :-30], brick[36, 30:])
    assert not np.array_equal(brick[12], brick[36])


def test_one_value_a_brick():
    across, along = coordinates(96, 240)
    bond = Bond(length=60.0, height=24.0, shift=0.5, joint=4.0, wear=0.0)
    _, value, _ = lay_bond(across, along, np.random.default_rng(0), bond, 0.0)
    assert len(np.unique(value[:24])) == 4
    assert len(np.unique(value[12, 2:58])) == 1


def test_texture_has_a_standard_deviation_of_one():
    assert brick_texture(60, 80, np.random.default_rng(0), 12.0).std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("lay", [fixtures.lay_tiles, fixtures.lay_bricks, fixtures.drill_tie_holes])
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_tiles_bricks_and_tie_holes_fit_any_size(lay, shape):
    for seed in range(8):
        scene = np.full((*shape, 3), 140, np.float32)
        lay(scene, np.random.default_rng(seed))
        assert np.isfinite(scene).all()
        assert scene.min() >= 0


def test_tie_holes_are_round_and_dark():
    for seed in range(8):
        scene = np.full((300, 300, 3), 140, np.float32)
        fixtures.drill_tie_holes(scene, np.random.default_rng(seed))
        holes = scene[..., 1] < 130
        assert 0.001 < holes.mean() < 0.06
