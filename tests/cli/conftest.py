"""Photos, and `upcracknet detect` with the small model."""

from pathlib import Path

import numpy as np
import pytest

from upcracknet.cli.main import run
from upcracknet.data.photo import save_image_atomically


@pytest.fixture
def photos(tmp_path, photo) -> Path:
    """Three photos, one of them in a subfolder."""
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.png", "b.jpg", "north/c.png")):
        save_image_atomically(folder / name, np.roll(photo, 10 * number, axis=0))
    return folder


@pytest.fixture
def detect(small_model, tmp_path):
    """Runs the command with the small model; gives the exit code."""

    def run_detect(*arguments, output=tmp_path / "out", model=small_model):
        return run(["detect", *map(str, arguments), "-o", str(output), "--model", str(model)])

    return run_detect
