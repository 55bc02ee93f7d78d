"""One command writes a version everywhere, or nowhere."""

import datetime
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAY = datetime.date(2026, 12, 1)


@pytest.fixture(scope="module")
def version():
    spec = importlib.util.spec_from_file_location("version", ROOT / "release/version.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path) -> Path:
    """The files of a project with one release."""
    (tmp_path / "src/upcracknet").mkdir(parents=True)
    (tmp_path / "src/upcracknet/__init__.py").write_text('"""A."""\n\n__version__ = "0.1.0"\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 0.1.0\n")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A map.\n\n## [0.1.0] - 2026-01-01\n\n- All.\n"
    )
    return tmp_path


def contents(root: Path) -> list[str]:
    return [file.read_text() for file in sorted(root.rglob("*.*")) if file.is_file()]


def test_all_three_files_get_it(version, root):
    version.set_version(root, "0.2.0", DAY)
    assert '__version__ = "0.2.0"\n' in (root / "src/upcracknet/__init__.py").read_text()
    assert (root / "CITATION.cff").read_text() == "cff-version: 1.2.0\nversion: 0.2.0\n"
    changes = (root / "CHANGELOG.md").read_text()
    assert re.findall(r"^## .*$", changes, re.MULTILINE) == [
        "## [Unreleased]",
        "## [0.2.0] - 2026-12-01",
        "## [0.1.0] - 2026-01-01",
    ]
    assert changes.index("- A map.") > changes.index("0.2.0")


@pytest.mark.parametrize(("given", "said"), [("2", "three numbers"), ("0.1.0", "later"), ("0.0.9", "later")])
def test_no_version_and_no_later_one_change_nothing(version, root, given, said):
    before = contents(root)
    with pytest.raises(SystemExit, match=said):
        version.set_version(root, given, DAY)
    assert contents(root) == before


def test_a_release_of_nothing_is_refused(version, root):
    version.set_version(root, "0.2.0", DAY)
    before = contents(root)
    with pytest.raises(SystemExit, match="lists nothing"):
        version.set_version(root, "0.3.0", DAY)
    assert contents(root) == before


def test_what_is_not_committed_is_refused(version, root):
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    with pytest.raises(SystemExit, match=r"CITATION\.cff"):
        version.require_clean(root)


def test_this_project_has_one_version():
    import upcracknet

    assert f"\nversion: {upcracknet.__version__}\n" in (ROOT / "CITATION.cff").read_text()
