import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.detection import CrackDetector
from upcracknet.evaluation import NATIVE, PAPER, EvaluationResult, evaluate
from upcracknet.evaluation.answers import Answerer
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.evaluation.report import (
    COLUMNS,
    SHORT_COLUMNS,
    SUMMARY_COLUMNS,
    folder_name,
    footnotes,
    report_record,
    rows,
    short_rows,
    summary_rows,
    to_markdown,
)
from upcracknet.evaluation.results import ItemResult, Tally, measure_mask, measure_score
from upcracknet.tables import NOT_GIVEN, percent

WriteDataset = Callable[..., CrackDataset]
BAR = np.s_[10:14, 10:50]
SHIFTED = np.s_[12:16, 10:50]


def test_markdown_names_everything_a_figure_depends_on(
    write_dataset: WriteDataset, detector: CrackDetector
) -> None:
    result = evaluate(detector, write_dataset([BAR, BAR], [BAR, SHIFTED]), NATIVE)
    text = to_markdown([result])
    assert text.startswith("# Evaluation on roads (test)\n")
    assert "Protocol `native`: each photo at its own size." in text
    assert "pooled over all images" in text
    assert "darkness: threshold fixed at 0.5." in text
    assert "Annotated crack pixels: 6.667 % (all)." in text
    assert "| darkness | 2 | 0 | 75.00 | 75.00 |" in text
    assert "| darkness | 2 | 2 | 100.00 | 100.00 |" in text
    assert "Incomplete" not in text
    assert EXCHANGED_FOOTNOTE not in text


def test_markdown_tables_have_equal_columns(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    result = evaluate(detector, write_dataset([BAR], [BAR], name="deepcrack"), PAPER)
    blocks = [
        block.split("\n") for block in to_markdown([result, result]).split("\n\n") if block.startswith("|")
    ]
    assert len(blocks) == 2
    for lines in blocks:
        assert len({line.count("|") for line in lines if line}) == 1
    assert EXCHANGED_FOOTNOTE in to_markdown([result])


def test_json_holds_the_counts_and_the_papers_rows(
    write_dataset: WriteDataset, detector: CrackDetector
) -> None:
    dataset = write_dataset([BAR], [BAR], name="deepcrack")
    content = json.loads(json.dumps(report_record([evaluate(detector, dataset, PAPER)])))
    assert content["protocol"]["name"] == "paper"
    (record,) = content["results"]
    assert record["complete"] is True
    assert [group["name"] for group in record["groups"]] == ["all", "without training scenes"]
    exact = record["groups"][0]["tolerances"][0]
    assert exact["tolerance_pixels"] == 0
    assert sum(exact["counts"][key] for key in exact["counts"] if key != "found") == 256 * 256
    assert set(exact["pooled"]) == {"precision", "recall", "accuracy", "f1", "iou"}
    assert exact["ods"]["threshold"] > 0.5
    assert [row["table"] for row in content["paper"]["rows"]] == ["IV", "VI"]
    assert content["paper"]["rows"][0]["precision"] == 88.852


def test_json_of_an_incomplete_evaluation(write_dataset: WriteDataset, detector: CrackDetector) -> None:
    dataset = write_dataset([BAR, BAR], [BAR, BAR])
    dataset[0].photo_path.write_bytes(b"not a photo")
    (record,) = report_record([evaluate(detector, dataset, NATIVE)])["results"]
    assert record["complete"] is False
    assert record["unreadable"][0]["name"] == "photo0"


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


def test_a_terminal_shows_what_is_without_tolerance() -> None:
    shown = short_rows([evaluation()])
    assert [row[0].split()[0] for row in shown] == ["ours", "UP-CrackNet", "UP-CrackNet"]
    assert dict(zip(SHORT_COLUMNS, shown[0], strict=True))["IoU"] == "33.33"


def test_our_rows_come_first_then_the_papers() -> None:
    table = rows([evaluation()])
    assert [row[0] for row in table] == [
        *("ours", "ours", "ours"),
        "UP-CrackNet (paper's Table IV, trained on DeepCrack) ¹",
        "UP-CrackNet (paper's Table VI, trained on Crack500) ¹",
    ]
    assert all(len(row) == len(COLUMNS) for row in table)


def test_figures_of_a_row() -> None:
    exact, nearby, tolerant = rows([evaluation()])[:3]
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
    assert (nearby[2], nearby[3:8]) == ("1", tolerant[3:8])
    assert tolerant[2:8] == ("2", "100.00", "50.00", "98.00", "66.67", "50.00")


def test_the_papers_row_has_precision_and_recall_put_right() -> None:
    paper = dict(zip(COLUMNS, rows([evaluation()])[3], strict=True))
    assert (paper["precision"], paper["recall"], paper["IoU"]) == ("88.85", "63.41", "58.74")
    assert paper["images"] == paper["ODS F1"] == NOT_GIVEN


@pytest.mark.parametrize(("dataset", "protocol"), [("deepcrack", "native"), ("my-roads", "paper")])
def test_no_paper_rows_beside_figures_they_cannot_be_compared_with(dataset: str, protocol: str) -> None:
    assert footnotes(evaluation(dataset, protocol)) == []
    assert len(rows([evaluation(dataset, protocol)])) == 3


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
    assert [row[0] for row in rows([evaluation(), evaluation()])].count("ours") == 6
    assert len(rows([evaluation(), evaluation()])) == 8


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


@pytest.mark.parametrize(
    ("model", "checksum", "folder"),
    [
        ("local-contrast", None, "local-contrast"),
        ("UP-CrackNet (small)", "0123456789abcdef", "UP-CrackNet-small-01234567"),
        ("../x", None, "x"),
        ("…", None, "model"),
    ],
)
def test_folder_names(model: str, checksum: str | None, folder: str) -> None:
    assert folder_name(Answerer(model, "0.5", lambda compared: iter(()), checksum)) == folder
