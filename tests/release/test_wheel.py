"""The wheel and the sdist: what is in them, and that a bare environment can work with what is installed."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST_WHEEL = 45_000_000
"""Bytes; most of them are the shipped weights."""


def build(folder: Path, kind: str, source: Path) -> Path:
    """Build with what is installed: nothing is fetched."""
    words = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    subprocess.run(words, cwd=source, capture_output=True, text=True, check=True)
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"), "wheel", ROOT)


def checksums(wheel: Path) -> dict[str, int]:
    """Of each file by its name."""
    with zipfile.ZipFile(wheel) as archive:
        return {item.filename: item.CRC for item in archive.infolist()}


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/upcracknet"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = {name.removeprefix("src/") for name in listed if (ROOT / name).exists()}
    [notes] = {name.split("/")[0] for name in checksums(wheel).keys() - expected}
    about = {name.removeprefix(f"{notes}/") for name in checksums(wheel).keys() - expected}
    assert notes.endswith(".dist-info")
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert expected <= checksums(wheel).keys()
    assert "upcracknet/pretrained/default.safetensors" in expected
    assert wheel.stat().st_size < LARGEST_WHEEL


def test_the_sdist_makes_the_same_wheel(wheel, tmp_path):
    sdist = build(tmp_path / "sdist", "sdist", ROOT)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    [source] = (tmp_path / "source").iterdir()
    assert checksums(build(tmp_path / "again", "wheel", source)) == checksums(wheel)


def test_a_bare_environment_detects_with_it_and_is_clean_afterwards(wheel, tmp_path):
    home, bare = tmp_path / "home", tmp_path / "bare"
    home.mkdir()
    venv.create(bare)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(bare)}))
    # Dependencies are lent by the environment of the tests. An editable install there is not followed: files
    # `.pth` count only in an environment's own folder.
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    before = set(bare.rglob("*"))
    scripts = Path(sysconfig.get_path("scripts", vars={"base": str(bare)}))
    environment = {"PATH": os.defpath, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str | Path) -> str:
        done = subprocess.run(
            [str(word) for word in words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    pip = (sys.executable, "-m", "pip", "--python", scripts / "python", "--disable-pip-version-check")
    run(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel)
    found = run(scripts / "python", "-W", "error", "-c", "import upcracknet; print(upcracknet.__file__)")
    assert Path(found.strip()).is_relative_to(packages)
    run(scripts / "upcracknet", "synthesize", "roads", "--count", "1", "--height", "256", "--width", "256")
    run(scripts / "upcracknet", "detect", "roads/photos", "-o", "out", "--runtime", "torch")
    assert (tmp_path / "out/photos.csv").read_text().count("\n") == 2
    assert list((tmp_path / "out/masks").iterdir())
    assert not list(home.iterdir())

    run(*pip, "uninstall", "--yes", "upcracknet")
    assert set(bare.rglob("*")) == before
