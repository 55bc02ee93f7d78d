"""The lock of what the service needs: every package of the closure, in the pinned version, with checksums."""

import re
import tomllib
from pathlib import Path

from packaging.utils import canonicalize_name
from release.licences import closure

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
UNLOCKED = {"torch"}


def pins(text: str) -> dict[str, str]:
    return {
        canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)
    }


def locked_extras() -> list[str]:
    [command] = re.findall(r"^lock:.*?(?=\n\n)", (ROOT / "Makefile").read_text(), re.M | re.S)
    return re.findall(r"--extra (\w+)", command)


def test_all_that_is_needed_is_locked():
    """But torch, whose builds differ by machine, and what nothing but torch brings."""
    extras = locked_extras()
    assert extras
    assert {"jinja2", "typing-extensions"} <= set(closure(extras, UNLOCKED)) <= set(pins(LOCK))


def test_versions_are_those_of_the_constraints():
    pinned = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    assert {name: version for name, version in pins(LOCK).items() if pinned.get(name) != version} == {}


def test_each_package_has_checksums():
    blocks = re.split(r"\n(?=\w)", LOCK.strip())
    assert len(blocks) == len(pins(LOCK))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "http" not in LOCK


def test_the_container_installs_by_the_lock():
    text = (ROOT / "Containerfile").read_text()
    assert "--no-deps --require-hashes --requirement requirements.lock" in text
    unlocked = (ROOT / "release/unlocked.txt").read_text().split()
    assert set(unlocked) == UNLOCKED
    assert all(f"--constraint constraints.txt {name}" in text for name in unlocked)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(locked_extras()) <= extras.keys()
