import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.results.conftest import IN_MM, LIGHT, write_photos

from upcracknet.data.photo import load_mask
from upcracknet.exchange.exporting import Exported, ExportOptions, write_export
from upcracknet.exchange.importing import Imported, import_annotations
from upcracknet.exchange.reading import ImportOptions
from upcracknet.results import ResultFolder, open_detection, read_results

FORMATS = ("coco", "cvat", "label-studio", "masks")

FILES = {"coco": "annotations.json", "cvat": "annotations.xml", "label-studio": "tasks.json", "masks": ""}
"""What of an export is given to the import; of masks the folder."""


def detected(photos: Path, out: Path) -> ResultFolder:
    with open_detection([str(photos)], out, LIGHT, IN_MM) as detection:
        detection.run(lambda record: None)
    return read_results(out)


@pytest.fixture(scope="session")
def survey(tmp_path_factory) -> tuple[Path, Path]:
    """Four photos in two folders and their results; not to be changed."""
    folder = tmp_path_factory.mktemp("survey")
    photos = write_photos(folder / "photos", 4)
    detected(photos, folder / "out")
    return photos, folder / "out"


@pytest.fixture
def results(survey, tmp_path) -> ResultFolder:
    """A copy of these results, which may be changed."""
    shutil.copytree(survey[1], tmp_path / "survey" / "out")
    shutil.copytree(survey[0], tmp_path / "survey" / "photos", copy_function=shutil.copy2)
    return read_results(tmp_path / "survey" / "out")


@pytest.fixture
def export(results, tmp_path) -> Callable[..., tuple[Path, Exported, list[str]]]:
    """Exports; gives the folder, the counts and what was left out, and why."""

    def run(to: Any, folder: ResultFolder = results, output: Path | None = None, **options: Any):
        problems: list[str] = []
        output = output or tmp_path / f"for-{to}"

        def show(problem: str | None) -> None:
            problems.extend([problem] if problem else [])

        exported = write_export(folder, to, output, ExportOptions(**options), show)
        return output, exported, problems

    return run


@pytest.fixture
def take(results) -> Callable[..., tuple[Imported, list[str]]]:
    """Imports; gives the counts and what was left out, and why."""

    def run(file: Path, kind: Any = None, folder: Path = results.path, **options: Any):
        problems: list[str] = []

        def show(problem: str | None) -> None:
            problems.extend([problem] if problem else [])

        return import_annotations(folder, file, ImportOptions(**options), kind, show), problems

    return run


def model_mask(results: ResultFolder, name: str) -> np.ndarray:
    return load_mask(results.file(f"masks/{name}.png"))


def corrected_mask(results: ResultFolder, name: str) -> np.ndarray:
    return load_mask(results.file(f"corrections/{name}.png"))


def annotated(path: Path) -> Path:
    """The export as an annotation program gives it back: the tasks of Label Studio with annotations."""
    if path.name == "tasks.json":
        tasks = json.loads(path.read_bytes())
        for task in tasks:
            task.setdefault("annotations", task.pop("predictions", [{"result": []}]))
        path.write_text(json.dumps(tasks))
    return path
