"""Measure a finished result folder again, from its masks: no network is needed."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales, from_dict
from upcracknet.results.folder import ResultFolder, read_results
from upcracknet.results.inspecting import measure_record
from upcracknet.results.measuring import Measuring
from upcracknet.results.planning import Plan, plan_measuring
from upcracknet.results.records import Counts, Record
from upcracknet.results.settings import MeasureOptions
from upcracknet.results.writing import WritableResults, open_results

THREADS = 4
"""Most photos that are measured at a time: more share one interpreter, and each may be large."""


def measure_again(names: Iterable[str], results: WritableResults, measuring: Measuring) -> Generator[Record]:
    """Measure the cracks of photos whose masks are there.

    Args:
        names: of their results.
        results: the folder, claimed.
        measuring: how.

    Yields:
        the new record of each photo, in the order of the names.

    Raises:
        OutputError: the results cannot be written.
    """

    def measure(name: str) -> Record:
        record = results.forget_measures(results.record(name))
        return results.finish(measure_record(record, results, measuring))

    threads = min(os.cpu_count() or 1, THREADS)
    waiting: deque[Future[Record]] = deque()
    with ThreadPoolExecutor(threads) as workers:
        for name in names:
            waiting.append(workers.submit(measure, name))
            while waiting and (waiting[0].done() or len(waiting) > threads):
                yield waiting.popleft().result()
        yield from (record.result() for record in waiting)


@dataclass(frozen=True)
class Remeasuring:
    """A claimed result folder with what is to be measured in it.

    Attributes:
        results: the folder.
        plan: what is to be measured.
        without_mask: photos that cannot be measured, as their masks are gone.
        damaged: names of photos whose records cannot be read; they are in no table.
        measuring: how.
    """

    results: WritableResults
    plan: Plan
    without_mask: list[str]
    damaged: list[str]
    measuring: Measuring

    def run(self, show: Callable[[Record], None]) -> tuple[Counts, list[Record]]:
        """Measure, and write the tables, also when interrupted.

        Args:
            show: called with each record.

        Returns:
            counts of the photos, and the twenty worst; see :attr:`.Record.rank`.

        Raises:
            OutputError: the results cannot be written.
            DataError: a file of cracks is damaged.
        """
        try:
            with closing(measure_again(self.plan.to_measure, self.results, self.measuring)) as records:
                for record in records:
                    show(record)
            self.results.note_names(self.results.noted_names() - self.plan.names)
        finally:
            summary = self.results.close(self.plan.names, whole=False)
        return summary


def noted_scales(results: ResultFolder) -> SurveyScales:
    """Give the scales that the photos of a result folder were measured by.

    Raises:
        ConfigurationError: a record has one that is none.
    """
    noted, without = dict[str, Scale](), False
    for record in results.readable_records():
        if record.measures is None:
            continue
        given = record.measures.get("scale")
        without = without or given is None
        if given is not None:
            noted[results.source(record).address] = from_dict(given, f"the record of {record.name}")
    different = set(noted.values())
    if without or len(different) != 1:
        return SurveyScales(places=noted)
    return SurveyScales(different.pop())  # then also that of photos that were not measured yet


@contextmanager
def open_remeasuring(
    folder: Path, options: MeasureOptions, *, overwrite: bool = False
) -> Iterator[Remeasuring]:
    """Claim a result folder, and plan what is to be measured again.

    Without a scale in the options each photo keeps the one that it was measured by.

    Args:
        folder: of ``upcracknet detect``.
        options: how.
        overwrite: measure again what was measured so already.

    Raises:
        DataError: it is no result folder, or the track is none.
        ConfigurationError: impossible options, or no scale file.
        OutputError: the folder is in use, or cannot be written, or files of others are in the way.
    """
    read_results(folder)
    measuring = Measuring.of(options)
    with open_results(folder) as results:
        if options.scale is None and options.millimetres_per_pixel is None:
            measuring = replace(measuring, scales=noted_scales(results))
        plan, without_mask, damaged = plan_measuring(results, measuring, overwrite=overwrite)
        yield Remeasuring(results, plan, without_mask, damaged, measuring)
