import json
from pathlib import Path

import numpy as np
import pytest

from upcracknet.cli.data import app
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError


def run(*words: str) -> None:
    app(words, result_action="return_value")


def test_mine_writes_patches_and_one_json_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = np.random.default_rng(0).integers(0, 200, (60, 80, 3), np.uint8)
    mask = np.zeros((60, 80), np.uint8)
    mask[:, 40], photo[:, 40] = 255, 255
    save_image_atomically(tmp_path / "roads" / "a.jpg", photo)
    save_image_atomically(tmp_path / "roads" / "a_mask.png", mask)
    out = tmp_path / "out"
    run(
        "mine",
        str(tmp_path / "roads"),
        "-o",
        str(out),
        "--count",
        "4",
        "--size",
        "32",
        "--window-sizes",
        "16",
        "24",
    )
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"folder": str(out), "patches": 4, "photos": 1, "windows": 28}
    assert "mining" in captured.err
    assert len(list((out / "images").iterdir())) == 4
    assert {entry["size"] for entry in json.loads((out / "manifest.json").read_text())["patches"]} <= {16, 24}


def test_list_counts_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_image_atomically(tmp_path / "DeepCrack" / "test_img" / "a.jpg", np.zeros((4, 4), np.uint8))
    save_image_atomically(tmp_path / "DeepCrack" / "test_lab" / "a.png", np.zeros((4, 4), np.uint8))
    run("list", "--data-root", str(tmp_path))
    listed = json.loads(capsys.readouterr().out)
    assert listed["deepcrack"]["photos"] == {"deepcrack test": 1}
    assert listed["cfd"]["photos"] == {}
    assert "non-commercial" in listed["cfd"]["terms"]


def test_download_prints_terms_and_passes_errors_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="no web address"):
        run("download", "cfd", "--data-root", str(tmp_path), "--url", "file:///etc/passwd")
    assert "non-commercial research only" in capsys.readouterr().err
    with pytest.raises(DataError, match="unknown dataset"):
        run("download", "gaps", "--data-root", str(tmp_path))


def test_download_of_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("image", "groundTruth"):
        (tmp_path / "CFD" / folder).mkdir(parents=True)
    run("download", "cfd", "--data-root", str(tmp_path))
    assert json.loads(capsys.readouterr().out)["folder"] == str(tmp_path / "CFD")


def test_sources_and_terms_are_listed_before_there_is_a_folder(monkeypatch, capsys):
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    run("list")
    listed = json.loads(capsys.readouterr().out)
    assert listed["deepcrack"]["page"].startswith("https://")
    assert all(entry["terms"] and entry["photos"] == {} for entry in listed.values())
