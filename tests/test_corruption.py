import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from upcracknet.corruption import (
    CorruptionMasks,
    FiniteCorruptionMasks,
    JumbledSquareMasks,
    SquareMasks,
    StripedMasks,
    blur_mask_edges,
    corrupt,
    corruption_masks,
    scaled_cell,
)
from upcracknet.errors import ConfigurationError

FINITE = [SquareMasks(), StripedMasks()]
FAMILIES = [*FINITE, JumbledSquareMasks()]
sides = st.integers(min_value=1, max_value=300)
seeds = st.integers(min_value=0, max_value=2**31)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiled(pattern: list[list[int]], cell_height: int, cell_width: int, size: int = 256) -> np.ndarray:
    block = np.kron(np.array(pattern, dtype=np.float32), np.ones((cell_height, cell_width), dtype=np.float32))
    return np.tile(block, (size // block.shape[0], size // block.shape[1]))


def test_square_masks_are_the_papers_six_checkerboards():
    masks = SquareMasks().all(256, 256)
    expected = []
    for cell in (128, 64, 32):
        checkerboard = tiled([[0, 1], [1, 0]], cell, cell)
        expected += [checkerboard, 1 - checkerboard]
    np.testing.assert_array_equal(masks[:, 0].numpy(), np.stack(expected))


def test_striped_masks_are_scadns_twelve():
    masks = StripedMasks().all(256, 256)
    expected = []
    for width in (64, 32, 16):
        vertical = tiled([[0, 1]], 256, width)
        expected += [vertical, 1 - vertical, vertical.T, 1 - vertical.T]
    np.testing.assert_array_equal(masks[:, 0].numpy(), np.stack(expected))


@pytest.mark.parametrize("family", FINITE)
@given(height=sides, width=sides)
@settings(deadline=None, max_examples=30)
def test_phases_are_complements_and_pixels_equally_likely_at_any_size(
    family: FiniteCorruptionMasks, height: int, width: int
):
    masks = family.all(height, width)
    assert masks.unique().tolist() == [0, 1]
    assert torch.equal(masks[0::2], 1 - masks[1::2])
    assert torch.equal(masks.mean(dim=0), torch.full((1, height, width), 0.5))


@pytest.mark.parametrize("family", FINITE)
@given(multiple=st.integers(1, 2), longer=st.integers(1, 2), upright=st.booleans())
@settings(deadline=None, max_examples=8)
def test_ratio_is_one_to_one_with_an_even_number_of_cells(
    family: FiniteCorruptionMasks, multiple: int, longer: int, upright: bool
):
    height, width = 256 * multiple, 256 * multiple * longer
    masks = family.all(width, height) if upright else family.all(height, width)
    assert (masks.sum(dim=(1, 2, 3)) * 2 == height * width).all()


@given(width=st.integers(256, 700))
@settings(deadline=None, max_examples=10)
def test_squares_need_an_even_number_of_cells_in_one_direction_only(width: int):
    masks = SquareMasks().all(256, width)
    assert (masks.sum(dim=(1, 2, 3)) * 2 == 256 * width).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_sampling_is_seeded_and_leaves_the_global_state_alone(family: CorruptionMasks):
    state = torch.get_rng_state()
    first = family.sample(4, 65, 130, generator(7))
    assert first.shape == (4, 1, 65, 130)
    assert first.unique().tolist() == [0, 1]
    assert torch.equal(first, family.sample(4, 65, 130, generator(7)))
    assert not torch.equal(first, family.sample(4, 65, 130, generator(8)))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("family", FAMILIES)
def test_each_image_draws_its_own_mask(family: CorruptionMasks):
    masks = family.sample(16, 64, 64, generator())
    assert len(masks.flatten(1).unique(dim=0)) > 4


@pytest.mark.parametrize("family", FINITE)
def test_sampling_draws_every_listed_mask_and_no_other(family: FiniteCorruptionMasks):
    listed = {mask.numpy().tobytes() for mask in family.all(64, 64)}
    drawn = {mask.numpy().tobytes() for mask in family.sample(200, 64, 64, generator())}
    assert drawn == listed


@given(height=sides, width=sides, sets=st.integers(2, 5), seed=seeds)
@settings(deadline=None, max_examples=30)
def test_partition_is_disjoint_covering_and_even(height: int, width: int, sets: int, seed: int):
    masks = JumbledSquareMasks(cells=(1,), sets=sets).partition(height, width, generator(seed))
    removed = 1 - masks
    assert masks.shape == (sets, 1, height, width)
    assert torch.equal(removed.sum(dim=0), torch.ones(1, height, width))
    assert removed.sum(dim=(1, 2, 3)).max() - removed.sum(dim=(1, 2, 3)).min() <= 4  # one cell of at most 2×2


@pytest.mark.parametrize("cell", [2, 4, 8, 16])
def test_partition_removes_whole_cells_of_the_size_asked_for(cell: int):
    masks = JumbledSquareMasks().partition(256, 256, generator(), cell=cell)
    corners = masks[:, 0, ::cell, ::cell].numpy()
    np.testing.assert_array_equal(masks[:, 0].numpy(), np.kron(corners, np.ones((1, cell, cell))))
    # Neighbouring cells fall into different sets: a wrong, larger cell would not pass for a jumbled one.
    assert (corners[:, :, 1:] != corners[:, :, :-1]).mean() > 0.3


def test_partition_draws_every_cell_size():
    family = JumbledSquareMasks(cells=(4, 64))
    source = generator()
    changes = {
        int((m := family.partition(256, 256, source))[0, 0, 0].diff().abs().sum() > 4) for _ in range(20)
    }
    assert m.shape == (3, 1, 256, 256)
    assert changes == {0, 1}


def test_jumbled_squares_remove_every_pixel_equally_often():
    draws = 4000
    removed = 1 - JumbledSquareMasks(cells=(64,)).sample(draws, 8, 7, generator())
    deviation = (1 / 3 * 2 / 3 / draws) ** 0.5
    assert (removed.mean(dim=0) - 1 / 3).abs().max() < 5 * deviation


@pytest.mark.parametrize(
    ("cell", "height", "width", "expected"),
    [(128, 256, 256, 128), (32, 512, 1024, 64), (32, 100, 60, 8), (2, 8, 8, 1), (128, 1, 5, 1)],
)
def test_cells_scale_with_the_shorter_side(cell: int, height: int, width: int, expected: int):
    assert scaled_cell(cell, height, width) == expected


def test_corrupt_is_the_hadamard_product():
    images = torch.tensor([[[[0.2, -0.4]], [[0.6, 0.8]]]])
    masks = torch.tensor([[[[1.0, 0.0]]]])
    torch.testing.assert_close(corrupt(images, masks), torch.tensor([[[[0.2, 0.0]], [[0.6, 0.0]]]]))
    torch.testing.assert_close(corrupt(images, masks, fill=1.0), torch.tensor([[[[0.2, 1.0]], [[0.6, 1.0]]]]))


def test_corrupt_keeps_the_images_type():
    masks = SquareMasks().sample(2, 16, 16, generator())
    assert corrupt(torch.rand(2, 3, 16, 16).bfloat16(), masks, fill=1.0).dtype == torch.bfloat16


def test_corrupt_needs_a_mask_for_each_image():
    with pytest.raises(TypeCheckError):
        corrupt(torch.rand(2, 3, 16, 16), torch.ones(1, 1, 16, 16))


@pytest.mark.parametrize(
    ("name", "family"),
    [("squares", SquareMasks()), ("stripes", StripedMasks()), ("jumbled", JumbledSquareMasks())],
)
def test_families_have_names(name: str, family: CorruptionMasks):
    assert corruption_masks(name) == family


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SquareMasks(cells=()), r"square cells are \(\)"),
        (lambda: StripedMasks(widths=(8, 0)), r"stripe widths are \(8, 0\)"),
        (lambda: JumbledSquareMasks(cells=(-1,)), "jumbled cells"),
        (lambda: JumbledSquareMasks(sets=1), "at least 2"),
    ],
)
def test_impossible_sizes_are_refused(make, message: str):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_blurred_edges_fade_over_about_two_pixels_and_move():
    masks = SquareMasks(cells=(64,)).all(256, 256)
    generator = torch.Generator().manual_seed(3)
    first, second = blur_mask_edges(masks, generator), blur_mask_edges(masks, generator)
    assert first.shape == masks.shape
    assert 0 <= first.min() < 1e-6 < 1 - 1e-6 < first.max() <= 1
    partly = ((first > 0.01) & (first < 0.99)).float().mean().item()
    # 2 pixels for each of about 3.6 edges a direction: 7.2 / 256 in rows, the same in columns.
    assert partly == pytest.approx(2 * 7.2 / 256, rel=0.5)
    assert not torch.equal(first, second)
    torch.testing.assert_close(first[0] + first[1], torch.ones(1, 256, 256))


@pytest.mark.parametrize("size", [(64, 64), (33, 97)])
def test_blurred_edges_agree_with_opencv(size):
    masks = SquareMasks(cells=(64,)).all(*size)[:1]
    enlarged = cv2.resize(
        masks[0, 0].numpy(),
        (round(size[1] * 286 / 256), round(size[0] * 286 / 256)),
        interpolation=cv2.INTER_LINEAR,
    )
    found = blur_mask_edges(masks, torch.Generator().manual_seed(0))[0, 0].numpy()
    places = [
        enlarged[top : top + size[0], left : left + size[1]]
        for top in range(enlarged.shape[0] - size[0] + 1)
        for left in range(enlarged.shape[1] - size[1] + 1)
    ]
    assert min(np.abs(found - place).max() for place in places) < 1e-5
