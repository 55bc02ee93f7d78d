import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE

import pytest
from tests.faults.outcomes import files
from tests.faults.steps import Step
from tests.faults.world import World
from tests.faults.worlds import detect, write_photos

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path) -> Path:
    (tmp_path / "world").mkdir()
    write_photos(tmp_path / "world")
    return tmp_path / "world"


@pytest.fixture
def undisturbed(world) -> dict[str, bytes]:
    """What a run leaves to which nothing happens, at the same place."""
    assert detect(world) == 0
    found = files("out")(world)
    shutil.rmtree(world / "out")
    return found


@pytest.fixture(scope="session")
def killed() -> Iterator[Callable[[World, Step], int]]:
    """Runs a command in a process of its own that is killed at a step; gives the exit code."""
    words = [sys.executable, "-W", "ignore", "-m", "tests.faults.killing"]
    with subprocess.Popen(words, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin and process.stdout

        def run(here: World, step: Step) -> int:
            asked = [str(here.folder), here.name, step.touch]
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield run
        process.stdin.close()


@pytest.fixture(scope="session")
def world_of(tmp_path_factory):
    """The world of a command; made once."""
    worlds = dict[str, World]()

    def of(name: str) -> World:
        if name not in worlds:
            worlds[name] = World(tmp_path_factory.mktemp(name.replace(" ", "-")), name)
        worlds[name].reset()
        return worlds[name]

    return of
