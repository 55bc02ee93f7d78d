"""``upcracknet review``: a page on which people see and correct what was found."""

import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from upcracknet.cli.console import error_console, needs_server, print_json, print_line


def review(
    results: Path,
    /,
    *,
    port: Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))] = 0,
    browser: bool = True,
    suggest: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0,
) -> int:
    """Open a page to check and correct the cracks that `upcracknet detect` found.

    The page runs in a browser of this machine and loads nothing from elsewhere. What
    is corrected lies in corrections/ of the result folder at once; the model's own
    masks stay. Corrected photos are measured again as they were measured before.
    Ctrl-C ends it; nothing is lost.

    For example:

        upcracknet review out

        upcracknet review out --suggest 20

    Args:
        results: output folder of `upcracknet detect`.
        port: to listen at; 0 takes a free one.
        browser: open the page in the browser.
        suggest: put this many photos first: the most doubtful ones, unlike each other.
    """
    with needs_server("the review page"):
        from upcracknet.serve.review.running import run_review

    def announce(address: str, once: str) -> None:
        print_json({"address": address})
        sys.stdout.flush()
        print_line(error_console(), "Ctrl-C ends the review; all that was said is saved at once.")
        if browser and _has_windows():
            threading.Thread(target=webbrowser.open, args=(once,), daemon=True).start()

    if suggest:
        print_line(error_console(), "looking for doubtful photos that are unlike each other …")
    run_review(results, port, suggest, announce)
    return 0


def _has_windows() -> bool:
    """Whether a browser can be shown; without a screen one of text would take over the terminal."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
