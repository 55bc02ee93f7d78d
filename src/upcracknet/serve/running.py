"""From options to a service that runs."""

from collections.abc import Callable
from dataclasses import replace

from upcracknet.errors import ConfigurationError
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.loading import load
from upcracknet.results.measuring import Measuring
from upcracknet.results.settings import MeasureOptions
from upcracknet.results.where_road import WhereRoad
from upcracknet.serve.options import ServiceOptions
from upcracknet.serve.server import serve_app
from upcracknet.serve.service import service
from upcracknet.serve.store import open_store
from upcracknet.serve.worker import PhotoWorker

OF_FILES = ("overlays", "scores", "every", "clock_offset", "keep_frames", "road")
"""Options of a detection that mean nothing here: photos come alone, and mask and overlay are what is kept."""


def run_service(
    detection: DetectionOptions,
    measure: MeasureOptions,
    options: ServiceOptions,
    announce: Callable[[str, str], None],
) -> None:
    """Serve until the process gets SIGTERM or Ctrl-C.

    Args:
        detection: how cracks are found.
        measure: how they are measured where a sender says nothing else.
        options: how the service listens, what it accepts and keeps.
        announce: called with the address of the service, once it listens, and a sentence that says which
            engine runs the network, and where.

    Raises:
        ConfigurationError: impossible options, others could ask and there is no token, or the port is taken.
        WeightsError: no such model, or unusable weights.
        DataError: the track is none, or the folder is of a newer version.
        OutputError: the folder is in use, or cannot be written.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    guard, measuring = options.guard(), Measuring.of(measure)
    where = _where_road(detection)
    detector, settings, what_runs = load(detection)
    settings = replace(settings, where=where)
    with open_store(measuring, options) as store:
        worker = PhotoWorker(detector, settings, store)
        app = service(worker, guard)
        with worker:
            serve_app(
                app, options.host, options.port, lambda address: announce(address, what_runs), worker.stop
            )


def _where_road(detection: DetectionOptions) -> WhereRoad:
    """What of the photos is road; refuses options that could do nothing.

    Raises:
        ConfigurationError: there is such an option, or the file cannot be used.
    """
    usual = DetectionOptions()
    useless = [name for name in OF_FILES if getattr(detection, name) != getattr(usual, name)]
    if useless:
        raise ConfigurationError(
            f"--{useless[0].replace('_', '-')} does nothing here, where photos come alone; leave it out"
        )
    where = WhereRoad.of(None, detection.region)
    if where.regions is not None and where.regions.places:
        raise ConfigurationError(
            f"{detection.region}: has polygons for folders, and photos that are sent lie in none; give one "
            "polygon for all"
        )
    return where
