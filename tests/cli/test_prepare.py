import json

import numpy as np
import pytest
from PIL import Image

from upcracknet.cli.main import run
from upcracknet.data.folder import open_folder
from upcracknet.data.synthetic import synthesize_road


@pytest.fixture
def roads(tmp_path):
    """Four roads with masks beside them."""
    for seed in range(4):
        road = synthesize_road(seed, 160, 224, surface="asphalt", distractors=False)
        for name, pixels in (("images", road.photo), ("masks", road.mask * np.uint8(255))):
            (tmp_path / "roads" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "roads" / name / f"{seed}.png")
    return tmp_path / "roads"


QUICK = ["--rounds", "0", "--sizes", "64", "96"]
UNLEARNED = [*QUICK, "--model", "canny"]


def test_patches_a_manifest_and_one_json_result(roads, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["prepare", str(roads), "-o", str(out), "--count", "4", *UNLEARNED]) == 0
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert summary["patches"] == summary["purity"]["windows"] == summary["purity_by_chance"]["windows"] == 4
    assert summary["purity"]["without_cracks"] >= summary["purity_by_chance"]["without_cracks"]
    assert summary["photos_with_patches"] + summary["photos_without_patches"] == summary["photos"] == 4
    assert "scoring" in printed.err
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["model"], manifest["weights"]) == ("canny", None)
    assert manifest["settings"]["sizes"] == [64, 96]
    assert len(open_folder(out)) == 4
    assert (out / "contact-sheet.png").exists()
    assert (out / "rejected.png").exists()
    assert run(["prepare", str(roads), "-o", str(out), *UNLEARNED]) == 1
    assert "holds files already" in capsys.readouterr().err


def test_the_same_seed_gives_the_same_patches(roads, tmp_path, capsys):
    manifests = []
    for name in ("one", "two"):
        assert run(["prepare", str(roads), "-o", str(tmp_path / name), "--count", "3", *UNLEARNED]) == 0
        manifests.append((tmp_path / name / "manifest.json").read_text())
    assert manifests[0] == manifests[1]


def test_a_photo_that_cannot_be_read_is_reported_and_the_others_go_on(roads, tmp_path, small_model, capsys):
    (roads / "images" / "broken.png").write_bytes(b"not a photo")
    out = tmp_path / "out"
    words = ["prepare", str(roads / "images"), "-o", str(out), "--count", "1", *QUICK]
    assert run([*words, "--model", str(small_model)]) == 3
    printed = capsys.readouterr()
    assert "broken.png: not an image" in printed.err
    summary = json.loads(printed.out)
    assert (summary["failed"], summary["patches"]) == (1, 1)
    assert "purity" not in summary
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["failed"][0]["photo"].endswith("broken.png")
    assert len(manifest["weights"]) == 64


def test_where_nothing_looks_undamaged_nothing_is_given(tmp_path, capsys):
    Image.fromarray(np.full((128, 128, 3), 255, np.uint8)).save(tmp_path / "white.png")
    assert run(["prepare", str(tmp_path / "white.png"), "-o", str(tmp_path / "out"), *UNLEARNED]) == 1
    assert "no window of 1 photos looks undamaged" in capsys.readouterr().err


def test_too_few_windows_are_a_warning(roads, tmp_path, capsys):
    assert run(["prepare", str(roads), "-o", str(tmp_path / "out"), "--count", "400", *UNLEARNED]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)["patches"]
    assert 0 < found < 400
    assert f"warning: only {found} of 400 windows were found that look undamaged" in printed.err


def test_impossible_sizes_fail_before_any_work(roads, tmp_path, capsys):
    assert run(["prepare", str(roads), "-o", str(tmp_path / "out"), "--sizes", "100"]) == 1
    assert "size is 100, expected a multiple of 16 from 64 on" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_is_found_before_the_work(roads, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("upcracknet.preparation.prepare.score_photos", None)  # not reached
    assert run(["prepare", str(roads), "-o", str(tmp_path / "file" / "out"), *UNLEARNED]) == 1
    assert "file is no folder; choose another folder" in " ".join(capsys.readouterr().err.split())
