import numpy as np
import pytest
from skimage.draw import polygon2mask

from upcracknet.data.synthetic.paths import STEP, CrackPath, open_crack, rasterise, wander

ENLARGED = 0.3
"""cv2 fills the border of a polygon too: up to half a supersampled pixel on either side."""


def straight(start, end, width):
    count = int(np.hypot(*np.subtract(end, start))) + 1
    points = np.linspace(start, end, count).astype(np.float64)
    return CrackPath(points, np.full(count, width / 2), np.full(count, width / 2))


def test_wander_keeps_its_ends():
    start, end = np.array([3.0, 5.0]), np.array([90.0, 40.0])
    points = wander(start, end, np.random.default_rng(0), 0.2)
    assert points[0] == pytest.approx(start)
    assert points[-1] == pytest.approx(end)
    assert len(points) == pytest.approx(np.hypot(87, 35) / STEP, abs=1)


def test_without_roughness_the_way_is_straight():
    points = wander(np.array([0.0, 0.0]), np.array([30.0, 40.0]), np.random.default_rng(0), 0.0)
    assert points[:, 0] * 4 == pytest.approx(points[:, 1] * 3)


def test_a_rougher_way_is_longer():
    ends = np.array([0.0, 0.0]), np.array([300.0, 0.0])
    lengths = []
    for roughness in (0.0, 0.1, 0.3):
        steps = np.diff(wander(*ends, np.random.default_rng(7), roughness), axis=0)
        lengths.append(np.hypot(steps[:, 0], steps[:, 1]).sum())
    assert lengths[0] == pytest.approx(300)
    assert lengths[0] < lengths[1] < lengths[2]


@pytest.mark.parametrize("seed", range(8))
def test_a_crack_is_closed_or_within_its_widths(seed):
    generator = np.random.default_rng(seed)
    points = wander(np.array([0.0, 0.0]), np.array([400.0, 100.0]), generator, 0.15)
    crack = open_crack(points, 5.0, (2.0, 8.0), generator, (0.3, 0.3))
    width = crack.left + crack.right
    is_open = width > 0
    assert is_open.mean() > 0.5
    assert width[is_open].min() >= 2.0 - 1e-9
    assert width[is_open].max() <= 8.0 + 1e-9


def test_tapered_ends_are_narrower_than_the_middle():
    points = np.stack([np.arange(400.0), np.zeros(400)], 1)
    cracks = [open_crack(points, 8.0, (1.0, 15.0), np.random.default_rng(s), (0.4, 0.4)) for s in range(20)]
    width = np.mean([crack.left + crack.right for crack in cracks], axis=0)
    assert width[:40].mean() < 0.5 * width[160:240].mean()
    assert width[-40:].mean() < 0.5 * width[160:240].mean()


@pytest.mark.parametrize("width", [1.0, 2.5, 7.0])
def test_a_level_crack_covers_its_width_in_each_column(width):
    coverage = rasterise([straight((-5, 20.3), (70, 20.3), width)], 40, 60)
    assert coverage.sum(axis=0) == pytest.approx(np.full(60, width), abs=ENLARGED)


def test_a_slanting_crack_covers_what_scikit_image_says():
    path = straight((10, 12), (80, 50), 6.0)
    along = np.array([70, 38]) / np.hypot(70, 38)
    across = np.array([-along[1], along[0]]) * 3
    start, end = np.array([10, 12]), np.array([80, 50])
    corners = np.array([start + across, end + across, end - across, start - across])
    finer = 8
    exact = polygon2mask((64 * finer, 96 * finer), (corners[:, ::-1] + 0.5) * finer - 0.5)
    exact = exact.reshape(64, finer, 96, finer).mean((1, 3))
    coverage = rasterise([path], 64, 96)
    assert coverage.sum() == pytest.approx(exact.sum(), rel=0.06)
    assert np.abs(coverage - exact).max() < 0.4
    assert np.abs(coverage - exact)[exact > 0.999].max(initial=0) < 0.01


def test_bands_leave_no_seam():
    paths = [straight((10, -20), (60, 1120), 5.0), straight((70, 512), (0, 511), 3.0)]
    whole = rasterise(paths, 1100, 80)
    moved = [CrackPath(path.points - (0, 300), path.left, path.right) for path in paths]
    assert np.array_equal(whole[300:800], rasterise(moved, 500, 80))


def test_nothing_is_drawn_where_a_crack_is_closed_or_outside():
    points = np.stack([np.arange(50.0), np.full(50, 10.0)], 1)
    closed = CrackPath(points, np.zeros(50), np.zeros(50))
    assert not rasterise([closed], 20, 50).any()
    assert not rasterise([straight((0, -40), (50, -40), 9.0)], 20, 50).any()
    assert not rasterise([], 20, 50).any()
