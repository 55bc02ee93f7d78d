import copy
import csv
import io
import json
from dataclasses import replace

import pytest

from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.reproduction.report import COLUMNS, write_table
from upcracknet.reproduction.tables import sensitivity, table1, table2


@pytest.fixture
def written(files):
    """Writes a table; gives its lines, its CSV records and its JSON."""

    def write(experiment, notes=None):
        write_table(experiment, [files.state(row, notes) for row in experiment.rows], files.folder)
        texts = [(files.folder / f"{experiment.name}.{kind}").read_text() for kind in ("md", "csv", "json")]
        return texts[0].splitlines(), list(csv.DictReader(io.StringIO(texts[1]))), json.loads(texts[2])

    return write


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_our_figures_stand_beside_the_papers(written, files, budget, base, result_of):
    experiment = table1(budget, seed=5, base=base)
    files.write(experiment.rows[0], result_of(experiment.rows[0], parameters=1234, milliseconds=7.2))
    lines, records, content = written(experiment)
    [line] = [line for line in lines if line.startswith("| MAE |")]
    assert dict(zip(COLUMNS, cells(line), strict=True)) == {
        "row": "MAE",
        "parameters": "1,234",
        "patches seen": "592",
        "precision": "50.00",
        "recall": "25.00",
        "accuracy": "75.00",
        "F1": "57.14",
        "IoU": "40.00",
        "IoU at the best fixed threshold ²": "50.00",
        "paper's precision ¹": "29.39",
        "paper's recall ¹": "60.03",
        "paper's accuracy ¹": "89.70",
        "paper's F1 ¹": "39.46",
        "paper's IoU ¹": "24.58",
        "seconds of training": "100",
        "milliseconds an image": "7",
        "weights": "`0123456789ab`",
    }
    assert records[0]["iou"] == "40.0000"
    assert records[0]["paper_iou"] == "24.577"
    assert records[0]["weights_sha256"] == "0123456789abcdef"
    assert (records[0]["budget"], records[0]["seed"]) == ("tiny", "5")
    ours = content["rows"][0]["tests"]["crack500"]
    assert (ours["ours"]["iou"], ours["paper"]["iou"]) == (pytest.approx(40), 24.577)


def test_all_that_the_figures_depend_on_is_in_the_head_or_the_notes(written, files, budget, base, result_of):
    experiment = table1(budget, seed=5, base=base)
    for row in experiment.rows:
        files.write(row, result_of(row))
    lines, _, content = written(experiment)
    text = "\n".join(lines)
    assert "`tiny`: 2 filters, 1 × 4 = 4 patches per row; seed 5." in text
    assert "learning rates 0.0001 (G) and 0.0004 (D), mask edges sharp, style features random" in text
    assert "## Tested on crack500-640x360 (test), 93 images" in text
    assert "Protocol `paper`: 256×256 pixels. Threshold: Otsu on each photo" in text
    assert f"¹ {EXCHANGED_FOOTNOTE} The paper's Crack500 rows are of 1,124 crops" in text
    assert "Unfinished" not in text
    assert content["complete"] is True


def test_unfinished_rows_have_a_reason_and_no_figures(
    written, files, budget, sensitivity_base, tmp_path, result_of
):
    experiment = sensitivity(budget, base=replace(sensitivity_base, vgg19_weights=str(tmp_path / "none.pth")))
    rows = {row.name: row for row in experiment.rows}
    files.write_failure(rows["sharp-masks"], "out of | memory")
    files.write(rows["base"], result_of(rows["base"]))
    lines, records, content = written(
        experiment, {rows["halved-width"].run_name: "in work by process 1 on a"}
    )
    assert sum(line.startswith("| base |") for line in lines) == 2, "one table a test set"
    shown = {cells(line)[0]: cells(line)[2] for line in lines if line.startswith("|")}
    assert shown["learning rates of the paper"] == "not yet"
    assert shown["half the filters"] == "not yet: in work by process 1 on a"
    assert shown["sharp mask edges"] == r"failed: out of \| memory"
    assert shown["style features of VGG-19"].startswith("skipped: no VGG-19 weights at ")
    assert "- **Unfinished**: rows without figures say so." in lines
    assert content["complete"] is False
    for record in records:
        has_figures = record["row"] == "base"
        assert (record["status"] == "done") == has_figures
        assert [bool(record[key]) for key in ("iou", "f1", "images", "weights_sha256")] == [has_figures] * 4
        assert record["paper_iou"] in ("58.738", "30.537")
    assert [row["status"] for row in content["rows"][:3]] == ["done", "not yet", "failed"]


def test_what_the_paper_does_not_print_stays_empty(written, budget, base):
    lines, records, _ = written(table2(budget, base=base))
    [line] = [line for line in lines if line.startswith("| stripes |")]
    assert cells(line)[9:14] == ["–", "–", "95.38", "58.93", "41.77"]
    assert records[1]["paper_precision"] == ""
    assert "No row is measured yet." in lines


def test_rows_of_different_photos_are_said(written, files, budget, base, result_of):
    """As where the folder of data was another one in between."""
    experiment = table1(budget, base=base)
    for row in experiment.rows[:2]:
        files.write(row, result_of(row))
    assert "do not compare" not in "".join(written(experiment)[0])
    other = copy.deepcopy(result_of(experiment.rows[2]))
    other.evaluations[0]["dataset"] = "crack500-whole"
    files.write(experiment.rows[2], other)
    text = "\n".join(written(experiment)[0])
    assert "**Rows tested on crack500 do not compare**: " in text and "images of crack500-whole: " in text
