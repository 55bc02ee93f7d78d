"""What can be said of the public forge's checks without running them there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github/workflows/ci.yml").read_text()


@pytest.fixture(scope="module")
def jobs() -> dict:
    return yaml.safe_load(TEXT)["jobs"]


def test_actions_are_pinned_by_commit(jobs):
    used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", TEXT, re.MULTILINE)) == len(used)


def test_nothing_may_be_written_to_the_repository(jobs):
    assert yaml.safe_load(TEXT)["permissions"] == {"contents": "read"}
    assert not [name for name, job in jobs.items() if "permissions" in job]
    assert "secrets." not in TEXT


def test_the_targets_exist_and_every_job_ends(jobs):
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(jobs["check"]["strategy"]["matrix"]["target"]) <= targets
    assert "release" in targets
    assert all(job["timeout-minutes"] for job in jobs.values())


def test_the_wheel_is_tried_on_three_systems(jobs):
    systems = jobs["wheel"]["strategy"]["matrix"]["system"]
    assert {name.split("-")[0] for name in systems} == {"ubuntu", "macos", "windows"}
