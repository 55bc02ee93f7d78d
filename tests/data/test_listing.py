import json
import os
from pathlib import Path

import pytest

from upcracknet.data.listing import home_expanded, list_photos, photos_in
from upcracknet.errors import DataError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_list_photos(tmp_path: Path) -> None:
    names = ("b.JPG", "a.png", "deep/er/c.tiff", "notes.txt", ".hidden.png", "deep/d.WebP")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    def listed(*paths: object, recursive: bool = True) -> list[str]:
        found = list_photos([tmp_path / str(path) for path in paths], recursive=recursive).photos
        return [str(path.relative_to(tmp_path)) for path in found]

    assert listed("") == ["a.png", "b.JPG", "deep/d.WebP", "deep/er/c.tiff"]
    assert listed("", recursive=False) == ["a.png", "b.JPG"]
    assert listed("b.JPG", "", "*.png") == ["b.JPG", "a.png", "deep/d.WebP", "deep/er/c.tiff"]
    assert listed("**/*.tiff") == ["deep/er/c.tiff"]
    assert listed("d*") == ["deep/d.WebP", "deep/er/c.tiff"]
    assert listed("notes.txt") == ["notes.txt"]  # named by the user: opening it says what is wrong
    assert listed("missing.jpg", "a.png") == ["a.png", "missing.jpg"]


def test_list_photos_takes_a_literal_name_before_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].png").write_bytes(b"x")
    (tmp_path / "a1.png").write_bytes(b"x")
    assert list_photos([tmp_path / "a[1].png"]).photos == (tmp_path / "a[1].png",)


def test_list_photos_relative_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roads").mkdir()
    (tmp_path / "roads" / "a.png").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert list_photos(["roads/*.png"]).photos == (Path("roads/a.png"),)


@pytest.mark.parametrize("paths", [[], ["empty"], ["missing"], ["*.jpg"]])
def test_list_photos_finds_nothing(paths: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no photos found"):
        list_photos([tmp_path / path for path in paths])


def names(folder: Path, *patterns: str) -> list[str]:
    asked = [folder / pattern for pattern in patterns] or [folder]
    return [path.relative_to(folder).as_posix() for path in list_photos(asked).photos]


def test_hidden_and_system_folders_are_not_searched(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", ".@__thumb/a.png", ".ipynb_checkpoints/a.png", "@eaDir/a.png", "#recycle/a.png")
    touch(tmp_path, "__MACOSX/a.png", "day/.thumbnails/a.png", "day/b.png")
    assert names(tmp_path) == ["a.png", "day/b.png"]
    assert names(tmp_path, "**/*.png") == ["a.png", "day/b.png"]
    assert names(tmp_path, ".@__thumb") == [".@__thumb/a.png"]  # named itself
    assert names(tmp_path, ".@__thumb/*.png") == [".@__thumb/a.png"]


def test_results_are_no_photos(tmp_path: Path) -> None:
    results = ("masks", "overlays", "scores", "records", ".upcracknet")
    touch(
        tmp_path, "a.jpg", *(f"{folder}/a.jpg" for folder in results), *(f"mine/{f}/a.jpg" for f in results)
    )
    (tmp_path / "results.json").write_text(json.dumps({"format": "upcracknet results", "version": 1}))
    (tmp_path / "mine" / "results.json").write_text("[1]")
    mine = [f"mine/{folder}/a.jpg" for folder in ("masks", "overlays", "records", "scores")]
    assert names(tmp_path) == ["a.jpg", *mine]
    assert names(tmp_path, "**/*.jpg") == ["a.jpg", *mine]
    assert names(tmp_path, "masks") == ["masks/a.jpg"]


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path, "nas/a.png", "survey/b.png", "survey/real/c.png")
    (tmp_path / "survey" / "day1").symlink_to(tmp_path / "nas")
    (tmp_path / "survey" / "loop").symlink_to(tmp_path / "survey")
    (tmp_path / "survey" / "again").symlink_to(tmp_path / "survey" / "real")
    found = [
        path.relative_to(tmp_path / "survey").as_posix() for path in photos_in(tmp_path / "survey").photos
    ]
    assert found == ["b.png", "day1/a.png", "real/c.png"]


def test_what_was_left_out_is_said_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.NEF", "c.nef", "d.mp4", "track.gpx", "notes.txt", "table.csv", ".hidden.mp4")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    listing = list_photos([tmp_path, tmp_path / "*"])
    assert listing.photos == (tmp_path / "a.jpg",)
    assert listing.left_out == {".nef": 2, ".mp4": 1, "broken link": 1}
    left = "left out: 1 .mp4, 2 .nef, 1 broken link"
    assert listing.note() == f"{left}; name videos themselves to have their frames read"
    assert list_photos([tmp_path / "a.jpg"]).note() is None


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "b.nef")
    with pytest.raises(DataError, match=r"\(not there: .*gone; left out: 1 \.nef\)"):
        list_photos([tmp_path, tmp_path / "gone"])
    (tmp_path / "b.nef").unlink()
    with pytest.raises(DataError, match=r"no photos found in [^;(]*; give"):
        list_photos([tmp_path])


def test_only_what_is_not_read_is_found(tmp_path: Path) -> None:
    touch(tmp_path, "b.nef")
    with pytest.raises(DataError, match=r"no photos found in .* \(left out: 1 \.nef\)"):
        list_photos([tmp_path])
    assert list_photos([tmp_path / "b.nef"]).photos == (tmp_path / "b.nef",)  # named itself


def test_folders_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg")
    scan = os.scandir

    def refuse(folder: Path) -> object:  # root may read everything
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = list_photos([tmp_path])
    assert listing.photos == (tmp_path / "a.jpg",)
    assert listing.note() == f"left out: the folder {tmp_path / 'locked'} (Permission denied)"


def test_names_that_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "~x.png", "home/b.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert list_photos(["~x.png", "~"]).photos == (Path("~x.png"), tmp_path / "home" / "b.png")
    assert list_photos(["."]).photos == (Path("home/b.png"), Path("~x.png"))
    assert home_expanded("~no-such-user/a") == Path("~no-such-user/a")


def test_each_photo_once_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.png")
    monkeypatch.chdir(tmp_path)
    assert list_photos(["a.png", tmp_path, "../" + tmp_path.name]).photos == (Path("a.png"),)


def test_what_the_program_leaves_beside_photos_is_no_photo(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "for-coco/photos/a.jpg", "for-coco/masks/a.jpg.png", "mine/photos/a.jpg")
    touch(tmp_path, "scale-a-grid.jpg", "my-scale-a-b-grid.jpg", "another-a-grid.jpg", "roads-grid.jpg")
    (tmp_path / "for-coco" / "export.json").write_text(json.dumps({"format": "upcracknet export"}))
    (tmp_path / "mine" / "export.json").write_text("{}")
    for name in ("scale", "my-scale"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"format": "upcracknet scale"}))
    (tmp_path / "another.json").write_text("[]")
    mine = ["a.jpg", "another-a-grid.jpg", "mine/photos/a.jpg", "roads-grid.jpg"]
    assert names(tmp_path) == mine
    assert names(tmp_path, "**/*.jpg") == mine
    assert names(tmp_path, "scale-a-grid.jpg") == ["scale-a-grid.jpg"]  # named itself
    assert names(tmp_path, "for-coco") == ["for-coco/masks/a.jpg.png", "for-coco/photos/a.jpg"]
