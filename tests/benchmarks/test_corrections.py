"""The page of what corrections bring says what was measured, and nothing else."""

import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def corrections():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("corrections")


def run(kind, seed, choice, after):
    return {
        "kind": kind,
        "seed": seed,
        "choice": choice,
        "of_new_kind": 20,
        "before": {"next": 10.0 + seed, "usual": 60.0},
        "settings": {"next": 20.0, "usual": 59.5},
        "after": {"next": after, "usual": 58.0},
        "doubt": {"correlation": 0.5, "new": 0.7, "usual": 0.25, "suggested": 12 + seed},
    }


def test_means_and_spreads_over_the_seeds(corrections):
    runs = [run("night", seed, "any", 30.0 + 4 * seed) for seed in (1, 2)]
    rows = corrections.table(runs).splitlines()[2:]
    assert rows == [
        "| night | none: its settings alone | 0 | 1, 2 | 11.5 ± 0.5 | 20.0 ± 0.0 | 8.5 ± 0.5 "
        "| 60.0 ± 0.0 | 59.5 ± 0.0 | -0.5 ± 0.0 |",
        "| night | any | 20.0 | 1, 2 | 11.5 ± 0.5 | 36.0 ± 2.0 | 24.5 ± 1.5 "
        "| 60.0 ± 0.0 | 58.0 ± 0.0 | -2.0 ± 0.0 |",
    ]


def test_one_seed_has_no_spread_and_kinds_have_rows_of_their_own(corrections):
    page = corrections.page([run("night", 1, "any", 30.0), run("gravel", 1, "`suggest`", 12.0)])
    assert "| night | any | 20.0 | 1 | 11.0 | 30.0 | 19.0 | 60.0 | 58.0 | -2.0 |" in page
    assert "| gravel | `suggest` | 20.0 | 1 | 11.0 | 12.0 | 1.0 | 60.0 | 58.0 | -2.0 |" in page
    assert "| night | 1 | 0.50 | 0.70 | 0.25 | 13.0 | 4 |" in page
    assert "{" not in page


def test_the_new_kind_is_found_again_among_shuffled_photos(corrections, monkeypatch, tmp_path):
    def road(kind, seed):
        return np.full((4, 4, 3), 200 if kind == "new" else 50, np.uint8), np.zeros((4, 4), bool)

    monkeypatch.setattr(corrections, "road", road)
    monkeypatch.setattr(corrections, "ORDINARY", 7)
    monkeypatch.setattr(corrections, "NEW", 3)
    dataset = corrections.write(tmp_path, [("asphalt", n) for n in range(7)] + [("new", n) for n in range(3)])
    names = [sample.photo_path.name for sample in dataset]
    bright = [name for name in names if cv2.imread(str(tmp_path / "photos" / name)).mean() > 100]
    assert corrections.of_new_kind(names) == bright
    assert len(bright) == 3
