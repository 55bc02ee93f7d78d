"""Writes the tables of the page on faults, from what is tested: ``python -m tests.faults.page``."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.steps import FAULTS, REVIEWING, SERVING, STEPS, Step, can_happen

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
    start, end = "<!-- tables -->\n", "<!-- end of the tables -->"
    written = start + "\n" + "\n".join(tables()) + "\n" + end
    return re.sub(f"{start}.*{end}", lambda _: written, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
