"""What handing out photos by Ray costs: before the first batch, and for each, by workers that do nothing.

    python benchmarks/handing_out.py 8000 40000           # in batches of 8
    python benchmarks/handing_out.py 40000 --batch 64

Ray starts on this machine, with two workers.
"""

import logging
import os
import sys
from time import perf_counter
from typing import Any

import ray

from upcracknet.results.by_ray import BATCH
from upcracknet.tables import markdown_table


class Idle:
    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"name": batch["name"]}


def hand_out(photos: int, batch: int) -> tuple[str, ...]:
    rows = [
        {
            "source": f'["/roads/drive-00000/{number:08}.jpg", "4000000 1795806000000000000", null, null]',
            "name": f"drive-00000/{number:08}.jpg",
            "record": "",
        }
        for number in range(photos)
    ]
    batches = -(-photos // batch)
    start = perf_counter()
    data = ray.data.from_items(rows, override_num_blocks=batches)
    data = data.map_batches(Idle, batch_size=batch, concurrency=2, num_cpus=1)
    made = perf_counter()
    found = [(len(names["name"]), perf_counter()) for names in data.iter_batches(batch_size=None)]
    assert sum(number for number, _ in found) == photos
    each = (found[-1][1] - found[0][1]) / max(1, batches - 1)
    return f"{photos:,}", f"{batches:,}", f"{made - start:.1f}", f"{1e3 * each:.1f}"


def main() -> None:
    words = sys.argv[1:]
    batch = int(words.pop(words.index("--batch") + 1)) if "--batch" in words else BATCH
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = [hand_out(int(word), batch) for word in words if word.isdecimal()]
    columns = ("photos", "batches", "s before the first", "ms each")
    print(markdown_table(columns, rows))


if __name__ == "__main__":
    main()
