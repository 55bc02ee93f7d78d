"""From options to a service that runs."""

from collections.abc import Callable

from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.loading import load
from upcracknet.results.measuring import Measuring
from upcracknet.results.settings import MeasureOptions
from upcracknet.serve.options import ServiceOptions
from upcracknet.serve.server import serve_app
from upcracknet.serve.service import service
from upcracknet.serve.store import open_store
from upcracknet.serve.worker import PhotoWorker


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
    detector, settings, what_runs = load(detection)
    with open_store(measuring, options) as store:
        worker = PhotoWorker(detector, settings, store)
        app = service(worker, guard)
        with worker:
            serve_app(
                app, options.host, options.port, lambda address: announce(address, what_runs), worker.stop
            )
