import json
import logging
import re
import warnings

import pytest

from upcracknet.cli import main
from upcracknet.cli.console import EXIT_FAILED, EXIT_USAGE, error_console, print_line
from upcracknet.cli.main import run
from upcracknet.errors import UpCrackNetError


def detect(photo_and_none, *words):
    return [
        "detect",
        str(photo_and_none),
        "-o",
        str(photo_and_none.parent / "out"),
        "--model",
        "sauvola",
        *words,
    ]


@pytest.mark.parametrize("before", [False, True], ids=["behind the command", "before the command"])
def test_quiet_leaves_errors_and_results(before, photo_and_none, capsys):
    words = detect(photo_and_none)
    assert run(["--quiet", *words] if before else [*words, "--quiet"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out)["failed"] == 1
    assert len(printed.err.splitlines()) == 1
    assert printed.err.startswith("failed: ") and "broken.png" in printed.err


def test_as_usual_there_are_notes(photo_and_none, capsys):
    assert run(detect(photo_and_none)) == 3
    printed = capsys.readouterr().err
    assert "runs on the processor" in printed
    assert "80×64" not in printed


def test_verbose_names_each_photo(photo_and_none, capsys):
    assert run([*detect(photo_and_none), "--verbose"]) == 3
    printed = capsys.readouterr().err
    assert "road.png: 80×64 pixels, " in printed
    assert "runs on the processor" in printed
    assert re.search(r"^took \d+\.\d s$", printed, re.MULTILINE)


def test_both_are_wrong_usage(capsys):
    assert run(["--verbose", "methods", "--quiet"]) == EXIT_USAGE
    assert capsys.readouterr().err == (
        "error: --verbose and --quiet contradict each other; leave one of them out\n"
    )


@pytest.mark.parametrize(("option", "shown"), [((), False), (("--verbose",), True)])
def test_verbose_shows_where_an_error_comes_from(option, shown, monkeypatch, capsys):
    def fail(*arguments, **options):
        raise UpCrackNetError("photo.jpg: a reason")

    monkeypatch.setattr(main, "app", fail)
    assert run(["methods", *option]) == EXIT_FAILED
    printed = capsys.readouterr().err
    assert "error: photo.jpg: a reason\n" in printed
    assert ("Traceback" in printed) == shown


def test_words_behind_two_dashes_are_names(monkeypatch):
    given = []
    monkeypatch.setattr(main, "app", lambda words, **options: given.append(words))
    run(["detect", "--quiet", "-o", "out", "--", "--verbose"])
    assert given == [["detect", "-o", "out", "--", "--verbose"]]


def test_nothing_is_left_of_the_options_when_a_command_ends(monkeypatch, capsys):
    logger = logging.getLogger("upcracknet")
    before = (logger.level, list(logger.handlers), list(warnings.filters))

    def speak(*arguments, **options):
        logger.debug("a detail")
        warnings.warn("of a library", stacklevel=1)
        print_line(error_console(), "a note")

    monkeypatch.setattr(main, "app", speak)
    run(["methods", "--quiet"])
    assert capsys.readouterr().err == ""
    with pytest.warns(UserWarning, match="of a library"):
        run(["methods", "--verbose"])
    assert re.fullmatch(r"upcracknet: a detail\na note\ntook .* s\n", capsys.readouterr().err)
    assert (logger.level, list(logger.handlers), list(warnings.filters)) == before
