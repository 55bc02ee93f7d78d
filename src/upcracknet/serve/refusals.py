"""Errors in one form: ``{"detail": what was wrong, what was expected, what to do}``."""

import sqlite3
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import one_line
from upcracknet.serve.store import TooLarge
from upcracknet.serve.worker import PhotoWorker

RETRY_SECONDS = 2
"""After which a sender should try again, while it is not known how long a photo takes."""


def add_refusals(app: FastAPI, worker: PhotoWorker) -> None:
    """Make an app answer errors in one form.

    Args:
        app: the app.
        worker: tells how long a sender should wait before he tries again.
    """

    def later(request: Request, error: Exception) -> JSONResponse:
        seconds = round((worker.seconds_per_photo or 0) * worker.queued) or RETRY_SECONDS
        return _problem(503, one_line(error), {"Retry-After": str(seconds)})

    app.add_exception_handler(OutputError, later)
    app.add_exception_handler(OSError, later)  # the disk is full, say
    app.add_exception_handler(sqlite3.Error, later)
    app.add_exception_handler(PhotoError, _unusable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


def _unusable(request: Request, error: Exception) -> JSONResponse:
    return _problem(413 if isinstance(error, TooLarge) else 422, one_line(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return _problem(422, "; ".join(wrong))


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail), error.headers)


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
