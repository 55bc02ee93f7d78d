"""From photos to a result folder: what is left to do, who does it, the tables at the end."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from upcracknet.detection import CrackDetector
from upcracknet.errors import ConfigurationError
from upcracknet.results.by_ray import Cluster, process_by_ray
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.frames import Spacing
from upcracknet.results.loading import load
from upcracknet.results.measuring import Measuring
from upcracknet.results.planning import Plan, plan_detection
from upcracknet.results.records import Counts, Record
from upcracknet.results.remeasuring import measure_again
from upcracknet.results.settings import MeasureOptions, ResultSettings
from upcracknet.results.sources import find_photos
from upcracknet.results.where_road import WhereRoad
from upcracknet.results.worker import TileProgress, Worker
from upcracknet.results.writing import WritableResults, open_results

Executor = Literal["local", "ray"]


@dataclass(frozen=True)
class Detection:
    """A claimed result folder with what is left to do in it.

    Attributes:
        results: the folder.
        plan: what is left to do.
        left_out: in a sentence, files that look like photos but are not read; None if there are none.
        settings: what the results depend on.
        options: what the user chose.
        detector: finds the cracks.
        what_runs: in a sentence, which engine runs the network, and where.
        measuring: how the cracks are measured; None does not measure them.
    """

    results: WritableResults
    plan: Plan
    left_out: str | None
    settings: ResultSettings
    options: DetectionOptions
    detector: CrackDetector
    what_runs: str
    measuring: Measuring | None = None

    @property
    def described(self) -> dict[str, Any]:
        """What to write into a log when it begins: how much is to do, what runs, all settings."""
        plan = self.plan
        return {
            "photos": f"{plan.finished} finished, {len(plan.to_measure)} to measure, {len(plan.todo)} to do",
            "engine": self.what_runs,
            "settings": {"model": self.settings.model, "sha256": self.settings.sha256}
            | self.settings.detection,
            "options": self.options,
        } | ({"left out": self.left_out} if self.left_out else {})

    def records(
        self,
        engine: Executor = "local",
        cluster: Cluster = Cluster(),  # noqa: B008 - frozen
        progress: TileProgress = lambda work, done, total: None,
    ) -> Generator[Record]:
        """Measure again where that is asked for, then find the cracks of the photos that are left.

        Args:
            engine: ``local`` works in this process; ``ray`` spreads the photos over processes and machines.
            cluster: which workers of Ray.
            progress: called with the tiles of large photos, where they are read in this process.

        Yields:
            the record of each photo, once its files are whole.

        Raises:
            OutputError: the results cannot be written.
            UpCrackNetError: a worker of Ray stopped.
        """
        if self.measuring is not None:
            yield from measure_again(self.plan.to_measure, self.results, self.measuring)
        todo, how = self.plan.todo, (self.settings, self.measuring)
        if engine == "ray":
            yield from process_by_ray(todo, self.results, self.options, *how, cluster)
        else:
            yield from Worker(self.detector, self.results, *how, progress).process(todo)

    def run(
        self,
        show: Callable[[Record], None],
        engine: Executor = "local",
        cluster: Cluster = Cluster(),  # noqa: B008 - frozen
        progress: TileProgress = lambda work, done, total: None,
    ) -> tuple[Counts, list[Record]]:
        """Find the cracks of the photos that are left, and write the tables, also when interrupted.

        Args:
            show: called with each record; the rest as for :meth:`records`.
            engine: who works.
            cluster: which workers of Ray.
            progress: called with the tiles of large photos.

        Returns:
            counts of the photos, and the twenty worst; see :attr:`.Record.rank`.

        Raises:
            OutputError: the results cannot be written, or are gone.
            UpCrackNetError: a worker of Ray stopped.
            ConfigurationError: workers of Ray without its engine.
        """
        if engine == "local" and cluster != Cluster():
            raise ConfigurationError("--workers and --address need --engine ray; add it, or leave them out")
        whole = False
        try:
            with closing(self.records(engine, cluster, progress)) as records:
                for record in records:
                    show(record)
            whole = True
        finally:
            summary = self.summary(whole=whole)
        return summary

    def summary(self, *, whole: bool = True) -> tuple[Counts, list[Record]]:
        """Write the tables; see :meth:`~upcracknet.results.writing.WritableResults.close`."""
        return self.results.close(self.plan.names, whole=whole)


@contextmanager
def open_detection(
    photos: list[str],
    output: Path,
    options: DetectionOptions,
    measure: MeasureOptions | None = MeasureOptions(),  # noqa: B008 - frozen
    *,
    overwrite: bool = False,
) -> Iterator[Detection]:
    """Find photos, load the model, claim the result folder and plan the work.

    Args:
        photos: files, folders, globs and URLs; videos where they are named themselves.
        output: the result folder; made as needed.
        options: how.
        measure: how the cracks are measured; None does not measure them.
        overwrite: do again what is finished.

    Raises:
        DataError: there are no photos, or the track is none.
        WeightsError: no such model, or unusable weights.
        ConfigurationError: impossible options, a package is missing, or a file that says where the road is
            cannot be used.
        OutputError: the folder is in use, not of this program, or cannot be written.
    """
    measuring = None if measure is None else Measuring.of(measure)
    where = WhereRoad.of(options.road, options.region)
    track = None if measuring is None else measuring.track
    spacing = Spacing.of(options.every, track, options.clock_offset)
    sources, left_out = find_photos(photos, spacing)
    detector, settings, what_runs = load(options)
    settings = replace(settings, where=where, keep_frames=options.keep_frames)
    with open_results(output) as results:
        plan = plan_detection(results, sources, settings, measuring, overwrite=overwrite)
        yield Detection(results, plan, left_out, settings, options, detector, what_runs, measuring)
