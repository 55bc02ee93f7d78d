"""Writes the tables of the page on faults, from what is tested: ``python -m tests.faults.page``."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.steps import FAULTS, REVIEWING, SERVING, STEPS, Step, can_happen
from tests.faults.use import KINDS, shown

PAGE = Path(__file__).parents[2] / "docs/results/faults.md"
SERVED = ("full disk", "no permission")


def tables() -> Iterator[str]:
    for name, steps in STEPS.items():
        title = name.capitalize() if name.startswith("cache") else f"`{name}`"
        yield f"## {title}\n\n{_table(steps, FAULTS)}"
    yield f"## `review`\n\n{_table(REVIEWING, FAULTS)}"
    yield f"## `serve`\n\n{_table(SERVING, SERVED)}"


def _table(steps: Sequence[Step], faults: Sequence[str]) -> str:
    lines = [f"| step | {' | '.join(faults)} |", "|---" * (len(faults) + 1) + "|"]
    for step in steps:
        cells = ("✓" if can_happen(step, fault) else "–" for fault in faults)
        lines.append(f"| {step.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def filled(page: str) -> str:
    """The page with its tables as they are to be."""
    page = _between("<!-- tables -->\n", "\n".join(tables()), "<!-- end of the tables -->", page)
    return _between("<!-- table of use -->\n", _table_of_use(), "<!-- end of the table -->", page)


def _between(start: str, written: str, end: str, page: str) -> str:
    return re.sub(f"{start}.*{end}", lambda _: f"{start}\n{written}\n{end}", page, flags=re.DOTALL)


def _table_of_use() -> str:
    lines = [f"| command | {' | '.join(KINDS)} |", "|---" * (len(KINDS) + 1) + "|"]
    for name in (*STEPS, "review"):
        title = name if name.startswith("cache") else f"`{name}`"
        lines.append(f"| {title} | {' | '.join(shown(name, kind) for kind in KINDS)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
