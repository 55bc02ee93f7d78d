import json
import os
import sys

import cv2
import numpy as np
import pytest
from cyclopts import App

from upcracknet.cli.synthesize import synthesize
from upcracknet.data.synthetic import synthesize_road
from upcracknet.errors import OutputError
from upcracknet.locks import claimed


def test_photos_masks_and_undamaged_roads_are_written_as_made(tmp_path, capsys):
    synthesize(tmp_path / "roads", count=2, height=48, width=64, seed=7)
    manifest = json.loads((tmp_path / "roads/manifest.json").read_text())
    assert [entry["seed"] for entry in manifest["roads"]] == [7, 8]
    for entry in manifest["roads"]:
        road = synthesize_road(entry["seed"], 48, 64)
        photo, mask, undamaged = (
            cv2.imread(str(tmp_path / "roads" / entry[kind]), cv2.IMREAD_UNCHANGED)
            for kind in ("photo", "mask", "undamaged")
        )
        assert np.array_equal(photo[..., ::-1], road.photo)
        assert np.array_equal(undamaged[..., ::-1], road.undamaged)
        assert np.array_equal(mask, road.mask * np.uint8(255))
        written = json.loads((tmp_path / "roads" / entry["axes"]).read_text())
        assert (written["width"], written["height"]) == (64, 48)
        for axis, expected in zip(written["axes"], road.axes, strict=True):
            assert np.allclose(axis, expected, atol=0.005)
        assert entry["surface"] == road.surface
        assert entry["crack_share"] == pytest.approx(road.mask.mean(), abs=1e-6)
    summary = json.loads(capsys.readouterr().out)
    assert summary["roads"] == 2
    assert summary["folder"] == str(tmp_path / "roads")


def test_roads_that_are_there_are_kept_unless_asked_for(tmp_path):
    synthesize(tmp_path, count=1, height=16, width=16, seed=1)
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        synthesize(tmp_path, count=1, height=16, width=16, seed=2)
    assert (tmp_path / "manifest.json").read_bytes() == before
    synthesize(tmp_path, count=1, height=16, width=16, seed=2, overwrite=True)
    assert json.loads((tmp_path / "manifest.json").read_text())["roads"][0]["seed"] == 2
    assert [path.name for path in (tmp_path / "axes").iterdir()] == ["road-00002.json"]


def test_files_of_others_are_never_replaced(tmp_path):
    (tmp_path / "masks").mkdir()
    drawn = tmp_path / "masks" / "road-00002.png"
    drawn.write_bytes(b"drawn by hand")
    with pytest.raises(OutputError, match=r"road-00002\.png is there and not in"):
        synthesize(tmp_path, count=2, height=16, width=16, seed=1)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [drawn]
    synthesize(tmp_path, count=1, height=16, width=16, seed=1)
    with pytest.raises(OutputError, match="is there and not in"):
        synthesize(tmp_path, count=2, height=16, width=16, seed=1, overwrite=True)
    synthesize(tmp_path, count=1, height=16, width=16, seed=5, overwrite=True)
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["road-00005.png"]
    assert drawn.read_bytes() == b"drawn by hand"


def test_another_process_in_the_folder_is_named(tmp_path):
    with (
        claimed(tmp_path / ".upcracknet" / "lock"),
        pytest.raises(OutputError, match=f"in work by process {os.getpid()} .*; wait for it"),
    ):
        synthesize(tmp_path, count=1, height=16, width=16)
    synthesize(tmp_path, count=1, height=16, width=16)


def test_a_run_that_was_interrupted_is_done_again_without_overwriting(tmp_path, monkeypatch):
    """Also with fewer roads: what it left of others is deleted."""

    def interrupted(number, *size, **how):
        if number:
            raise KeyboardInterrupt
        return synthesize_road(number, *size, **how)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sys.modules[synthesize.__module__], "synthesize_road", interrupted)
        synthesize(tmp_path, count=3, height=16, width=16)
    assert not (tmp_path / "manifest.json").exists()
    assert len([*(tmp_path / "photos").iterdir()]) == 1
    synthesize(tmp_path, count=1, height=16, width=16, seed=2)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["road-00002.png"]


@pytest.mark.parametrize("content", ["[]", "{", '{"roads": [{"photo": 1}]}'])
def test_a_manifest_of_others_is_never_replaced(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(OutputError, match="was not written by this command"):
        synthesize(tmp_path, count=1, height=16, width=16, overwrite=True)
    assert (tmp_path / "manifest.json").read_text() == content


def test_a_surface_is_taken_from_the_command_line(tmp_path):
    app = App(result_action="return_value")
    app.default(synthesize)
    arguments = ["--count", "2", "--height", "16", "--width", "20", "--surface", "concrete"]
    app([str(tmp_path), *arguments])
    roads = json.loads((tmp_path / "manifest.json").read_text())["roads"]
    assert {road["surface"] for road in roads} == {"concrete"}


@pytest.mark.parametrize(
    "wrong", [["--count", "0"], ["--width", "0"], ["--seed", "-1"], ["--surface", "ice"]]
)
def test_impossible_values_are_refused_before_anything_is_written(tmp_path, wrong):
    app = App(result_action="return_value")
    app.default(synthesize)
    with pytest.raises(SystemExit) as caught:
        app([str(tmp_path / "roads"), *wrong])
    assert caught.value.code != 0
    assert not (tmp_path / "roads").exists()


def test_a_drive_is_made_of_the_command_line(tmp_path, capsys):
    app = App(result_action="return_value")
    app.default(synthesize)
    app(
        [
            str(tmp_path),
            "--drive",
            "later",
            "--count",
            "1",
            "--height",
            "600",
            "--width",
            "500",
            "--seed",
            "2",
        ]
    )
    summary = json.loads(capsys.readouterr().out)
    assert (summary["millimetres_per_pixel"], summary["clock_offset_s"]) == (2.0, 3600.0)
    assert cv2.imread(str(tmp_path / "photos/0001.jpg")).shape == (600, 500, 3)
    names = sorted(path.name for path in tmp_path.iterdir() if path.name != ".upcracknet")
    assert names == ["masks", "photos", "track.gpx", "truth.json"]
