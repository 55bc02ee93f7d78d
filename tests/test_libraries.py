import tomllib
from pathlib import Path

import pytest

from upcracknet.libraries import CORE, EXTRAS, NEEDED_FOR, examine_libraries

ROOT = Path(__file__).parents[1]


def packages(requirements: list[str]) -> set[str]:
    """Names of packages, without their bounds; this package's own extras left out."""
    names = {line.partition("[")[0] if line.startswith("ray[") else line for line in requirements}
    cut = {name.split(">")[0].split("=")[0].split("<")[0].strip() for name in names}
    return {name for name in cut if not name.startswith("upcracknet")}


def test_the_tables_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(CORE) == packages(project["dependencies"])
    declared = {
        extra: packages(requirements) - set(CORE)  # runtime asks for a later torch
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in ("dev", "docs")
    }
    assert {extra: set(brings) for extra, brings in EXTRAS.items()} == declared
    assert set(NEEDED_FOR) == set(EXTRAS)


@pytest.fixture
def examined(tmp_path, monkeypatch):
    """Libraries of every kind, as they were found, by module."""
    files = {
        "whole_one": "print('what it says while it is loaded')\n__version__ = '3.1'\n",
        "wrong_build": "raise ImportError('libgdal.so.36: cannot open\\nshared object file')\n",
        "needs_another": "import no_such_module_at_all\n",
        "ends_all": "import os\nos.kill(os.getpid(), 9)\n",
        "behind_it": "",
    }
    for name, content in files.items():
        (tmp_path / f"{name}.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    names = {name: name for name in [*files, "no_such_library"]}
    return {library.name: library for library in examine_libraries({}, {"survey": names})}


def test_libraries_of_every_kind_are_distinguished(examined):
    states = {name: library.state for name, library in examined.items()}
    assert states == {
        "whole_one": "installed",
        "wrong_build": "broken",
        "needs_another": "broken",
        "ends_all": "broken",
        "behind_it": "installed",
        "no_such_library": "missing",
    }
    assert [name for name, library in examined.items() if library.fatal] == ["ends_all"]


def test_each_says_its_version_or_what_is_wrong_and_what_to_do(examined):
    assert (examined["whole_one"].version, examined["whole_one"].remedy) == ("3.1", None)
    wrong = "ImportError: libgdal.so.36: cannot open shared object file"
    assert examined["wrong_build"].problem == wrong
    assert examined["wrong_build"].remedy == "pip install --force-reinstall wrong_build"
    assert "no_such_module_at_all" in examined["needs_another"].problem
    assert "ends the process" in examined["ends_all"].problem
    assert examined["no_such_library"].remedy == "pip install 'upcracknet[survey]'"


def test_versions_are_those_of_the_installed_packages():
    import cv2
    import PIL

    found = {library.name: library for library in examine_libraries({"pillow": "PIL"}, {})}
    assert found["pillow"].version == PIL.__version__
    (opencv,) = examine_libraries({"another-opencv": "cv2"}, {})  # a build of another name
    assert (opencv.state, opencv.version) == ("installed", cv2.__version__)
