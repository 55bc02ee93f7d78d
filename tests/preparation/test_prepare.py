import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError, PhotoError
from upcracknet.preparation import PreparationSettings, find_photos, prepare_patches
from upcracknet.weights import load_weights


def make(*paths):
    for path in paths:
        save_image_atomically(path, np.zeros((4, 4), np.uint8))


def test_folders_files_and_patterns_each_once(tmp_path):
    make(tmp_path / "a" / "1.png", tmp_path / "a" / "deep" / "2.png", tmp_path / "b.png", tmp_path / "c.jpg")
    sources = [str(tmp_path / "b.png"), str(tmp_path / "a"), str(tmp_path / "*.jpg"), str(tmp_path / "b.png")]
    found = find_photos([*sources, str(tmp_path / "gone.png")], output=tmp_path / "out")
    names = [sample.photo_path.name for sample in found]
    assert names == ["1.png", "2.png", "b.png", "c.jpg", "gone.png"]
    assert all(sample.mask_path is None for sample in found)


def test_masks_are_not_taken_for_photos(tmp_path):
    make(tmp_path / "images" / "1.jpg", tmp_path / "images" / "2.jpg", tmp_path / "masks" / "1.png")
    found = find_photos([str(tmp_path)], output=tmp_path / "out")
    assert [sample.photo_path.name for sample in found] == ["1.jpg", "2.jpg"]
    assert [sample.mask_path for sample in found] == [tmp_path / "masks" / "1.png", None]


def test_datasets_by_name(tmp_path):
    make(tmp_path / "DeepCrack" / "train_img" / "a.jpg", tmp_path / "DeepCrack" / "train_lab" / "a.png")
    found = find_photos(["deepcrack"], output=tmp_path / "out", root=tmp_path, split="train")
    assert [sample.name for sample in found] == ["a"]


def test_what_it_wrote_itself_is_no_photo(tmp_path):
    make(tmp_path / "1.jpg", tmp_path / "contact-sheet.png", tmp_path / "rejected.png")
    found = find_photos([str(tmp_path / "*")], output=tmp_path)
    assert [sample.photo_path.name for sample in found] == ["1.jpg"]
    with pytest.raises(DataError, match="no photos in"):
        find_photos([str(tmp_path / "*.png")], output=tmp_path)


SETTINGS = PreparationSettings(count=4, sizes=(64, 96), rounds=0, per_photo=2)


def test_from_photos_to_patches(cracked_roads, tmp_path):
    folder, out = cracked_roads[0].photo_path.parent, tmp_path / "out"
    (tmp_path / "broken.png").write_bytes(b"not a photo")
    failed = []
    summary = prepare_patches(
        [str(folder), str(tmp_path / "broken.png")],
        out,
        SETTINGS,
        model="canny",
        on_failure=lambda sample, error: failed.append(sample.name),
    )
    manifest = json.loads((out / "manifest.json").read_text())
    assert len(list((out / "images").iterdir())) == len(manifest["patches"]) == summary["patches"] == 4
    assert [one["photo"] for one in manifest["failed"]] == failed == [str(tmp_path / "broken.png")]
    assert (manifest["model"], manifest["weights"]) == ("canny", None)
    assert manifest["windows_marked_as_crack"] == summary["windows_marked_as_crack"] > 0
    assert summary["photos_with_patches"] + summary["photos_without_patches"] == len(cracked_roads)
    assert summary["purity"]["windows"] == summary["purity_by_chance"]["windows"] == 4


def test_where_the_model_marks_all_windows_nothing_is_given(cracked_roads, tmp_path):
    with pytest.raises(
        DataError, match=r"no window of 1 photos looks undamaged \(canny marks cracks in (\d+) of \1\)"
    ):
        prepare_patches([str(cracked_roads[-1].photo_path)], tmp_path / "out", SETTINGS, model="canny")
    assert (tmp_path / "out" / "rejected.png").exists()
    assert not (tmp_path / "out" / "images").exists()


def test_the_manifest_names_the_weights(cracked_roads, tmp_path, small_model):
    photos = [str(sample.photo_path) for sample in cracked_roads]
    prepare_patches(photos, tmp_path / "out", SETTINGS, model=str(small_model))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["weights"] == load_weights(small_model)[1].sha256


def replace_at(stage, count, photo):
    """Progress that puts another photo in the place of one, at a moment."""

    def progress(now, done, total):
        if (now, done) == (stage, count):
            save_image_atomically(photo, np.full((160, 240, 3), 90, np.uint8))

    return progress


def test_a_photo_that_is_replaced_while_others_are_scored_gives_no_patch(cracked_roads, tmp_path):
    """Nobody looked at what is there now: it may be full of cracks."""
    folder = tmp_path / "photos"
    shutil.copytree(cracked_roads[0].photo_path.parent, folder)
    replacing = replace_at("scoring", 3, folder / "0.png")
    summary = prepare_patches([str(folder)], tmp_path / "out", SETTINGS, model="canny", progress=replacing)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert summary["failed"] == 1 and summary["patches"] == 4
    assert manifest["failed"][0]["photo"] == str(folder / "0.png")
    assert "was replaced after it was looked at" in manifest["failed"][0]["error"]
    assert str(folder / "0.png") not in {patch["photo"] for patch in manifest["patches"]}


def test_a_photo_that_is_replaced_while_patches_are_written_ends_it(cracked_roads, tmp_path):
    folder = tmp_path / "photos"
    shutil.copytree(cracked_roads[0].photo_path.parent, folder)
    settings = replace(SETTINGS, count=8)
    prepare_patches([str(folder)], tmp_path / "first", settings, model="canny")
    patches = json.loads((tmp_path / "first" / "manifest.json").read_text())["patches"]
    last = list(dict.fromkeys(patch["photo"] for patch in patches))[-1]
    with pytest.raises(PhotoError, match="was replaced after it was looked at; run the same command again"):
        prepare_patches(
            [str(folder)], tmp_path / "out", settings, model="canny",
            progress=replace_at("writing", 1, Path(last)),
        )  # fmt: skip
    assert not (tmp_path / "out" / "images").exists()


def test_photos_of_which_none_can_be_used(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not a photo")
    with pytest.raises(DataError, match=r"none of 1 photos can be used; the first: .*broken\.png"):
        prepare_patches([str(tmp_path / "broken.png")], tmp_path / "out", SETTINGS, model="canny")
    assert not (tmp_path / "out").exists()
