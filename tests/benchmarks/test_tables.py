"""The page of Tables I–VIII is what its results say."""

import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("tables")


def test_the_page_is_made_of_the_results_that_are_kept(tables):
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.filled(page)


def test_a_kept_result_stands_in_its_table(tables, tmp_path, monkeypatch):
    assert "| *58.7* | 1,500 |" in tables.tables()  # of UP-CrackNet in Table IV
    (tmp_path / "tables").mkdir()
    monkeypatch.setattr(tables, "KEPT", tmp_path / "tables")
    assert "| *58.7* | 1,500 |" not in tables.tables()


def test_results_without_figures_are_not_taken_over(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "KEPT", tmp_path / "tables")
    (tmp_path / "out/results").mkdir(parents=True)
    (tmp_path / "out/results/a.json").write_text('{"status": "done"}')
    (tmp_path / "out/results/b.json").write_text('{"status": "failed", "reason": "no"}')
    assert tables.take_over(tmp_path / "out") == 1
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["a.json"]


def test_figures_are_kept_at_half_their_size(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    cv2.imwrite(str(tmp_path / "fig3.png"), np.full((60, 40, 3), 200, np.uint8))
    tables.take_over_pictures(tmp_path)
    kept = [*tmp_path.glob("*.jpg")]
    assert [path.name for path in kept] == ["tables-fig3.jpg"]
    assert cv2.imread(str(kept[0])).shape == (30, 20, 3)
