import numpy as np

from upcracknet.preparation.scores import CELL
from upcracknet.preparation.windows import (
    LARGEST_OVERLAP,
    POSITIONS,
    all_windows,
    choose_apart,
    cleanest,
    ranks,
    worst_cells,
)

GRIDS, SIZES = [(8, 10), (3, 3), (6, 6)], (64, 96)


def test_each_window_has_its_own_worst_cell():
    maps = [
        np.random.default_rng(number).random(grid).astype(np.float32) for number, grid in enumerate(GRIDS)
    ]
    windows, worst = all_windows(GRIDS, SIZES), worst_cells(maps, SIZES)
    assert len(windows) == len(worst) == 5 * 7 + 3 * 5 + 3 * 3 + 1  # the second photo is too small
    for (photo, top, left, size), value in zip(windows.tolist(), worst, strict=True):
        assert top + size <= GRIDS[photo][0] * CELL
        assert left + size <= GRIDS[photo][1] * CELL
        inside = maps[photo][top // CELL :, left // CELL :][: size // CELL, : size // CELL]
        assert value == inside.max()


def test_large_photos_get_a_wider_grid_that_reaches_the_edges():
    windows = all_windows([(300, 400)], (128,))
    assert POSITIONS / 2 < len(windows) < POSITIONS * 2
    assert windows[:, 1].max() == (300 - 8) * CELL
    assert windows[:, 2].max() == (400 - 8) * CELL
    assert len(np.unique(windows, axis=0)) == len(windows)


def test_shares_of_cleaner_windows():
    assert ranks(np.array([3.0, 1.0, 1.0, 9.0])).tolist() == [0.5, 0, 0, 0.75]


def chosen_numbers(**limits):
    windows = all_windows([(16, 20)] * 5, (64, 128))
    crackness = np.random.default_rng(1).random(len(windows))
    return windows, crackness, cleanest(windows, crackness, **limits)


def overlaps(windows):
    for index, (photo, top, left, size) in enumerate(windows.tolist()):
        for other, top2, left2, size2 in windows[:index].tolist():
            height = min(top + size, top2 + size2) - max(top, top2)
            width = min(left + size, left2 + size2) - max(left, left2)
            if photo == other:
                yield max(height, 0) * max(width, 0) / min(size, size2) ** 2


def test_the_choice_is_as_strict_as_the_count_allows():
    windows, crackness, chosen = chosen_numbers(count=8, per_photo=2, limit=0.9)
    assert len(chosen) == 8
    assert np.bincount(windows[chosen, 0]).max() <= 2
    assert max(overlaps(windows[chosen]), default=0) <= LARGEST_OVERLAP
    assert (np.diff(crackness[chosen]) <= 0).all()
    assert crackness[chosen].max() < 0.05
    _, _, more = chosen_numbers(count=10, per_photo=2, limit=0.9)
    assert crackness[more].max() >= crackness[chosen].max()


def test_nothing_above_the_limit_is_chosen_even_where_too_few_remain():
    _, crackness, chosen = chosen_numbers(count=500, per_photo=100, limit=0.1)
    assert 0 < len(chosen) < 500
    assert crackness[chosen].max() <= 0.1


def test_equally_clean_windows_are_taken_large():
    windows = all_windows([(16, 20)], (64, 128))
    chosen = cleanest(windows, np.zeros(len(windows)), count=1, per_photo=1, limit=0.5)
    assert windows[chosen, 3].tolist() == [128]


def test_windows_taken_before_are_kept_clear_of_and_do_not_count():
    windows = all_windows([(8, 16)], (128,))  # lefts 0, 16, … 128
    everything = np.arange(len(windows))
    found = choose_apart(windows, everything, count=9, per_photo=1, taken=np.array([0]))
    assert windows[found, 2].tolist() == [96]  # the first that overlaps by 0.25 only
