import cv2
import numpy as np
import pytest
from skimage.measure import label, regionprops
from skimage.morphology import medial_axis

from upcracknet.data.synthetic import draw_crack_mask
from upcracknet.errors import ConfigurationError


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
