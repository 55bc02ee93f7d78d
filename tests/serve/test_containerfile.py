"""What can be said of the container file without building it."""

import json
import re
from pathlib import Path

import pytest

from upcracknet.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Instructions and their words, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def of(steps, name) -> list[str]:
    return [words for instruction, words in steps if instruction == name]


def test_the_service_is_not_run_as_root(steps):
    (user,) = of(steps, "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    last = max(place for place, step in enumerate(steps) if step[0] == "FROM")
    assert steps.index(("USER", user)) > last
    assert not of(steps[steps.index(("USER", user)) :], "RUN")


def test_nothing_is_fetched_that_is_not_installed(steps):
    assert not of(steps, "ADD")
    assert not [words for words in of(steps, "RUN") if re.search(r"curl|wget|git clone|https?:", words)]
    (image,) = (words for words in of(steps, "ARG") if "/" in words)
    assert re.search(r":\d+\.\d+-slim-\w+$", image), "a named release, not the latest"


def test_what_is_copied_and_installed_is_there(steps):
    copied = [word for words in of(steps, "COPY") if "--from" not in words for word in words.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_command_is_one_of_ours_and_its_health_is_watched(steps):
    (entry,), (command,), (port,) = of(steps, "ENTRYPOINT"), of(steps, "CMD"), of(steps, "EXPOSE")
    words = json.loads(command)
    assert json.loads(entry) == ["upcracknet"]
    assert words[0] in COMMANDS
    assert words[words.index("--port") + 1] == port
    (check,) = of(steps, "HEALTHCHECK")
    assert f":{port}/health" in check
