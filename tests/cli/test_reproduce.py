import csv
import json
import sys

import pytest
import yaml

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE, EXIT_USAGE
from upcracknet.cli.main import run

TINY = {
    "data": {"size": 64, "window_sizes": [48, 64], "validation_share": 0.3},
    "networks": {"generator_depth": 5},
    "batch_size": 2,
    "precision": "32",
    "workers": 0,
}


@pytest.fixture
def reproduce(made_datasets, tmp_path, monkeypatch):
    """Runs the command with tiny networks; gives the exit code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    options = ("--base", "tiny.yaml", "--filters", "2", "--device", "cpu", "-o", "out")

    def run_reproduce(*words, data_root=made_datasets):
        return run(["reproduce", *words, *options, "--data-root", str(data_root)])

    return run_reproduce


def test_one_command_from_photos_to_a_table(reproduce, tmp_path, capsys):
    assert reproduce("table2", "--budget", "4", "--rows", "squares", "2", "--seed", "3") == 0
    printed = capsys.readouterr()
    content = json.loads(printed.out)
    assert content == json.loads((tmp_path / "out" / "table2.json").read_text())
    assert [row["status"] for row in content["rows"]] == ["not yet", "done", "done"]
    assert content["seed"] == content["rows"][0]["training"]["seed"] == 3
    assert (content["budget"]["name"], content["budget"]["filters"]) == ("4", 2)
    with (tmp_path / "out" / "table2.csv").open() as file:
        assert [line["row"] for line in csv.DictReader(file)] == ["jumbled", "stripes", "squares"]
    assert "not yet" in (tmp_path / "out" / "table2.md").read_text()
    assert "row 1 of 2: stripes\n" in printed.err
    assert "row 2 of 2: multi-scale squares; about " in printed.err
    assert "41.77" in printed.err
    assert "Written to out/table2.md, .csv and .json" in printed.err


def test_the_comparison_is_three_tables_in_one(reproduce, tmp_path, capsys):
    assert reproduce("comparison", "--budget", "4", "--rows", "local-contrast") == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert content["complete"] is False
    systems = {system["row"]: system for system in content["systems"]}
    assert list(systems["unet"]["tests"]) == ["deepcrack", "cfd", "crack500"]
    assert systems["unet"]["tests"]["cfd"] == {"ours": None, "paper_iou": pytest.approx(20.9, abs=0.05)}
    ours = systems["local-contrast"]["tests"]
    for table, test in (("table4", "deepcrack"), ("table7", "cfd"), ("table8", "crack500")):
        rows = json.loads((tmp_path / "out" / f"{table}.json").read_text())["rows"]
        measured = next(row for row in rows if row["row"] == "local-contrast")["tests"][test]["ours"]
        assert ours[test]["ours"]["iou"] == measured["iou"] > 0
    text = (tmp_path / "out" / "comparison.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("| local contrast | 0.00 | 0 |"))
    figures = ours["deepcrack"]["ours"]
    assert f"| {figures['precision']:.1f} | {figures['recall']:.1f} |" in line
    assert "| UNet | – | not run yet |" in text
    with (tmp_path / "out" / "comparison.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["row"] == "local-contrast"]
    assert [line["test_set"] for line in lines] == ["deepcrack", "cfd", "crack500"]
    assert float(lines[1]["iou"]) == pytest.approx(ours["cfd"]["ours"]["iou"], abs=1e-4)


def test_a_limit_leaves_rows_and_says_so(reproduce, capsys):
    code = reproduce("table1", "--budget", "4", "--maximum-minutes", "1e-9")
    assert code == EXIT_INCOMPLETE
    printed = capsys.readouterr()
    assert "mae+style: not yet\n" in printed.err
    assert json.loads(printed.out)["complete"] is False


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("table9",), "nothing to reproduce is named 'table9'; expected table1, table2, sensitivity, table3"),
        (("table1", "--budget", "week"), "budget 'week': expected smoke, minutes, hours, days, paper"),
        (
            ("table2", "--rows", "circles"),
            "table2 has no row circles; its rows are 1 jumbled, 2 stripes, 3 sq",
        ),
    ],
)
def test_mistakes_are_one_clear_error(reproduce, tmp_path, capsys, words, reason):
    assert reproduce(*words) == EXIT_FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"error: {reason}" in printed.err
    assert not (tmp_path / "out").exists()


def test_missing_data_is_one_clear_error(reproduce, tmp_path, capsys):
    assert reproduce("sensitivity", "--budget", "4", data_root=tmp_path) == EXIT_FAILED
    assert "error: no DeepCrack in" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("sensitivity", "--filters", "0"), ("sensitivity", "--maximum-minutes", "0")]
)
def test_wrong_usage(reproduce, words, capsys):
    assert reproduce(*words) == EXIT_USAGE


def test_without_the_extra_the_remedy_is_named(reproduce, monkeypatch, capsys):
    for name in ("reproduction.run", "reproduction.measurement", "training.recipe"):
        monkeypatch.delitem(sys.modules, f"upcracknet.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    assert reproduce("sensitivity", "--budget", "4") == EXIT_FAILED
    assert "pip install 'upcracknet[train]'" in capsys.readouterr().err


def test_the_whole_plan_is_listed_worked_on_and_written(reproduce, tmp_path, capsys):
    words = ("all", "--budget", "4", "--rows", "local-contrast")
    assert reproduce(*words, "--list") == EXIT_INCOMPLETE
    assert not (tmp_path / "out" / "results").exists()
    assert "0 of 3 pieces done" in capsys.readouterr().err
    assert reproduce(*words) == 0
    printed = capsys.readouterr()
    assert {piece["status"] for piece in json.loads(printed.out)["pieces"]} == {"done"}
    assert "3 pieces left: table4: test local contrast on deepcrack" in printed.err
    assert "1 of 24 rows drawn in out/fig3.png" in printed.err
    page = (tmp_path / "out" / "tables.md").read_text()
    assert "1 of 24 rows measured" in page
    (tmp_path / "out" / "tables.md").unlink()
    assert reproduce("tables", "--budget", "4", "--rows", "local-contrast") == 0
    assert (tmp_path / "out" / "tables.md").read_text() == page


def test_packed_photos_take_the_place_of_the_data_sets(reproduce, tmp_path, monkeypatch, capsys):
    assert reproduce("pack") == 0
    assert len(json.loads(capsys.readouterr().out)["packs"]) == 5
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    options = ("--budget", "4", "--device", "cpu", "-o", "out")
    assert run(["reproduce", "all", "--rows", "local-contrast", *options]) == 0


def test_an_estimate_trains_nothing(reproduce, tmp_path, capsys):
    assert reproduce("all", "--budget", "4", "--rows", "up-cracknet", "--estimate") == EXIT_INCOMPLETE
    estimates = json.loads((tmp_path / "out" / "estimate.json").read_text())
    assert len(estimates) == 2 + 6
    assert min(estimates.values()) > 0
    assert not (tmp_path / "out" / "runs").exists()
