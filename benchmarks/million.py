"""A million photos without content: listing, naming, writing and reading a million records.

    python benchmarks/million.py                 # a million; half an hour, 8 GB of disk; writes million.json
    python benchmarks/million.py 10000 100000    # other numbers, one after the other

No photo is read and no network runs: what is measured is what a run costs besides. Each step is a process of
its own, so that its memory is its own. The tables are those that ``detect`` writes at the end of every run.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from upcracknet.files import json_bytes
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.loading import load
from upcracknet.results.planning import Plan, plan_detection
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import find_photos
from upcracknet.results.writing import WritableResults, open_results
from upcracknet.tables import markdown_table

RESULTS = Path(__file__).parent.parent / "docs" / "results"
NUMBERS = (10_000, 1_000_000)
IN_A_FOLDER = 1000
LIGHT = DetectionOptions("local-contrast", runtime="torch", overlays=False)

Clock = Callable[[], None]
"""Starts the time that counts."""


def make(folder: Path, number: int) -> None:
    """Make empty files, as cameras name them, a thousand in a folder."""
    for first in range(0, number, IN_A_FOLDER):
        day = folder / "photos" / f"drive-{first // IN_A_FOLDER:05}"
        day.mkdir(parents=True)
        for place in range(first, min(first + IN_A_FOLDER, number)):
            (day / f"IMG_{place % IN_A_FOLDER:04}.jpg").touch()


def planned(folder: Path, results: WritableResults) -> tuple[Plan, ResultSettings]:
    """List the photos and plan what is to be done, as ``detect`` does."""
    settings = load(LIGHT)[1]
    sources, _ = find_photos([str(folder / "photos")])
    return plan_detection(results, sources, settings), settings


def list_them(folder: Path, clock: Clock) -> int:
    clock()
    return len(find_photos([str(folder / "photos")])[0])


def plan_a_new_run(folder: Path, clock: Clock) -> int:
    with open_results(folder / "out") as results:
        clock()
        return len(planned(folder, results)[0].todo)


def write_records(folder: Path, clock: Clock) -> int:
    with open_results(folder / "out") as results:
        plan, settings = planned(folder, results)
        clock()
        for work in plan.todo:
            results.begin(work.name, work.record)
            results.finish(
                Record(
                    work.name,
                    work.source.address,
                    results.relative(work.source),
                    work.source.stamp,
                    "done",
                    width=4000,
                    height=3000,
                    crack_pixels=0,
                    road_pixels=12_000_000,
                    area_share=0.0,
                    settings=settings.of(work.source),
                )
            )
    return len(plan.todo)


def plan_a_finished_run(folder: Path, clock: Clock) -> int:
    with open_results(folder / "out") as results:
        clock()
        return planned(folder, results)[0].finished


def write_tables(folder: Path, clock: Clock) -> int:
    with open_results(folder / "out") as results:
        names = frozenset(record.name for record in results.records())
        clock()
        return results.close(names, whole=True)[0].photos


STEPS: dict[str, Callable[[Path, Clock], int]] = {
    "list the photos": list_them,
    "plan a new run": plan_a_new_run,
    "write the records": write_records,
    "plan a finished run": plan_a_finished_run,
    "write the tables": write_tables,
}


def step(name: str, folder: Path) -> dict[str, Any]:
    """Do a step in this process: its seconds, memory at its start and at most, what it counted."""
    start = before = 0.0

    def clock() -> None:
        nonlocal start, before
        start, before = perf_counter(), most()

    number = STEPS[name](folder, clock)
    seconds = perf_counter() - start
    return {"number": number, "seconds": seconds, "before": before, "most": most()}


def most() -> float:
    """Most memory of this process so far, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1000


def measured(number: int, folder: Path) -> dict[str, Any]:
    """Do all steps for a number of photos."""
    make(folder, number)
    rows = {}
    for name in STEPS:
        command = [sys.executable, __file__, "--step", name, str(folder)]
        done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        if done["number"] != number:
            sys.exit(f"error: {name}: {done['number']} of {number}")
        rows[name] = {
            "seconds": round(done["seconds"], 2),
            "microseconds_each": round(1e6 * done["seconds"] / number, 1),
            "bytes_each": max(0, round(1e6 * (done["most"] - done["before"]) / number)),
            "megabytes_at_most": round(done["most"]),
        }
        print(f"{number:,} {name}: {rows[name]}", file=sys.stderr, flush=True)
    return rows


def table(result: dict[str, Any]) -> str:
    """Write all numbers as a table: a line a step."""
    columns = ["step"]
    for number in result:
        columns += [f"{int(number):,}: s", "µs each", "bytes each", "MB at most"]
    lines = [
        (name, *(f"{value:,}" for rows in result.values() for value in rows[name].values())) for name in STEPS
    ]
    return markdown_table(columns, lines)


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(step(sys.argv[2], Path(sys.argv[3]))))
        return
    result = {}
    for number in [int(word) for word in sys.argv[1:]] or NUMBERS:
        with tempfile.TemporaryDirectory() as folder:
            result[str(number)] = measured(number, Path(folder))
    if not sys.argv[1:]:
        (RESULTS / "million.json").write_bytes(json_bytes(result))
    print(table(result))


if __name__ == "__main__":
    main()
