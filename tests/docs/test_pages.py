"""The Markdown pages: links lead somewhere, files and commands that they name exist, English is plain."""

import re
import shlex
from pathlib import Path

import pytest

from upcracknet.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path
    for path in [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
}
MANUAL = [name for name in PAGES if "/decisions/" not in name]
"""Decisions are history: they may name what is gone."""

SITE_ONLY = {
    "docs/contributing.md": "CONTRIBUTING.md",
    "docs/security.md": "SECURITY.md",
    "docs/changelog.md": "CHANGELOG.md",
}
"""Pages that only include another one."""


def text_of(name: str) -> str:
    return PAGES[SITE_ONLY.get(name, name)].read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(text: str) -> set[str]:
    """The anchors that headings get, in the repository's view and on the site alike."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_relative_links_lead_somewhere(name):
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(PAGES[name].read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (PAGES[name].parent / file).resolve() if file else PAGES[name]
        if not target.exists():
            wrong.append(link)
        elif anchor:
            page = target.relative_to(ROOT).as_posix()
            if anchor not in anchors(text_of(page)):
                wrong.append(link)
    assert not wrong


@pytest.mark.parametrize("name", MANUAL)
def test_files_that_are_named_exist(name):
    wrong = []
    for file in re.findall(r"[\w./-]+\.(?:py|yaml)\b", text_of(name)):
        places = (ROOT / file, ROOT / "src/upcracknet" / file, ROOT / "configs" / file)
        if not any(place.is_file() for place in places) and not file.startswith("FILE."):
            wrong.append(file)
    assert not wrong, f"{name} names files that do not exist"


@pytest.mark.parametrize("name", ["docs/how-it-works.md"])
def test_names_in_the_walks_stand_in_the_files_beside_them(name):
    """``call`` (`file.py`): the file has the name of the call."""
    wrong = []
    for named, file in re.findall(r"((?:`[^`]+`(?:,| and)? ?)+)\(`([\w/]+\.py)`\)", text_of(name)):
        path = ROOT / "src/upcracknet" / file
        content = path.read_text(encoding="utf-8") if path.is_file() else ""
        for call in re.findall(r"`([^`]+)`", named):
            word = re.split(r"[(\[]", call)[0].split(".")[-1]
            if not re.search(rf"\b{re.escape(word)}\b", content):
                wrong.append(f"{call} ({file})")
    assert not wrong


def command_lines(text: str) -> list[list[str]]:
    """The words of each line of a shell block that runs ``upcracknet``."""
    lines = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.replace(" …", " "), comments=True)
            if "upcracknet" in words and words[0] != "pip":
                lines.append(words[words.index("upcracknet") + 1 :])
    return lines


@pytest.mark.parametrize("name", [name for name in PAGES if command_lines(text_of(name))])
def test_commands_and_their_options_exist(name):
    wrong = []
    for words in command_lines(text_of(name)):
        if words[0] not in set(app):
            wrong.append(words[0])
            continue
        command, rest = app[words[0]], words[1:]
        if rest and rest[0] in set(command):
            command, rest = command[rest[0]], rest[1:]
        known = {option for argument in command.assemble_argument_collection() for option in argument.names}
        for word in rest:
            option = word.partition("=")[0]
            if re.fullmatch(r"-{1,2}[a-z][\w-]*", option) and option not in known:
                wrong.append(f"{words[0]} {option}")
    assert not wrong


def test_every_page_is_within_reach_of_the_site():
    listed = set()
    for index in (ROOT / "docs").rglob("index.md"):
        for block in re.findall(
            r"^```\{toctree\}\n(.*?)^```", index.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            listed |= {
                (index.parent / line).resolve() for line in block.splitlines() if line and line[0] != ":"
            }
    pages = {path.with_suffix("") for path in (ROOT / "docs").rglob("*.md")} - {ROOT / "docs/index"}
    assert pages == listed


def test_the_readme_is_short():
    assert len(text_of("README.md").splitlines()) <= 120
