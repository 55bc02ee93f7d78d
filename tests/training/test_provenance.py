import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import upcracknet
from upcracknet.training import provenance
from upcracknet.training.provenance import code_version, environment


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout in which the code seems to lie; gives a function that runs git in it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "src" / "upcracknet" / "training"
    folder.mkdir(parents=True)
    (folder / "provenance.py").write_text("first = 1\n")
    monkeypatch.setattr(provenance, "__file__", str(folder / "provenance.py"))

    def git(*arguments):
        names = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *names, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return git


def test_a_checkout_gives_its_commit(checkout):
    assert code_version() == f"{upcracknet.__version__} ({checkout('rev-parse', '--short=12', 'HEAD')})"


def test_changed_code_is_recorded(checkout):
    Path(provenance.__file__).write_text("first = 2\n")
    assert re.fullmatch(r".* \([0-9a-f]{12}\+dirty\)", code_version())


def test_without_git_the_version_stands_alone(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert code_version() == upcracknet.__version__


def test_a_package_installed_in_another_project_has_not_its_commit(tmp_path, checkout, monkeypatch):
    folder = tmp_path / "venv" / "upcracknet"
    folder.mkdir(parents=True)
    monkeypatch.setattr(provenance, "__file__", str(folder / "provenance.py"))
    shutil.rmtree(tmp_path / "src")
    assert code_version() == upcracknet.__version__


def test_the_environment_names_what_figures_depend_on():
    found = environment()
    assert found["torch"] == torch.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["threads"] == torch.get_num_threads()
    assert set(found) == {
        "code",
        "python",
        "torch",
        "pytorch_lightning",
        "processor",
        "threads",
        "accelerator",
    }
