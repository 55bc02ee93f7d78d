import cv2
import numpy as np
import pytest
from skimage.draw import polygon2mask
from skimage.measure import label, regionprops
from skimage.morphology import medial_axis

from upcracknet.data.synthetic import draw_crack_mask
from upcracknet.data.synthetic.cracks import STEP, CrackPath, open_crack, rasterise, wander
from upcracknet.errors import ConfigurationError

ENLARGED = 0.3
"""cv2 fills the border of a polygon too: up to half a supersampled pixel on either side."""


def medial_widths(mask):
    """Widths along the middle of all cracks; twice the distance to the edge, less one pixel at the most."""
    skeleton, distance = medial_axis(mask, return_distance=True, rng=0)
    return 2 * distance[skeleton]


@pytest.mark.parametrize("pattern", ["branching", "network"])
@pytest.mark.parametrize("shape", [(256, 256), (97, 301), (64, 40)])
def test_coverage_is_a_share_and_some_of_it_is_crack(pattern, shape):
    for seed in range(6):
        coverage = draw_crack_mask(*shape, np.random.default_rng(seed), pattern=pattern)
        assert coverage.shape == shape
        assert coverage.dtype == np.float32
        assert coverage.min() == 0
        assert coverage.max() <= 1
        assert 0.001 < (coverage > 0.5).mean() < 0.6


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 1), (1, 90)])
def test_tiny_pictures_are_drawn(shape):
    for seed in range(10):
        for pattern in ("branching", "network"):
            assert draw_crack_mask(*shape, np.random.default_rng(seed), pattern=pattern).shape == shape


def test_the_same_generator_state_draws_the_same():
    first, second, other = (draw_crack_mask(128, 128, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("pattern", "width"),
    [("branching", 3.0), ("branching", 6.0), ("branching", 11.0), ("network", 3.0), ("network", 6.0)],
)
def test_a_fixed_width_is_honoured(pattern, width):
    widths = np.concatenate(
        [
            medial_widths(
                draw_crack_mask(256, 320, np.random.default_rng(s), widths=(width, width), pattern=pattern)
                > 0.5
            )
            for s in range(5)
        ]
    )
    assert np.median(widths) == pytest.approx(width, abs=1.3)


@pytest.mark.parametrize("width", [20.0, 40.0, 80.0, 120.0])
def test_the_usual_width_is_honoured_up_to_120_pixels(width):
    widest = []
    for seed in range(12):
        coverage = draw_crack_mask(
            320, 360, np.random.default_rng(seed), widths=(0.7, 200.0), usual=width, pattern="branching"
        )
        widest.append(np.percentile(medial_widths(coverage > 0.5), 80))
    assert np.median(widest) == pytest.approx(width, rel=0.35)


def test_no_crack_is_wider_than_the_picture_bears():
    one, same = (
        draw_crack_mask(100, 100, np.random.default_rng(3), widths=(0.7, 500.0), usual=usual)
        for usual in (45.0, 400.0)
    )
    assert np.array_equal(one, same)


def test_wide_cracks_stand_alone():
    for seed in range(30):
        drawn = draw_crack_mask(96, 96, np.random.default_rng(seed), widths=(0.7, 60.0), usual=30.0)
        generator = np.random.default_rng(seed)
        generator.random()  # which decides about narrow cracks
        single = draw_crack_mask(96, 96, generator, widths=(0.7, 60.0), usual=30.0, pattern="branching")
        assert np.array_equal(drawn, single)


def test_the_line_of_a_wide_crack_has_no_kinks_that_are_short_against_its_width():
    ends = np.array([0.0, 0.0]), np.array([400.0, 0.0])
    turns = []
    for nominal in (1.0, 80.0):
        points = wander(*ends, np.random.default_rng(7), 0.2, nominal)
        steps = np.diff(points, axis=0)
        turns.append(np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))).sum())
    assert turns[1] < 0.1 * turns[0]


def test_the_default_widths_run_from_one_to_fifteen_pixels():
    typical, widest = [], []
    for seed in range(30):
        mask = draw_crack_mask(256, 256, np.random.default_rng(seed), pattern="branching") > 0.5
        typical.append(np.median(medial_widths(mask)))
        widest.append(np.percentile(medial_widths(mask), 95))
    assert min(typical) <= 2
    assert max(widest) > 9
    assert max(widest) < 20  # cracks that meet are wider there than each of them
    assert np.percentile(typical, 25) < 4


def test_a_network_encloses_blocks_of_road_and_a_single_crack_does_not():
    def blocks(pattern, seed):
        mask = (
            draw_crack_mask(256, 256, np.random.default_rng(seed), widths=(2.0, 4.0), pattern=pattern) > 0.5
        )
        bridged = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0  # over the gaps of a crack
        return sum(region.area > 60 for region in regionprops(label(~bridged, connectivity=1)))

    network = [blocks("network", seed) for seed in range(8)]
    branching = [blocks("branching", seed) for seed in range(8)]
    assert np.median(network) >= 8
    assert np.median(branching) <= 4


def test_hairlines_are_not_dotted():
    """A crack of one pixel must stay above one half between two rows of pixels, or its mask falls apart."""
    dotted = 0
    for seed in range(20):
        mask = (
            draw_crack_mask(256, 256, np.random.default_rng(seed), widths=(1.0, 1.0), pattern="branching")
            > 0.5
        )
        pieces = [region.area for region in regionprops(label(mask, connectivity=2))]
        dotted += np.median(pieces) < 6
    assert dotted <= 3


@pytest.mark.parametrize("widths", [(0.0, 3.0), (5.0, 2.0), (-1.0, 1.0)])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(ConfigurationError, match="expected 0 < narrowest <= widest"):
        draw_crack_mask(32, 32, np.random.default_rng(0), widths=widths)


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
