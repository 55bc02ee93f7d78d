"""Every package that is installed with this one has a licence that somebody has looked at."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def licences():
    spec = importlib.util.spec_from_file_location("licences", ROOT / "release/licences.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_licence_is_unknown(licences):
    packages = licences.closure((*licences.FOR_USERS, *licences.FOR_DEVELOPERS))
    assert {"torch", "openvino", "pytest"} <= packages.keys()
    wrong = {name: licences.licence(package) for name, package in packages.items()}
    assert not {name: given for name, given in wrong.items() if licences.unknown(given)}


def test_the_page_lists_what_is_installed(licences):
    page = licences.PAGE.read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (\S+) \| (.+) \|$", page, re.MULTILINE))
    installed = {
        name: licences.licence(package) for name, package in licences.closure(licences.FOR_USERS).items()
    }
    # Other machines have other builds: what is installed there alone need not be listed again.
    assert not {name for name in installed if name not in listed and not name.startswith("nvidia-")}
    assert all(installed[name] == listed[name] for name in installed.keys() & listed.keys())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", set()),
        ("Apache-2.0 WITH LLVM-exception AND (MIT OR Zlib)", set()),
        ("MIT AND GPL-3.0-only", {"GPL-3.0-only"}),
        ("unknown", {"unknown"}),
    ],
)
def test_an_expression_is_allowed_if_all_in_it_is(licences, expression, expected):
    assert licences.unknown(expression) == expected
