import json

import cv2
import numpy as np
import pytest
from tests.results.conftest import write_photos

from upcracknet.cli.console import EXIT_FAILED, EXIT_INCOMPLETE, EXIT_USAGE
from upcracknet.cli.main import run


@pytest.fixture
def out(tmp_path, capsys):
    photos, folder = write_photos(tmp_path / "photos", 2), tmp_path / "out"
    assert run(["detect", str(photos), "-o", str(folder), "--model", "local-contrast"]) == 0
    capsys.readouterr()
    return folder


def test_out_corrected_and_back(out, tmp_path, capsys):
    masks = tmp_path / "annotated"
    assert run(["export-results", str(out), "--to", "masks", "-o", str(masks)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "photos": 2,
        "failed": 0,
        "left_out": 0,
        "output": str(masks),
    }
    cv2.imwrite(str(masks / "masks" / "day-0" / "000.png.png"), np.zeros((64, 96), np.uint8))
    assert run(["import", str(out), str(masks), "--from", "masks", "--accept-unchanged"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "corrected": 1,
        "accepted": 1,
        "unchanged": 0,
        "not_annotated": 0,
        "left_out": 0,
        "output": str(out),
    }
    assert run(["measure", str(out)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["reviewed"], report["with_cracks"]) == (2, 1)


def test_what_is_left_out_is_named(out, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    cv2.imwrite(str(tmp_path / "mine" / "other.png"), np.zeros((64, 96), np.uint8))
    assert run(["import", str(out), str(tmp_path / "mine")]) == EXIT_INCOMPLETE
    assert "left out: other.png: no photo of this result folder" in capsys.readouterr().err
    (out / "corrections" / "day-0").mkdir(parents=True)
    (out / "corrections" / "day-0" / "000.png.json").write_text("{")
    words = ["export-results", str(out), "--to", "coco", "-o", str(tmp_path / "coco")]
    assert run(words) == EXIT_INCOMPLETE
    printed = capsys.readouterr()
    assert "left out: " in printed.err and "000.png.json" in printed.err
    assert json.loads(printed.out)["left_out"] == 1


def test_photos_that_failed_in_detect_are_not_passed_over(tmp_path, capsys):
    photos, folder = write_photos(tmp_path / "photos", 2), tmp_path / "out"
    (photos / "broken.png").write_bytes(b"no photo")
    assert run(["detect", str(photos), "-o", str(folder), "--model", "local-contrast"]) == EXIT_INCOMPLETE
    capsys.readouterr()
    assert run(["export-results", str(folder), "--to", "masks", "-o", str(tmp_path / "x")]) == EXIT_INCOMPLETE
    assert json.loads(capsys.readouterr().out)["failed"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--least-length-px", "-1"], "least length of -1 pixels"),
        (["--photo-address", "s3://road/"], "leave --photo-address out for coco"),
    ],
)
def test_options_that_mean_nothing_are_refused(out, tmp_path, capsys, words, message):
    export = ["export-results", str(out), "--to", "coco", "-o", str(tmp_path / "x"), *words]
    assert run(export) == EXIT_FAILED
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x").exists()


def test_wrong_usage(out, tmp_path, capsys):
    assert run(["export-results", str(out), "--to", "voc", "-o", str(tmp_path / "x")]) == EXIT_USAGE
    assert run(["export-results", str(tmp_path), "--to", "coco", "-o", str(tmp_path / "x")]) == EXIT_FAILED
    assert "no result folder" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
