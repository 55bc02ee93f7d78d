"""``upcracknet serve``: other programs ask over HTTP."""

from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import error_console, needs_server, print_json, print_line
from upcracknet.results import DetectionOptions, MeasureOptions
from upcracknet.serve.options import ServiceOptions


def serve(
    *,
    options: Annotated[ServiceOptions, Parameter(name="*")] = ServiceOptions(),  # noqa: B008 - frozen
    detection: Annotated[DetectionOptions, Parameter(name="*")] = DetectionOptions(),  # noqa: B008 - frozen
    measuring: Annotated[MeasureOptions, Parameter(name="*")] = MeasureOptions(),  # noqa: B008 - frozen
) -> int:
    """Answer other programs over HTTP: photos in, measures out (docs/service.md).

    POST /photos finds and measures the cracks of a photo, POST /jobs those of many. The
    page /docs describes all requests. Listens to this machine alone, unless --host says
    otherwise; then a token is needed. Ends with SIGTERM or Ctrl-C: what is in work is
    finished, and with --folder jobs go on at the next start.

    For example:

        upcracknet serve --port 8000 --folder service

        curl -F photo=@road.jpg -F millimetres_per_pixel=1.2 http://127.0.0.1:8000/photos

        upcracknet serve --host 0.0.0.0 --token-file token --allowed-host roads.example.org

    Args:
        options: how the service listens, what it accepts and keeps.
        detection: how cracks are found.
        measuring: how cracks are measured where a request says nothing else.
    """
    with needs_server("the service"):
        from upcracknet.serve.running import run_service  # the model's libraries, once options are right

    def announce(address: str, what_runs: str) -> None:
        print_line(error_console(), what_runs)
        if options.folder is None:
            print_line(
                error_console(), "no --folder: jobs and results are gone when the service ends", "yellow"
            )
        print_json({"address": address, "documentation": f"{address}/docs"})

    run_service(detection, measuring, options, announce)
    return 0
