"""From a result folder to a review that runs."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from upcracknet.errors import OutputError
from upcracknet.files import TEMPORARY
from upcracknet.locks import claimed
from upcracknet.results.corrections import FOLDER
from upcracknet.results.log import logged
from upcracknet.results.suggesting import suggest
from upcracknet.serve.review.app import review_app
from upcracknet.serve.review.review import Review
from upcracknet.serve.server import serve_app

OLD_SECONDS = 3600.0
"""Age of a half-written file from which on nobody writes it; another program may be importing now."""


def run_review(folder: Path, port: int, suggestions: int, announce: Callable[[str, str], None]) -> None:
    """Serve the review page until SIGTERM or Ctrl-C ends it.

    Only this machine can reach it, and only with the token of the address.

    Args:
        folder: of ``upcracknet detect``.
        port: to listen at; 0 takes a free one.
        suggestions: number of photos to suggest.
        announce: called with the address of the page, once it is there, and with one that counts once: for a
            browser, since others of this machine can see what programs are started with.

    Raises:
        DataError: it is no result folder.
        OutputError: it is reviewed already, or cannot be written; what was said is saved.
        ConfigurationError: the port is taken.
    """
    review, token = Review(folder), secrets.token_urlsafe(24)
    with claimed(folder / ".upcracknet" / "review") as holder:
        if holder is not None:
            raise OutputError(f"{folder}: is reviewed already ({holder}); use that page, or stop it first")
        with logged(folder, "review", {"suggestions": suggestions}):
            _run(review, folder, port, token, suggestions, announce)


def _run(
    review: Review,
    folder: Path,
    port: int,
    token: str,
    suggestions: int,
    announce: Callable[[str, str], None],
) -> None:
    _remove_half_written(folder)
    review.photos.suggested = suggest(review.results, suggestions) if suggestions else []
    # Before threads begin: meanwhile FastAPI silences warnings of the whole process.
    once = secrets.token_urlsafe(24)
    app = review_app(review, token, once)
    threading.Thread(target=review.work_out_doubts, name="doubts", daemon=True).start()
    with review.measurer, suppress(KeyboardInterrupt):  # Ctrl-C is the usual end
        serve_app(
            app,
            "127.0.0.1",
            port,
            lambda address: announce(f"{address}/?token={token}", f"{address}/?token={once}"),
        )
    if review.measurer.left is not None:
        raise OutputError(
            f"not all that was corrected is in the tables: {review.measurer.left}; `upcracknet "
            "review` or `upcracknet measure` does the rest"
        )


def _remove_half_written(folder: Path) -> None:
    """Remove what a process left that was killed while it wrote a correction."""
    for left in (folder / FOLDER).rglob(f"{TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > OLD_SECONDS:
                left.unlink()
