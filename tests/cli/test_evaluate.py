import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE, EXIT_USAGE
from upcracknet.cli.evaluate import evaluate
from upcracknet.cli.main import run
from upcracknet.errors import DataError
from upcracknet.weights import load_weights, save_weights


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """Two annotated photos: grey with some noise, and a dark line each."""
    folder = tmp_path / "roads"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    random = np.random.default_rng(0)
    for name, row in (("a", 20), ("b", 50)):
        photo = random.normal(160, 4, (80, 100, 3)).astype(np.uint8)
        photo[row : row + 4] = 40
        mask = np.zeros((80, 100), np.uint8)
        mask[row : row + 4] = 255
        cv2.imwrite(str(folder / "images" / f"{name}.png"), photo)
        cv2.imwrite(str(folder / "masks" / f"{name}.png"), mask)
    return folder


def test_writes_the_report_and_prints_json(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = evaluate(str(roads), model="local-contrast", protocol="native", output=tmp_path / "out")
    printed = capsys.readouterr()
    folder = tmp_path / "out" / "roads-native"
    assert code == 0
    own = folder / "local-contrast"
    assert json.loads(printed.out) == json.loads((own / "evaluation.json").read_text())
    assert json.loads(printed.out)["results"][0]["weights_sha256"] is None
    assert json.loads(printed.out)["results"][0]["groups"][0]["tolerances"][0]["pooled"]["iou"] > 0.6
    assert "local-contrast" in printed.err
    assert "Written to" in printed.err
    names = ("evaluation.md", "panels.png", "per_image.csv")
    assert all((own / name).is_file() for name in names)


def test_one_photo_in_two_has_results_of_its_own(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(roads), "--model", "local-contrast", "--protocol", "native-x2", "--one-in", "2"]
    assert run([*words, "--output", str(tmp_path / "out")]) == 0
    (group,) = json.loads(capsys.readouterr().out)["results"][0]["groups"]
    assert (group["images"], sum(group["tolerances"][0]["counts"].values()) > 160 * 200) == (1, True)
    report = (tmp_path / "out" / "roads-native-x2-one-in-2" / "local-contrast" / "evaluation.md").read_text(
        encoding="utf-8"
    )
    assert "roads (test, 1 photo in 2)" in report


def test_the_baseline_is_evaluated_once(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(str(roads), model="local-contrast", output=tmp_path / "out", baseline=True)
    assert [result["model"] for result in json.loads(capsys.readouterr().out)["results"]] == [
        "local-contrast"
    ]


def test_a_model_and_the_baseline_stand_in_one_report(
    roads: Path, tmp_path: Path, small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(roads), "--model", str(small_model), "--preset", "paper", "--examples", "3"]
    assert run([*words, "--output", str(tmp_path / "out")]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["model"] for result in results] == ["UP-CrackNet (small, preset paper)", "local-contrast"]
    folder, checksum = tmp_path / "out" / "roads-paper", load_weights(small_model)[1].sha256
    assert [result["weights_sha256"] for result in results] == [checksum, None]
    own = folder / f"UP-CrackNet-small-preset-paper-{checksum[:8]}"
    assert (own / "per_image.csv").is_file()
    assert (folder / "local-contrast" / "per_image.csv").is_file()
    report = (own / "evaluation.md").read_text()
    assert all(result["model"] in report for result in results)


def test_other_weights_of_that_name_keep_what_stands_there(
    roads: Path, tmp_path: Path, small_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(roads), "--preset", "paper", "--output", str(tmp_path / "out"), "--model"]
    tensors, record = load_weights(small_model)
    other = tmp_path / "other" / small_model.name
    other.parent.mkdir()
    save_weights(other, {name: 2 * tensor for name, tensor in tensors.items()}, record)
    assert [run([*words, str(model)]) for model in (small_model, other)] == [0, 0]
    assert len([*(tmp_path / "out").rglob("evaluation.json")]) == 2


def test_an_output_folder_that_cannot_be_made_is_one_clear_error(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    words = ["evaluate", str(roads), "--model", "local-contrast", "--output", str(tmp_path / "file" / "out")]
    assert run(words) == EXIT_FAILED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len([line for line in printed.err.splitlines() if line.startswith("error:")]) == 1


def test_a_damaged_photo_gives_a_report_and_its_own_exit_code(
    roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = roads / "images" / "a.png"
    photo.write_bytes(photo.read_bytes()[:200])  # the header is whole, the pixels are not
    code = evaluate(str(roads), model="local-contrast", protocol="native", output=tmp_path / "out")
    assert code == EXIT_INCOMPLETE
    printed = capsys.readouterr()
    assert "Incomplete" in printed.err
    assert json.loads(printed.out)["results"][0]["complete"] is False


def test_an_unknown_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'nowhere' is neither a dataset"):
        evaluate("nowhere", model="local-contrast", output=tmp_path)


@pytest.mark.parametrize("flags", [("--runtime", "openvino"), ("--precision", "int8"), ("--preset", "paper")])
def test_a_flag_that_a_model_cannot_follow_is_refused(
    flags: tuple[str, str], roads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(roads), "--model", "local-contrast", "-o", str(tmp_path / "out"), *flags]
    assert run(words) == EXIT_FAILED
    assert flags[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_fewer_than_no_panels_are_refused(roads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(roads), "--model", "local-contrast", "--examples", "-1"]) == EXIT_USAGE


def test_a_folder_that_cannot_be_is_found_before_the_work(roads, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("upcracknet.cli.evaluate.compare", None)  # not reached
    words = ["evaluate", str(roads), "--model", "local-contrast", "-o", str(tmp_path / "file" / "out")]
    assert run(words) == EXIT_FAILED
    assert "file is no folder; choose another folder" in " ".join(capsys.readouterr().err.split())


def test_a_part_has_results_of_its_own_and_says_what_was_left_out(roads, tmp_path, capsys):
    roads.rename(tmp_path / "val")
    (tmp_path / "split").mkdir()
    (tmp_path / "val").rename(tmp_path / "split" / "val")
    (tmp_path / "split" / "val" / "images" / "c.dng").touch()
    words = ["evaluate", str(tmp_path / "split"), "--split", "val", "--model", "local-contrast"]
    assert run([*words, "--protocol", "native", "-o", str(tmp_path / "out")]) == 0
    assert "left out: 1 .dng" in capsys.readouterr().err
    assert (tmp_path / "out" / "split-val-native" / "local-contrast" / "evaluation.md").is_file()
