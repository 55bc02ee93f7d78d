import shutil
from pathlib import Path

import pytest
from tests.faults.outcomes import files
from tests.faults.worlds import detect, write_photos


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
