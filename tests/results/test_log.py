import json
import sys

import pytest

from upcracknet import __version__
from upcracknet.cli.main import run
from upcracknet.errors import OutputError
from upcracknet.results import log as logs
from upcracknet.results.log import HEADER, LOG, OLDER_LOG, RunLog, logged, without_secrets


def lines(folder) -> list[str]:
    """The lines of a log without their times."""
    return [line.partition("] ")[2] for line in (folder / LOG).read_text().splitlines()[1:]]


SAUVOLA = ("--model", "sauvola", "--runtime", "torch")


@pytest.fixture
def detect(photo_and_none, tmp_path):
    """Detects in two photos, one of which is none, and gives the exit code."""
    words = [
        "detect",
        str(photo_and_none),
        "-o",
        str(tmp_path / "out"),
        "--model",
        "sauvola",
        "--runtime",
        "torch",
    ]
    return lambda *more: run([*words, *more])


def test_a_run_leaves_what_it_was_asked_with_what_and_how_it_ended(detect, tmp_path):
    assert detect() == 3
    written = lines(tmp_path / "out")
    assert written[0] == "begins: upcracknet detect"
    assert f"upcracknet {__version__}, Python {sys.version.split()[0]}, torch " in written[1]
    assert "photos: 0 finished, 0 to measure, 2 to do" in written
    assert any(line.startswith("engine: runs on the processor by torch") for line in written)
    assert any("'model': 'sauvola'" in line for line in written)
    assert any(
        line.startswith("failed: ")
        and "broken.png: not an image" in line
        and "(1 photo, the first is" in line
        for line in written
    )
    assert any(line.startswith("summary: photos 2, done 1, failed 1") for line in written)
    assert written[-1] == "ended"


def test_each_run_is_added(detect, tmp_path):
    detect()
    first = lines(tmp_path / "out")
    detect()
    assert run(["measure", str(tmp_path / "out")]) == 0
    written = lines(tmp_path / "out")
    assert written[: len(first)] == first
    assert [line for line in written if line.startswith("begins:")] == [
        "begins: upcracknet detect",
        "begins: upcracknet detect",
        "begins: upcracknet measure",
    ]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["photos"] == 2


def test_a_log_of_others_is_left_alone(detect, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOG).write_text("mine")
    assert detect() == 3
    assert (tmp_path / "out" / LOG).read_text() == "mine"


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_is_not_written_to(kind, detect, tmp_path):
    (tmp_path / "out").mkdir()
    other = tmp_path / "other.txt"
    other.write_text(HEADER)
    if kind == "link":
        (tmp_path / "out" / LOG).symlink_to(other)
    else:
        (tmp_path / "out" / LOG).mkdir()
    assert detect() == 3
    assert other.read_text() == HEADER


def test_a_log_that_cannot_be_written_costs_no_run(detect, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logs.os, "write", full)
    with logged(tmp_path, "detect", {}) as log:
        log.note("a line")
    monkeypatch.undo()
    with logged(tmp_path / "gone", "detect", {}):
        pass
    assert not (tmp_path / "gone").exists()


def test_warnings_are_written_once_with_their_number(tmp_path):
    with logged(tmp_path, "detect", {}) as log:
        for number in range(5):
            log.warn("warning: blurred", f"{number}.jpg")
        for number in range(logs.MOST_WARNINGS + 2):
            log.warn(f"warning {number}", "a.jpg")
    written = lines(tmp_path)
    assert written.count("warning: blurred (5 photos, the first is 0.jpg)") == 1
    assert "3 more warnings and failures" in written


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (OutputError("the disk is full"), "error: the disk is full"),
        (KeyboardInterrupt(), "interrupted"),
        (SystemExit(0), "ended"),
        (SystemExit(3), "ended with exit code 3"),
        (ZeroDivisionError("a defect\nof two lines"), "error: ZeroDivisionError: a defect of two lines"),
    ],
)
def test_how_a_run_ended(error, end, tmp_path):
    with pytest.raises(type(error)), logged(tmp_path, "detect", {}):
        raise error
    assert lines(tmp_path)[-1] == end


def test_its_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST", 3000)
    for number in range(100):
        RunLog(tmp_path).note(f"{number}: {'a word ' * 20}")
    assert {path.name for path in tmp_path.iterdir()} == {LOG, OLDER_LOG}
    assert all((tmp_path / name).stat().st_size < 3000 + logs.LONGEST for name in (LOG, OLDER_LOG))
    assert lines(tmp_path)[-1].startswith("99: ")
    log = RunLog(tmp_path)
    for _ in range(100):  # one run alone is bounded as well
        log.note("a word " * 100)
    assert (tmp_path / LOG).stat().st_size < 2 * 3000 + logs.LONGEST


def test_a_line_stays_one_line(tmp_path):
    RunLog(tmp_path).note("photo\nname\x1b[31m \udcff")
    assert len((tmp_path / LOG).read_bytes().splitlines()) == 2
    assert b"\x1b" not in (tmp_path / LOG).read_bytes()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("s3://AKIA:secret@roads/2026/a.jpg", "s3://…@roads/2026/a.jpg"),
        ("https://host/a.jpg?sig=abc&se=2026 next", "https://host/a.jpg?… next"),
        ("--access-key abc --output out", "--access-key … --output out"),
        ("AWS_SECRET_ACCESS_KEY=abc", "AWS_SECRET_ACCESS_KEY=…"),
        ("photos/a.jpg -o out?", "photos/a.jpg -o out?"),
    ],
)
def test_secrets_are_left_out(text, kept):
    assert without_secrets(text) == kept
