"""From two result folders to the files of their comparison."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.files import require_writable, write_atomically
from upcracknet.report.comparison import write_comparison_page
from upcracknet.report.html import page
from upcracknet.results.folder import read_results
from upcracknet.survey.comparing import Comparison, compare_surveys
from upcracknet.survey.comparison_files import write_comparison

PAGE = "comparison.html"


@dataclass(frozen=True)
class Compared:
    """A comparison and its files.

    Attributes:
        comparison: what changed.
        files: that were written.
    """

    comparison: Comparison
    files: tuple[Path, ...]

    def summary(self) -> dict[str, Any]:
        """Sum it up, for standard output."""
        comparison = self.comparison
        growths = [change.growth_m for change in comparison.compared if change.growth_m is not None]
        metres = {
            "kept_m": comparison.metres("kept_px"),
            "new_m": comparison.metres("new_px"),
            "gone_m": comparison.metres("gone_px"),
        }
        return {
            "sections": len(comparison.compared),
            "sections_new": sum(change.status == "new" for change in comparison.sections),
            "sections_gone": len(comparison.gone)
            + sum(change.status == "gone" for change in comparison.sections),
            "growth_m": round(sum(growths), 2) if growths else None,
            "pairs": len(comparison.pairs),
            "pairs_refused": len(comparison.pairs) - len(comparison.registered),
            **{name: None if length is None else round(length, 2) for name, length in metres.items()},
            "files": [str(path) for path in self.files],
        }


def compare_and_write(
    old: Path, new: Path, output: Path, show: Callable[[int, int], None] = lambda done, total: None
) -> Compared:
    """Compare two surveys and write tables, layer and page.

    Args:
        old: result folder of the earlier survey.
        new: that of the later one.
        output: folder for the files; made as needed.
        show: called with the number of pairs of photos that are done and of all.

    Raises:
        DataError: a folder is none, or has no survey.
        OutputError: the folder cannot be written to, which is looked at first, or the disk is full.
    """
    require_writable(output)
    before, after = read_results(old), read_results(new)
    comparison = compare_surveys(before, after, show)
    files = write_comparison(output, comparison)
    written = page(write_comparison_page(comparison, before, after))
    write_atomically(output / PAGE, written.encode(errors="backslashreplace"))
    return Compared(comparison, (output / PAGE, *files))
