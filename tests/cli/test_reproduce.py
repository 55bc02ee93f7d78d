import csv
import json
import sys

import pytest
import yaml

from upcracknet.cli.main import FAILED, USAGE, run
from upcracknet.cli.reproduce import INCOMPLETE

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
    options = ("--base", "tiny.yaml", "--filters", "2", "--accelerator", "cpu", "-o", "out")

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


def test_a_limit_leaves_rows_and_says_so(reproduce, capsys):
    code = reproduce("table1", "--budget", "4", "--maximum-minutes", "1e-9")
    assert code == INCOMPLETE
    printed = capsys.readouterr()
    assert "mae+style: not yet\n" in printed.err
    assert json.loads(printed.out)["complete"] is False


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("table1", "--budget", "week"), "budget 'week': expected smoke, minutes, hours, days, paper"),
        (
            ("table2", "--rows", "circles"),
            "table2 has no row circles; its rows are 1 jumbled, 2 stripes, 3 sq",
        ),
    ],
)
def test_mistakes_are_one_clear_error(reproduce, tmp_path, capsys, words, reason):
    assert reproduce(*words) == FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"error: {reason}" in printed.err
    assert not (tmp_path / "out").exists()


def test_missing_data_is_one_clear_error(reproduce, tmp_path, capsys):
    assert reproduce("gap", "--budget", "4", data_root=tmp_path) == FAILED
    assert "error: no DeepCrack in" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("table9",), ("gap", "--filters", "0"), ("gap", "--maximum-minutes", "0")])
def test_wrong_usage(reproduce, words, capsys):
    assert reproduce(*words) == USAGE


def test_without_the_extra_the_remedy_is_told(reproduce, monkeypatch, capsys):
    for name in ("reproduction.run", "reproduction.measurement", "training.recipe"):
        monkeypatch.delitem(sys.modules, f"upcracknet.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    assert reproduce("gap", "--budget", "4") == FAILED
    assert "pip install 'upcracknet[train]'" in capsys.readouterr().err
