from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.evaluation.results import EvaluationResult, ItemResult, Tally, measure_mask, measure_score
from upcracknet.evaluation.tables import (
    COLUMNS,
    SUMMARY_COLUMNS,
    footnotes,
    paper_rows,
    percent,
    rows,
    summary_rows,
)


def evaluation(dataset: str = "deepcrack", protocol: str = "paper") -> EvaluationResult:
    """Two roads of 100 pixels with a crack of 4, at a threshold of 0.5.

    Of the first, 3 of 4 pixels are found and one false; the road scores 0.35. Of the second nothing is found,
    since its crack scores 0.3 only, though the road scores 0.2.
    """
    truth = np.zeros((10, 10), bool)
    truth[4, :4] = True
    first = np.full((10, 10), 0.35, np.float32)
    first[4, 1:5] = 1
    second = np.where(truth, np.float32(0.3), np.float32(0.2))
    tally, items = Tally("all"), []
    for score in (first, second):
        item = ItemResult("road", Sample("road", Path("road.png")), 0.5, measure_mask(score > 0.5, truth))
        tally.add(item, measure_score(score, truth))
        items.append(item)
    return EvaluationResult(
        "ours",
        "Otsu on each photo",
        dataset,
        "test",
        protocol,
        "a way to compare",
        (tally.result(),),
        tuple(items),
    )


def test_our_rows_come_first_then_the_papers() -> None:
    table = rows([evaluation()])
    assert [row[0] for row in table] == [
        "ours",
        "ours",
        "UP-CrackNet (paper's Table IV, trained on DeepCrack) ¹",
        "UP-CrackNet (paper's Table VI, trained on Crack500) ¹",
    ]
    assert all(len(row) == len(COLUMNS) for row in table)


def test_figures_of_a_row() -> None:
    exact, tolerant = rows([evaluation()])[:2]
    assert dict(zip(COLUMNS, exact, strict=True)) == {
        "method": "ours",
        "images": "2",
        "tolerance": "0",
        "precision": "75.00",
        "recall": "37.50",
        "accuracy": "97.00",
        "F1": "50.00",
        "IoU": "33.33",
        "ODS F1": "50.00",
        "ODS IoU": "33.33",
        "OIS F1": "87.50",
        "OIS IoU": "77.78",
    }
    assert tolerant[2:8] == ("2", "100.00", "50.00", "98.00", "66.67", "50.00")


def test_the_papers_row_has_precision_and_recall_put_right() -> None:
    paper = dict(zip(COLUMNS, rows([evaluation()])[2], strict=True))
    assert (paper["precision"], paper["recall"], paper["IoU"]) == ("88.85", "63.41", "58.74")
    assert paper["images"] == paper["ODS F1"] == "-"


@pytest.mark.parametrize(("dataset", "protocol"), [("deepcrack", "native"), ("my-roads", "paper")])
def test_no_paper_rows_beside_figures_they_cannot_be_compared_with(dataset: str, protocol: str) -> None:
    assert paper_rows(evaluation(dataset, protocol)) == []
    assert footnotes(evaluation(dataset, protocol)) == []
    assert len(rows([evaluation(dataset, protocol)])) == 2


@pytest.mark.parametrize(
    ("dataset", "words"),
    [("cfd", "200 patches"), ("crack500-640x360", "1,124 crops"), ("deepcrack-deduplicated", "237")],
)
def test_footnote_says_what_keeps_the_papers_rows_apart(dataset: str, words: str) -> None:
    (note,) = footnotes(evaluation(dataset))
    assert EXCHANGED_FOOTNOTE in note
    assert words in note
    assert footnotes(evaluation("deepcrack")) == [f"¹ {EXCHANGED_FOOTNOTE}"]


def test_two_detectors_stand_in_one_table_with_the_paper_once() -> None:
    assert [row[0] for row in rows([evaluation(), evaluation()])].count("ours") == 4
    assert len(rows([evaluation(), evaluation()])) == 6


def test_summary() -> None:
    (row,) = summary_rows([evaluation()])
    # 3 of 8 crack pixels at precision ¾, one where all of the first road is predicted, then the second crack.
    average_precision = 3 / 8 * 3 / 4 + 1 / 8 * 4 / 100 + 4 / 8 * 8 / 104
    assert dict(zip(SUMMARY_COLUMNS, row, strict=True)) == {
        "method": "ours",
        "images": "2",
        "precision": "37.50",
        "recall": "37.50",
        "F1": "37.50",
        "IoU": "30.00",
        "average precision": percent(average_precision),
        "mean IoU with background": percent((1 / 3 + 191 / 197) / 2),
    }
