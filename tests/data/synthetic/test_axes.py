import cv2
import numpy as np
import pytest

from upcracknet.data.synthetic import draw_crack_mask, paint_cracks, synthesize_road
from upcracknet.data.synthetic.axes import axes_of
from upcracknet.data.synthetic.cracks import CrackPath, rasterise

RANGES = ((1.0, 3.0), (4.0, 9.0), (14.0, 30.0), (30.0, 60.0))


def drawn(seed, widths, pattern="branching"):
    paths = []
    generator = np.random.default_rng(seed)
    coverage = draw_crack_mask(400, 500, generator, widths=widths, pattern=pattern, paths=paths)
    return coverage, axes_of(paths, coverage)


def area(axes):
    return sum(
        float(np.hypot(*np.diff(axis[:, :2], axis=0).T) @ (axis[1:, 2] + axis[:-1, 2]) / 2) for axis in axes
    )


def at(mask, axis):
    columns, rows = np.rint(axis[:, :2]).astype(int).T
    return mask[rows, columns]


def test_a_straight_crack_has_its_own_line_and_width():
    points = np.stack([np.linspace(-20, 120, 141), np.full(141, 30.25)], 1)
    path = CrackPath(points, np.full(141, 3.0), np.full(141, 5.0))  # the line is not in its middle
    (axis,) = axes_of([path], rasterise([path], 60, 80))
    assert np.allclose(axis[:, 1], 31.25 if path.across[0, 1] < 0 else 29.25)
    assert axis[0, 0] == pytest.approx(0, abs=1)
    assert axis[-1, 0] == pytest.approx(79, abs=1)
    assert np.allclose(axis[1:-1, 2], 8.0, atol=0.5)


@pytest.mark.parametrize("widths", RANGES)
@pytest.mark.parametrize("seed", range(4))
def test_axes_lie_in_the_cracks(seed, widths):
    coverage, axes = drawn(seed, widths)
    near = cv2.dilate((coverage > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    for axis in axes:
        assert at(near, axis).mean() > 0.8
        assert (axis[:, 2] > 0).all()
        assert np.hypot(*np.diff(axis[:, :2], axis=0).T).max() < 1.5
    assert np.mean(np.concatenate([at(near, axis) for axis in axes])) > 0.97


@pytest.mark.parametrize("widths", RANGES)
@pytest.mark.parametrize("seed", range(4))
def test_width_along_the_axis_adds_up_to_the_crack(seed, widths):
    """Strands cover each other where they meet, so there is somewhat less crack than strands."""
    paths = []
    generator = np.random.default_rng(seed)
    coverage = draw_crack_mask(400, 500, generator, widths=widths, pattern="branching", paths=paths)
    trunk = paths[:1]
    alone = rasterise(trunk, 400, 500)
    assert area(axes_of(trunk, alone)) == pytest.approx(alone.sum(), rel=0.06)
    assert 0.94 < area(axes_of(paths, coverage)) / coverage.sum() < 1.3


@pytest.mark.parametrize("seed", range(5))
def test_width_is_that_of_the_mask_across_the_axis(seed):
    paths = []
    generator = np.random.default_rng(seed)
    draw_crack_mask(400, 500, generator, widths=(4.0, 12.0), pattern="branching", paths=paths)
    mask = rasterise(paths[:1], 400, 500) > 0.5
    errors = []
    for axis in axes_of(paths[:1], rasterise(paths[:1], 400, 500)):
        along = np.gradient(axis[:, :2], axis=0)
        along /= np.hypot(*along.T)[:, None]
        offsets = np.arange(-15, 15.1, 0.25)
        places = axis[:, None, :2] + np.stack([-along[:, 1], along[:, 0]], 1)[:, None] * offsets[:, None]
        columns, rows = np.moveaxis(np.rint(places).astype(int), -1, 0)
        inside = (rows >= 0) & (rows < 400) & (columns >= 0) & (columns < 500)
        seen = mask[np.clip(rows, 0, 399), np.clip(columns, 0, 499)] & inside
        errors.append(seen.sum(1) * 0.25 - axis[:, 2])
    every = np.abs(np.concatenate(errors))
    assert np.median(every) < 0.5
    assert np.mean(every < 1) > 0.9


def test_cracks_with_broken_edges_are_as_wide_as_they_came_out():
    paths = []
    coverage = draw_crack_mask(
        400, 500, np.random.default_rng(2), widths=(30.0, 50.0), pattern="branching", paths=paths
    )
    smooth = rasterise(paths[:1], 400, 500)
    grown = np.asarray(cv2.dilate(smooth, np.ones((3, 3))))
    before, after = (area(axes_of(paths[:1], plane)) for plane in (smooth, grown))
    assert after - before == pytest.approx(float(grown.sum() - smooth.sum()), rel=0.1)
    assert not np.array_equal(coverage, rasterise(paths, 400, 500))


def test_strands_that_meet_do_not_widen_each_other():
    line = np.linspace(0, 100, 101)
    flat = CrackPath(np.stack([line, np.full(101, 50.0)], 1), np.full(101, 2.0), np.full(101, 2.0))
    upright = CrackPath(np.stack([np.full(101, 50.0), line], 1), np.full(101, 2.0), np.full(101, 2.0))
    both = axes_of([flat, upright], rasterise([flat, upright], 101, 101))
    assert len(both) == 2
    for axis in both:
        assert np.allclose(axis[2:-2, 2], axis[50, 2], atol=0.2)


def test_a_closed_or_hidden_part_ends_the_axis():
    points = np.stack([np.linspace(0, 99, 100), np.full(100, 20.0)], 1)
    half = np.full(100, 2.0)
    half[40:60] = 0
    closed = CrackPath(points, half, half)
    coverage = rasterise([closed], 40, 100)
    assert len(axes_of([closed], coverage)) == 2
    coverage[:, 70:80] = 0  # a leaf on the road
    pieces = axes_of([closed], coverage)
    assert [round(float(np.ptp(piece[:, 0]))) for piece in pieces] == pytest.approx([39, 10, 19], abs=2)
    assert axes_of([CrackPath(points, half * 0, half * 0)], coverage) == []


@pytest.mark.parametrize("pattern", ["branching", "network"])
@pytest.mark.parametrize("mark", ["covered", "seen"])
def test_finding_the_axes_changes_neither_photo_nor_mask_nor_what_is_drawn_next(pattern, mark):
    photo = synthesize_road(3, 120, 160, cracks=False).photo
    results = []
    for axes in (None, []):
        generator = np.random.default_rng(5)
        cracked, mask = paint_cracks(
            photo, generator, widths=(1.0, 40.0), pattern=pattern, mark=mark, axes=axes
        )
        results.append((cracked.tobytes(), mask.tobytes(), generator.random()))
    assert results[0] == results[1]
    assert axes


def test_roads_have_axes_of_their_cracks_within_the_photo():
    for seed in range(6):
        road = synthesize_road(seed, 96, 128)
        assert bool(road.axes) == bool(road.mask.any())
        for axis in road.axes:
            assert axis.shape[1] == 3
            assert (axis[:, :2] >= -0.5).all()
            assert (axis[:, :2] < (127.5, 95.5)).all()
    assert synthesize_road(0, 96, 128, cracks=False).axes == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (65, 2)])
def test_tiny_roads_have_axes_too(shape):
    for seed in range(6):
        for axis in synthesize_road(seed, *shape).axes:
            assert np.isfinite(axis).all()
