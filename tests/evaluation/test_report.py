import json
from collections.abc import Callable

import numpy as np

from upcracknet.data.dataset import CrackDataset
from upcracknet.detection import CrackDetector
from upcracknet.evaluation import NATIVE, evaluate
from upcracknet.evaluation.protocol import PAPER
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.evaluation.report import to_json, to_markdown

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
    content = json.loads(to_json([evaluate(detector, dataset, PAPER)]))
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
    (record,) = json.loads(to_json([evaluate(detector, dataset, NATIVE)]))["results"]
    assert record["complete"] is False
    assert record["unreadable"][0]["name"] == "photo0"
