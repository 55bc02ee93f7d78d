import json
from pathlib import Path

import pytest

from upcracknet.evaluation import false_alarms
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.evaluation.suite import SuiteResult, run_suite
from upcracknet.evaluation.suite_parts import PartStore
from upcracknet.evaluation.suite_plan import Subject
from upcracknet.evaluation.suite_report import (
    gap_lines,
    suite_json,
    suite_markdown,
    suite_tables,
    write_suite,
)


@pytest.fixture
def result(
    tiny_deepcrack: Path, tmp_path: Path, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> SuiteResult:
    """Of a small untrained model, which stands in for the faithful one too, and of the classical baseline."""
    monkeypatch.setattr(false_alarms, "ROADS", 1)
    monkeypatch.setattr(false_alarms, "ROAD_SIZE", (48, 64))
    small = Subject.open(str(small_model))
    subjects = [
        Subject("ours", small.detector, small.sha256, small.trained_on),
        Subject("paper", small.detector, small.sha256, small.trained_on),
        Subject.open("local-contrast"),
    ]
    return run_suite(subjects, tiny_deepcrack, PartStore(tmp_path / "parts"))


def test_markdown_names_everything_a_figure_depends_on(result: SuiteResult, small_model: Path) -> None:
    text = suite_markdown(result)
    assert (
        f"`ours`: UP-CrackNet (small, not calibrated), weights sha256 `{result.subjects[0]['sha256']}`"
        in text
    )
    assert "trained on none; threshold: Otsu on each photo." in text
    assert "`local-contrast`: local-contrast, no weights; threshold: Otsu on each photo." in text
    assert "**Missing**: cfd (no CFD in" in text
    assert EXCHANGED_FOOTNOTE in text
    assert "| to beat: UP-CrackNet as published ¹ | 58.7 (trained on DeepCrack)" in text
    assert "crackpot 2.0, a supervised U-Net in a desktop tool ² | 60.7 | 41.1 | 47.2 |" in text
    assert "Measured elsewhere on a sample of each set, not here." in text
    assert "| pooled IoU, tolerance 0 | deepcrack, 2 images | cfd | crack500 |" in text
    (ours,) = (line for line in text.splitlines() if line.startswith("| **measured: `ours`**"))
    assert ours.count("not measured") == 2
    assert "at least 8 pixels from annotated cracks" in text


def test_markdown_tables_have_equal_columns(result: SuiteResult) -> None:
    blocks = [block.splitlines() for block in suite_markdown(result).split("\n\n") if block.startswith("|")]
    assert len(blocks) == len(suite_tables(result)) == 5
    for lines in blocks:
        assert len({line.count("|") for line in lines}) == 1


def test_json_has_every_figure_with_its_model_protocol_and_rule(result: SuiteResult) -> None:
    content = json.loads(suite_json(result))
    assert content["complete"] is False
    assert list(content["missing"]) == ["cfd", "crack500"]
    for part in (*content["accuracy"], *content["false_alarms"]):
        assert {"model", "name", "sha256", "threshold_rule", "seconds", "threads"} <= part.keys()
    assert {part["protocol"] for part in content["accuracy"]} == {"paper", "native"}
    figures = content["accuracy"][0]["groups"][0]["tolerances"][0]
    assert f"{100 * figures['pooled']['iou']:.2f}" in suite_markdown(result)
    assert [claim["met"] for claim in content["claims"] if claim["what"].startswith("IoU, cfd")] == [None] * 4
    assert len(content["not_measured_here"]["UP-CrackNet as published, per cent"]) == 6


def test_what_is_not_there_is_told(result: SuiteResult) -> None:
    waiting = SuiteResult(result.subjects, (), (), {}, ("ours: deepcrack, paper",))
    assert gap_lines(waiting) == ["Not measured yet: ours: deepcrack, paper."]
    assert "Not measured yet" in suite_markdown(waiting)
    part = result.accuracy[0] | {"unreadable": [{"name": "a", "error": "damaged"}]}
    broken = SuiteResult(result.subjects, (part,), (), {})
    assert gap_lines(broken) == ["**Incomplete**: ours, deepcrack: 1 photos could not be read."]
    assert not broken.complete


def test_files(result: SuiteResult, tmp_path: Path) -> None:
    write_suite(result, tmp_path / "suite")
    assert (tmp_path / "suite" / "suite.md").read_text(encoding="utf-8") == suite_markdown(result)
    assert json.loads((tmp_path / "suite" / "suite.json").read_text(encoding="utf-8"))["unit"]
