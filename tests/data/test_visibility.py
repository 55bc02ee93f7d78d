import cv2
import numpy as np
import pytest

from upcracknet.data.visibility import BRIDGE, seen_cracks

GRAIN = 0.05
SIDE = 128


def scene(width, contrast, seed=0):
    """A grainy road, and a level crack whose contrast is so many standard deviations of the grain."""
    grain = np.random.default_rng(seed).normal(0, GRAIN, (SIDE, SIDE, 1))
    road = np.repeat((0.6 + grain).astype(np.float32), 3, axis=2)
    crack = np.zeros((SIDE, SIDE), np.float32)
    first = (SIDE - width) // 2
    crack[first : first + width] = 1
    photo = road - np.float32(contrast * GRAIN) * crack[..., None]
    return photo, road, crack


@pytest.mark.parametrize(
    ("width", "contrast", "share"), [(2, 3.0, 1), (12, 1.5, 1), (2, 0.4, 0), (12, 0.4, 0), (60, 1.2, 1)]
)
def test_contrast_decides(width, contrast, share):
    photo, road, crack = scene(width, contrast)
    seen = seen_cracks(photo, road, crack)
    assert seen[crack > 0].mean() == pytest.approx(share, abs=0.1)
    assert not seen[crack == 0].any()


def test_a_hairline_needs_more_contrast_than_a_band():
    hairline, band = (seen_cracks(*scene(width, 1.2)).sum() for width in (2, 16))
    assert hairline < 0.3 * 2 * SIDE
    assert band > 0.95 * 16 * SIDE


@pytest.mark.parametrize(("gap", "bridged"), [(6, True), (int(BRIDGE) - 4, True), (50, False)])
def test_short_gaps_belong_to_the_crack(gap, bridged):
    photo, road, crack = scene(3, 4.0)
    middle = slice((SIDE - gap) // 2, (SIDE + gap) // 2)
    photo[:, middle] = road[:, middle]
    seen = seen_cracks(photo, road, crack)[crack > 0].reshape(3, SIDE)
    assert seen[:, SIDE // 2].all() == bridged
    assert seen[:, :30].all()


def test_what_fills_a_wide_crack_in_places_belongs_to_it():
    photo, road, crack = scene(60, 4.0)
    photo[SIDE // 2 - 14 : SIDE // 2 + 14, 40:70] = road[SIDE // 2 - 14 : SIDE // 2 + 14, 40:70]
    assert seen_cracks(photo, road, crack)[crack > 0].all()


def test_a_crack_that_is_nowhere_seen():
    road = np.full((40, 40, 3), 0.5, np.float32)
    crack = np.zeros((40, 40), np.float32)
    crack[20:23] = 1
    assert not seen_cracks(road, road, crack).any()
    assert not seen_cracks(road, road, np.zeros_like(crack)).any()


def test_at_another_contrast_the_same_is_seen():
    photo, road, crack = scene(4, 1.4)
    flat = [cv2.convertScaleAbs(image * 255).astype(np.float32) / 255 for image in (photo, road)]
    stronger = [(image - 0.6) * np.float32(1.6) + 0.6 for image in flat]
    one, two = (seen_cracks(*pair, crack) for pair in (flat, stronger))
    assert (one == two).mean() > 0.99
