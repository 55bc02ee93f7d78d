"""Keeps what ``upcracknet reproduce all`` made here, and writes docs/results/tables.md from it.

    python benchmarks/tables.py                 # the page again, from docs/results/tables/
    python benchmarks/tables.py out/1500        # takes over finished results first

To go on with the rows that are missing, copy docs/results/tables/ to out/1500/results/ and run
``upcracknet reproduce all --budget 1500 --slow-one-in 4 -o out/1500``.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import cv2

from upcracknet.files import write_atomically
from upcracknet.reproduction.experiment import budget_named
from upcracknet.reproduction.page import write_page
from upcracknet.reproduction.plan import experiments_of
from upcracknet.reproduction.result_files import ResultFiles
from upcracknet.reproduction.run import Run

RESULTS = Path(__file__).parents[1] / "docs/results"
KEPT, PAGE = RESULTS / "tables", RESULTS / "tables.md"
START = "<!-- by benchmarks/tables.py -->\n"
BUDGET, SLOW_ONE_IN = "1500", 4
PICTURES = {
    "fig2": "Fig. 2: the rows of Table III on six photos of Crack500, evenly spaced by name",
    "fig3": "Fig. 3: the rows of Table IV on six photos of DeepCrack, evenly spaced by name",
    "fig4": "Fig. 4: the photos of DeepCrack on which UP-CrackNet fails most",
}
JPEG_QUALITY = 80


def take_over(folder: Path) -> int:
    """Copy the results of a folder that have figures; gives how many there are now."""
    KEPT.mkdir(parents=True, exist_ok=True)
    for path in sorted((folder / "results").glob("*.json")):
        if json.loads(path.read_bytes())["status"] == "done":
            shutil.copyfile(path, KEPT / path.name)
    return len([*KEPT.glob("*.json")])


def take_over_pictures(folder: Path) -> None:
    """Keep the figures that a folder has, at half their size."""
    for name in PICTURES:
        if (drawn := cv2.imread(str(folder / f"{name}.png"))) is not None:
            half = cv2.resize(drawn, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            _, encoded = cv2.imencode(".jpg", half, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
            write_atomically(_picture(name), encoded.tobytes())


def _picture(name: str) -> Path:
    return RESULTS / f"tables-{name}.jpg"


def tables() -> str:
    """Give the tables of the results that are kept, without a title."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copytree(KEPT, folder / "results")
        experiments = experiments_of(budget_named(BUDGET), slow_one_in=SLOW_ONE_IN)
        written = write_page(experiments, Run(ResultFiles(folder))).read_text(encoding="utf-8")
    return written.partition("\n\n")[2]


def filled(page: str) -> str:
    """Give the page with its tables and figures as they are to be."""
    pictures = [f"![{title}]({_picture(name).name})" for name, title in PICTURES.items()]
    title = "\n## Figs. 2–4\n\nGreen: right, blue: false, red: missed.\n\n"
    return page.partition(START)[0] + START + "\n" + tables() + title + "\n\n".join(pictures) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="output folder of `upcracknet reproduce all`")
    given = parser.parse_args().folder
    if given is not None:
        print(take_over(given), "results")
        take_over_pictures(given)
    write_atomically(PAGE, filled(PAGE.read_text(encoding="utf-8")).encode())
