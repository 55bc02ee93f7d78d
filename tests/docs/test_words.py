"""What users read, in pages and in the package's texts, uses plain words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/upcracknet"
ROOMS = sorted({path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")})
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = [
    ROOT / "Makefile",
    *sorted((ROOT / "benchmarks").rglob("*.py")),
    *sorted((ROOT / "tests").rglob("*.py")),
]
ABOUT_NAMES = "0012-names.md"
"""The decision that says which words are gone."""

BANNED = {
    r"\btold\b": "say what happens: gets, is given, says",
    r"\banew\b": "say `again`",
    r"\bmade roads?\b": "say `synthetic road`",
    r"\bfaithful (model|network)\b": "name the model",
    r"\bcall(s|ed)? ([\w%.]+ )*?crack\b": "say `marks X as crack`",
}
"""Words that stop a reader, and what to write instead."""


def banned(text: str) -> Iterator[str]:
    for pattern, remedy in BANNED.items():
        for found in re.finditer(pattern, " ".join(text.split())):
            yield f"{found.group()!r}: {remedy}"


@pytest.mark.parametrize("room", ROOMS)
def test_texts_of_the_package(room):
    """Docstrings, messages and help; names and comments are not read."""
    path = PACKAGE / room
    wrong = [
        f"{file.relative_to(PACKAGE).as_posix()}:{node.lineno} {problem}"
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for problem in banned(node.value)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != ABOUT_NAMES], ids=lambda page: page.stem
)
def test_pages(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert not list(banned(re.sub(r"`[^`\n]*`", "", text)))


@pytest.mark.parametrize(
    "file",
    [file for file in CODE if file != Path(__file__)],
    ids=lambda file: file.relative_to(ROOT).as_posix(),
)
def test_files_for_developers(file):
    """Names of tests are sentences too."""
    assert not list(banned(file.read_text(encoding="utf-8").replace("_", " ")))
