import json
from pathlib import Path

import pytest

from upcracknet.cli import suite
from upcracknet.cli.evaluate import INCOMPLETE, evaluate
from upcracknet.cli.main import FAILED, run
from upcracknet.evaluation import false_alarms
from upcracknet.evaluation.suite_plan import Subject


@pytest.fixture(autouse=True)
def only_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are measured in tests of their own."""
    monkeypatch.setattr(false_alarms, "ROADS", 1)
    monkeypatch.setattr(false_alarms, "ROAD_SIZE", (48, 64))
    monkeypatch.setattr(suite, "subjects_for", lambda model, preset: [Subject.open("local-contrast")])


def test_shows_tables_prints_json_and_says_what_is_missing(
    tiny_deepcrack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--suite", "--data-root", str(tiny_deepcrack), "--output", str(tmp_path / "out")]
    assert run(words) == INCOMPLETE
    printed = capsys.readouterr()
    folder = tmp_path / "out" / "suite"
    assert json.loads(printed.out) == json.loads((folder / "suite.json").read_text(encoding="utf-8"))
    assert list(json.loads(printed.out)["missing"]) == ["cfd", "crack500"]
    assert "What `local-contrast` must show" in printed.err
    assert "**Missing**: cfd" in printed.err
    assert "Written to" in printed.err
    assert (folder / "suite.md").is_file()
    assert len(list((folder / "parts").iterdir())) == 4


def test_finished_parts_are_taken_over_unless_overwritten(
    tiny_deepcrack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def times() -> list[int]:
        return [path.stat().st_mtime_ns for path in sorted((tmp_path / "out" / "suite" / "parts").iterdir())]

    evaluate(suite=True, data_root=tiny_deepcrack, output=tmp_path / "out")
    first = times()
    evaluate(suite=True, data_root=tiny_deepcrack, output=tmp_path / "out")
    assert times() == first
    evaluate(suite=True, data_root=tiny_deepcrack, output=tmp_path / "out", overwrite=True)
    assert all(new > old for new, old in zip(times(), first, strict=True))
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["deepcrack"], "dataset 'deepcrack'"),
        (["cfd", "--protocol", "native", "--split", "test"], "protocol 'native' and split 'test'"),
    ],
)
def test_a_data_set_beside_the_suite_is_refused(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", *words, "--suite"]) == FAILED
    assert named in capsys.readouterr().err
