"""Set the version of a release: ``make version VERSION=0.2.0``.

Writes it into the package and the citation, and dates the changelog's section of what is not released yet.
"""

import datetime
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE, CITATION, CHANGELOG = Path("src/upcracknet/__init__.py"), Path("CITATION.cff"), Path("CHANGELOG.md")
UNRELEASED = "## [Unreleased]\n"


def set_version(root: Path, version: str, day: datetime.date) -> None:
    """Write a version into the three files that have it; none is written unless all can be.

    Raises:
        SystemExit: the version is none, or not a later one; nothing to release; or a file lacks its place.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise SystemExit(f"{version!r} is no version; expected three numbers, as in VERSION=0.2.0")
    texts = {name: (root / name).read_text(encoding="utf-8") for name in (PACKAGE, CITATION, CHANGELOG)}
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", texts[CHANGELOG], re.MULTILINE)
    late = [old for old in released if _numbers(old) >= _numbers(version)]
    if late:
        raise SystemExit(f"{version} is not after {late[0]}, which CHANGELOG.md has; give a later version")
    before, found, after = texts[CHANGELOG].partition(UNRELEASED)
    if not found or not re.search(r"^- ", after.split("\n## [")[0], re.MULTILINE):
        raise SystemExit("CHANGELOG.md lists nothing under [Unreleased]; write what users will notice there")
    changed = {
        PACKAGE: _replaced(texts, PACKAGE, r'^__version__ = ".*"$', f'__version__ = "{version}"'),
        CITATION: _replaced(texts, CITATION, r"^version: .*$", f"version: {version}"),
        CHANGELOG: f"{before}{UNRELEASED}\n## [{version}] - {day.isoformat()}\n{after}",
    }
    for name, text in changed.items():
        (root / name).write_text(text, encoding="utf-8")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _replaced(texts: dict[Path, str], name: Path, pattern: str, line: str) -> str:
    text, count = re.subn(pattern, line, texts[name], flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(f"{name}: expected one line like {line!r}, found {count}; put it right by hand")
    return text


def require_clean(root: Path) -> None:
    """Stop where something is not committed: the release would not be what the commit says.

    Raises:
        SystemExit: something is not committed.
    """
    answer = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=True
    )
    if answer.stdout:
        raise SystemExit(f"not committed yet; commit or remove first:\n{answer.stdout.rstrip()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("give the version: make version VERSION=0.2.0")
    require_clean(ROOT)
    set_version(ROOT, sys.argv[1], datetime.datetime.now(tz=datetime.UTC).date())
    print(f"next: git commit --all --message 'build: {sys.argv[1]}' && git tag v{sys.argv[1]}")
