"""Docstrings speak with one voice; CONTRIBUTING.md says which."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import upcracknet

PACKAGE = Path(upcracknet.__file__).parent
ROOMS = sorted({path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py")})

SECTIONS = {"Args:", "Attributes:", "Returns:", "Raises:", "Yields:"}
NAMED_ENTRIES = {"Args:", "Attributes:", "Raises:"}

NOT_A_VERB = {
    *("A", "An", "The", "This", "These", "That", "Its", "Their", "All", "Each", "Every", "Both", "One", "No"),
    *("Whether", "What", "Which", "How", "Who", "Whose", "Where", "When", "Why", "If", "As", "In", "For"),
    *("Nothing", "Number", "Path", "File", "Folder", "Text", "True", "False", "Here", "Like", "Same"),
}
VERBS_WITH_S = {"Focus", "Bias"}
VERBS_WITH_ING = {"Bring", "String", "Ring"}
CAPITALS_ALLOWED = {
    *(
        "None",
        "True",
        "False",
        "Otsu's",
        "Otsu",
        "Ray",
        "Ray's",
        "Lightning",
        "Lightning's",
        "Pillow",
        "Python",
    ),
    *(
        "Deepcrack18",
        "Deepcrack19",
        "Crack500",
        "Nesterov",
        "Gaussian",
        "Markdown",
        "Parquet",
        "ImageNet",
        "Adam",
    ),
}


def is_verb(word: str) -> bool:
    """Whether a docstring's first word can be an imperative; a short list finds what people write instead."""
    if word in NOT_A_VERB:
        return False
    if word.endswith("s") and not word.endswith("ss"):
        return word in VERBS_WITH_S
    return not word.endswith("ing") or word in VERBS_WITH_ING


def is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(name.endswith(("property", ".setter")) for name in decorators)


def entries(docstring: str) -> Iterator[tuple[str, str]]:
    """The section and the text of each entry of a docstring in Google's style."""
    section = None
    fresh = False
    for line in docstring.splitlines():
        if line in SECTIONS:
            section, fresh = line, True
        elif line and not line.startswith(" "):
            section = None
        elif section in NAMED_ENTRIES and re.match(r" {4}[*`\w]", line):
            _, _, text = line.strip().partition(": ")
            if text:
                yield section, text
        elif section and section not in NAMED_ENTRIES and fresh and line.strip():
            fresh = False
            yield section, line.strip()


def begins_upper(text: str) -> bool:
    word = re.split(r"[\s,;:.]", text, maxsplit=1)[0]
    if word in CAPITALS_ALLOWED or sum(letter.isupper() for letter in word) > 1:
        return False
    return word == "A" or (len(word) > 1 and word[0].isupper())


def nodes(room: str) -> Iterator[tuple[str, ast.AST]]:
    """The place and the node of everything in a room's files."""
    path = PACKAGE / room
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield f"{file.relative_to(PACKAGE).as_posix()}:{getattr(node, 'lineno', 1)}", node


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_begin_with_an_imperative(room):
    wrong = []
    for place, node in nodes(room):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_property(node):
            continue
        docstring = ast.get_docstring(node)
        if docstring and node.name[0] != "_" and not is_verb(docstring.split(maxsplit=1)[0]):
            wrong.append(f"{place} {node.name}: {docstring.splitlines()[0]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_entries_begin_in_lower_case(room):
    wrong = [
        f"{place} {node.name}, {section} {text}"
        for place, node in nodes(room)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for section, text in entries(ast.get_docstring(node) or "")
        if begins_upper(text)
    ]
    assert not wrong, "\n".join(wrong)
