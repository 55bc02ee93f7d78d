import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from upcracknet.errors import OutputError
from upcracknet.files import (
    SCRATCH_FOLDER,
    STALE,
    clear_left,
    one_line,
    require_writable,
    scratch_folder,
    without_warnings,
    write_atomically,
)


def test_a_durable_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    """After a power cut there is the old file or the new one: content, then name, then the name's folder."""
    path, done = tmp_path / "correction.json", []
    flush, rename = os.fsync, type(path).replace
    monkeypatch.setattr(
        os, "fsync", lambda file: done.append(str(Path(f"/proc/self/fd/{file}").readlink())) or flush(file)
    )
    monkeypatch.setattr(type(path), "replace", lambda old, new: done.append("replaced") or rename(old, new))
    write_atomically(path, b"old")
    assert done == ["replaced"]
    write_atomically(path, b"new", durable=True)
    assert done[1].endswith(".part") and done[2:] == ["replaced", str(tmp_path)]
    assert path.read_bytes() == b"new"


def test_reasons_are_one_short_line():
    assert one_line(ValueError("no\nnumber")) == "no number"
    assert one_line(ValueError()) == "ValueError"
    long = one_line(ValueError("[" * 5000))
    assert len(long) < 700 and long.endswith("…")


def test_filters_of_warnings_are_whole_whatever_threads_do():
    """Each thread that changed the process's filters for itself put back those that another had changed."""
    before = list(warnings.filters)

    def quiet(_: int) -> None:
        with without_warnings():
            time.sleep(0.001)
            warnings.warn("a damaged tag", stacklevel=1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(quiet, range(40)))
    assert warnings.filters == before


def test_what_killed_processes_left_is_deleted_after_an_hour(tmp_path):
    names = (".upcracknet-7-7-7.part", ".upcracknet-0af3.scores", ".upcracknet-mine.txt", ".part")
    for name in (*names, ".upcracknet-1-1-1.png"):
        (tmp_path / name).write_text("half")
    for name in names:
        os.utime(tmp_path / name, (time.time() - STALE - 9,) * 2)
    with scratch_folder(tmp_path / "other") as left:
        os.utime(left, (time.time() - STALE - 9,) * 2)
        clear_left(tmp_path / "other")
        assert not left.exists()
    write_atomically(tmp_path / "report.html", b"whole")
    stay = [".part", ".upcracknet-1-1-1.png", ".upcracknet-mine.txt", "other", "report.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == stay


def test_a_folder_is_half_written_as_long_as_anything_in_it_is_written_to(tmp_path):
    """Its own time of change is that of its names, not of what lies deeper."""
    deep = tmp_path / f"{SCRATCH_FOLDER}x" / "images"
    deep.mkdir(parents=True)
    (deep / "patch.png").write_bytes(b"new")
    for path in (deep, deep.parent):
        os.utime(path, (time.time() - STALE - 9,) * 2)
    clear_left(tmp_path)
    assert (deep / "patch.png").exists()
    os.utime(deep / "patch.png", (time.time() - STALE - 9,) * 2)
    clear_left(tmp_path)
    assert not deep.parent.exists()


def test_a_folder_that_can_be_written_is_taken_and_nothing_is_made(tmp_path):
    require_writable(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(OutputError, match="file is no folder; choose another"):
            require_writable(folder)


def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # the tests may run as root
    with pytest.raises(OutputError, match="may not be written to"):
        require_writable(tmp_path / "new")
