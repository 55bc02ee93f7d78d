import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import upcracknet
from upcracknet import __main__
from upcracknet.cli import main
from upcracknet.cli.console import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, print_json
from upcracknet.cli.main import run
from upcracknet.errors import UpCrackNetError

COMMANDS = [
    *((name,) for name in main.COMMANDS if name != "data"),
    *(("data", name) for name in ("download", "list", "mine")),
]
WITHOUT_EXAMPLE = {"doctor", "methods"}
"""Commands that are nothing but their name."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example_and_every_option(command, capsys):
    assert run([*command, "--help"]) == 0
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines()) <= 80
    if command[0] not in WITHOUT_EXAMPLE:
        assert f"upcracknet {' '.join(command)} " in printed.split("xample:")[1]
    found = main.app[command[0]] if len(command) == 1 else main.app[command[0]][command[1]]
    named = [argument.names for argument in found.assemble_argument_collection() if argument.show]
    options = {name for names in named for name in names if name.startswith("--")}
    assert not {option for option in options if option not in printed.replace("\n", " ")}


@pytest.mark.parametrize("words", [["detect", "", "-o", "out"], ["detect", "photos", "-o", ""]])
def test_an_empty_word_is_not_the_current_folder(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(words) == EXIT_USAGE
    assert f"word {words.index('') + 1} is empty; expected a value" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_help_of_the_program_lists_the_commands_and_exit_codes(capsys):
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    for command in {words[0] for words in COMMANDS}:
        assert re.search(rf"^    {command} +[A-Z].*\.$", printed, re.MULTILINE), command
    for code in (0, EXIT_FAILED, EXIT_USAGE, 3, EXIT_INTERRUPTED):
        assert f"{code} " in printed.split("Exit codes:")[1]


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == upcracknet.__version__


def test_help_waits_for_no_heavy_library():
    script = "import sys; from upcracknet.cli.main import run; run(['--help']); print(sorted(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "'upcracknet.cli.main'" in answer.stdout
    assert not [name for name in ("torch", "cv2", "numpy") if f"'{name}'" in answer.stdout]


@pytest.mark.parametrize(
    "words",
    [
        ["dectect"],
        ["detect"],
        ["detect", "a.jpg", "--oops"],
        ["train", "--devices", "x"],
        ["calibrate", "run", "-o", "mine.safetensors", "--roads", "0"],
        ["data", "mine", "photos", "-o", "patches", "--seed", "-1"],
    ],
)
def test_wrong_usage_is_reported_on_standard_error(words, capsys):
    assert run(words) == EXIT_USAGE
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err


@pytest.fixture
def command(monkeypatch):
    """Lets a command of the program do something else."""

    def replace(doing):
        monkeypatch.setattr(main, "app", lambda *arguments, **options: doing())

    return replace


def test_an_error_is_one_line_as_it_was_written(command, capsys):
    message = "[bold]photos/[a].jpg: " + "a long reason, " * 20

    def fail():
        raise UpCrackNetError(message)

    command(fail)
    assert run([]) == EXIT_FAILED
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"error: {message}\n")


def test_an_interruption_is_reported(command, capsys):
    def interrupt():
        raise KeyboardInterrupt

    command(interrupt)
    assert run([]) == EXIT_INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (3, 3)])
def test_what_a_command_returns_is_the_exit_code(command, monkeypatch, returned, code):
    command(lambda: returned)
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == code


def test_a_defect_shows_its_traceback(command):
    def defect():
        raise ZeroDivisionError

    command(defect)
    with pytest.raises(ZeroDivisionError):
        run([])


def test_standard_output_is_json_alone(tmp_path, capsys):
    assert run(["synthesize", str(tmp_path), "--count", "1", "--height", "32", "--width", "32"]) == 0
    assert json.loads(capsys.readouterr().out)["roads"] == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
@pytest.mark.parametrize("words", [(), ("--help",), ("detect", "--help"), ("--version",)])
def test_help_on_a_full_disk(words, monkeypatch, capsys):
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert run(words) == EXIT_FAILED
        monkeypatch.undo()
        with suppress(OSError):  # what is still held
            full.close()
    assert capsys.readouterr().err.startswith("error: standard output cannot be written")


def test_standard_output_was_closed(monkeypatch):
    """As with `>&-`: nobody asks for what is written there."""
    monkeypatch.setattr(sys, "stdout", None)
    print_json({"photos": 1})
    monkeypatch.setattr(main, "run", lambda: 3)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 3
