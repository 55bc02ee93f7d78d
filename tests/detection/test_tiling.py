from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upcracknet.detection.tiling import ScoreCanvas, blend_window, cut, tile_grid, tile_starts


@given(length=st.integers(1, 3000), tile=st.integers(8, 300), share=st.floats(0, 0.9))
def test_tiles_cover_a_side_with_at_least_the_overlap(length, tile, share):
    overlap = int(tile * share)
    starts = tile_starts(length, tile, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - tile)
    assert all(later - earlier <= tile - overlap for earlier, later in pairwise(starts))


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (200, 131), (40, 300), (17, 23)])
@pytest.mark.parametrize("overlap", [0, 16])
def test_cut_and_blended_tiles_give_the_image_back(shape, overlap):
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    canvas = ScoreCanvas(photo, (64, 64), overlap)
    for tile, pixels in canvas.pieces():
        assert pixels.shape == (64, 64, 3)
        canvas.add(tile, pixels[..., 0].astype(np.float32) / 255)
    assert canvas.missing == 0
    np.testing.assert_allclose(canvas.result(), photo[..., 0] / 255, atol=1e-6)


def test_beyond_the_photo_lies_its_mirror_image():
    photo = np.arange(3 * 4 * 3, dtype=np.uint8).reshape(3, 4, 3)
    tile = tile_grid(3, 4, (6, 6), 0)[0]
    np.testing.assert_array_equal(cut(photo, tile), np.pad(photo, ((0, 3), (0, 2), (0, 0)), mode="reflect"))


def test_the_blend_falls_towards_the_edge_but_never_to_zero():
    window = blend_window(64, 64, 16)
    assert window[32, 32] == 1
    assert 0 < window[0, 0] < window[0, 32] < window[8, 32] < 1


def test_seams_are_smooth_where_tiles_disagree():
    canvas = ScoreCanvas(np.zeros((64, 112, 3), np.uint8), (64, 64), 16)
    for value, (tile, _) in enumerate(canvas.pieces()):
        canvas.add(tile, np.full((64, 64), value, np.float32))
    steps = np.abs(np.diff(canvas.result()[32]))
    assert steps.max() < 0.2
    assert steps.sum() == pytest.approx(1, abs=1e-5)


def test_an_overlap_as_large_as_the_tile_is_refused():
    with pytest.raises(ValueError, match="overlap=64"):
        tile_grid(100, 100, (64, 64), 64)
