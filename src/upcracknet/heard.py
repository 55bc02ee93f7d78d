"""What libraries say while one photo is read: their warnings go to that photo, not to the terminal."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

LONGEST = 300
"""Characters of a warning that are kept."""

MOST = 5
"""Different warnings of a photo that are kept."""

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


@contextmanager
def hearing() -> Iterator[list[str]]:
    """Gather what libraries warn of while the block runs, in this thread alone; each text once."""
    _listen()
    texts: list[str] = []
    token = _heard.set(texts)
    try:
        yield texts
    finally:
        _heard.reset(token)


def is_heard() -> bool:
    """Tell whether this thread gathers warnings."""
    return _heard.get() is not None


def _add(library: str, text: str) -> bool:
    texts = _heard.get()
    if texts is None:
        return False
    shown = f"{library}: {' '.join(text.split())[:LONGEST]}".replace("; ", ", ")
    if shown not in texts and len(texts) < MOST:
        texts.append(shown)
    return True


class _FromLog(logging.Handler):
    """Hears what GDAL says, which rasterio passes to Python's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        if not _add("GDAL", record.getMessage()) and not logging.getLogger().handlers and logging.lastResort:
            logging.lastResort.handle(record)


_from_log = _FromLog(logging.WARNING)


def _listen() -> None:
    """Stand where Python shows warnings; who stood there before gets what is of no photo."""
    logger = logging.getLogger("rasterio")
    if _from_log not in logger.handlers:
        logger.addHandler(_from_log)
    before = warnings.showwarning
    if getattr(before, "hears_for_photos", False):
        return

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        library = "Pillow" if "PIL" in filename.replace("\\", "/").split("/") else category.__name__
        if not _add(library, str(message)):
            before(message, category, filename, lineno, file, line)

    standing: Any = show
    standing.hears_for_photos = True
    warnings.showwarning = standing
