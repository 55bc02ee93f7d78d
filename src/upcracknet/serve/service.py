"""The HTTP API of ``upcracknet serve``: photos in, measures out."""

import base64
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, File, Form, HTTPException, Request, Response, UploadFile
from fastapi import Path as PathParameter
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import FileResponse, JSONResponse

from upcracknet import __version__
from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import one_line
from upcracknet.measure.severity import StandardName
from upcracknet.results.records import Record
from upcracknet.serve.answers import Health, JobAnswer, JobPhoto, PhotoAnswer, Problem, problems
from upcracknet.serve.asking import ask
from upcracknet.serve.docs_page import add_docs_page
from upcracknet.serve.guard import Guard, GuardOptions
from upcracknet.serve.jobs import AcceptedPhoto, Progress, new_id
from upcracknet.serve.label_studio import label_studio_router
from upcracknet.serve.metrics import Counted, Metrics
from upcracknet.serve.options import MEGABYTE
from upcracknet.serve.store import TooLarge
from upcracknet.serve.worker import PhotoWorker

FORM_BYTES = MEGABYTE
"""What a form may take beside its photos, in bytes."""

MEDIA_TYPES = {".png": "image/png", ".tif": "image/tiff", ".jpg": "image/jpeg"}

RETRY_SECONDS = 2
"""After which a sender should try again, while it is not known how long a photo takes."""

Id = Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]
Millimetres = Annotated[
    float | None,
    Form(gt=0, le=1000, allow_inf_nan=False, description="size of a pixel on the road; without it no millimetres"),
]
Standard = Annotated[StandardName | None, Form(description="whose severities and quantities")]


def service(worker: PhotoWorker, guard: GuardOptions) -> FastAPI:
    """Make the app.

    Args:
        worker: works at the photos; started by the caller.
        guard: who may ask.
    """
    store, options = worker.store, worker.store.options
    settings = worker.settings
    model_version = settings.model if settings.sha256 is None else f"{settings.model}-{settings.sha256[:8]}"
    app = FastAPI(
        title="upcracknet",
        version=__version__,
        description="Finds road cracks in photos and measures them.",
        docs_url=None,
        redoc_url=None,
        max_body_size=FORM_BYTES,
        # Of answers that are not JSON of this app's own, the document says the same.
        responses={400: {"model": Problem}},
    )
    metrics = Metrics(worker)
    photo_bytes = options.max_photo_mb * MEGABYTE + FORM_BYTES
    job_bytes = options.max_job_mb * MEGABYTE + FORM_BYTES

    @app.post(
        "/photos",
        responses=problems(408, 413, 422, 503) | {200: {"model": PhotoAnswer}},
        max_body_size=photo_bytes,
        tags=["Photos"],
    )
    async def find_cracks(
        photo: Annotated[UploadFile, File(description="JPEG, PNG, TIFF, WebP, …")],
        millimetres_per_pixel: Millimetres = None,
        standard: Standard = None,
        inline: Annotated[bool, Form(description="answer mask and overlay themselves, and keep nothing")] = False,
    ) -> Response:
        """Find and measure the cracks of one photo."""
        accepted, record = await ask(worker, photo.file, photo.filename, millimetres_per_pixel, standard)
        try:
            return await run_in_threadpool(_answer, accepted, record, inline)
        finally:
            if inline:
                await run_in_threadpool(store.forget, [accepted.id])

    def _answer(photo: AcceptedPhoto, record: Record, inline: bool = False) -> Response:
        mask, overlay = f"/photos/{photo.id}/mask", f"/photos/{photo.id}/overlay"
        if inline:
            mask = _data_uri(store.results.file(str(record.mask)))
            overlay = _data_uri(store.results.file(str(record.overlay)))
        return Response(store.answer(photo, record, mask, overlay), media_type="application/json")

    def _found(photo: str) -> tuple[AcceptedPhoto, Record]:
        accepted, record = store.jobs.photo(photo), store.record(photo)
        if accepted is None:
            raise HTTPException(404, "no such photo, or its results are no longer kept; send it again")
        if accepted.error is not None:
            raise HTTPException(422, accepted.error)
        if accepted.state != "done" or record is None:
            raise HTTPException(404, f"the photo is {accepted.state}; ask GET /jobs/ID how far its job is")
        return accepted, record

    @app.get("/photos/{id}", responses=problems(404, 422) | {200: {"model": PhotoAnswer}}, tags=["Photos"])
    def measures(id: Id) -> Response:  # noqa: A002 - its name in the path
        """Give the measures of a photo again, while they are kept."""
        return _answer(*_found(id))

    @app.get(
        "/photos/{id}/{picture}",
        responses=problems(404, 422) | {200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}},
        response_class=FileResponse,
        tags=["Photos"],
    )
    def picture_of(id: Id, picture: Literal["mask", "overlay"]) -> FileResponse:  # noqa: A002
        """Give the mask of a photo (255 is crack), or the photo with its cracks in red."""
        _, record = _found(id)
        name = record.mask if picture == "mask" else record.overlay
        path = store.results.file(str(name))
        if not path.is_file():
            raise HTTPException(404, "its results are no longer kept; send the photo again")
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix])

    @app.post(
        "/jobs", status_code=202, responses=problems(408, 413, 422, 503), max_body_size=job_bytes, tags=["Jobs"]
    )
    def accept_job(
        photos: Annotated[list[UploadFile], File(min_length=1, max_length=options.max_job_photos)],
        millimetres_per_pixel: Millimetres = None,
        standard: Standard = None,
    ) -> JobAnswer:
        """Accept many photos; once this is answered, a restart does not lose them."""
        store.require_room(len(photos))
        accepted = []
        for photo in photos:
            try:
                accepted.append(store.receive(photo.file, photo.filename, millimetres_per_pixel, standard))
            except PhotoError as error:  # costs no other photo
                accepted.append(store.refused(photo.filename, error))
        job = new_id()
        store.jobs.add(accepted, job)
        worker.wake()
        return _job(job)

    def _job(job: str) -> JobAnswer:
        progress = store.jobs.progress(job)
        if progress is None:
            raise HTTPException(404, "no such job, or its results are no longer kept; send its photos again")
        results = [
            JobPhoto(
                id=photo.id,
                file_name=photo.file_name,
                state=photo.state,
                error=photo.error,
                result=f"/photos/{photo.id}" if photo.state == "done" else None,
            )
            for photo in store.jobs.photos_of(job)
        ]
        each = worker.seconds_per_photo
        return JobAnswer(
            id=job,
            state=_state(progress),
            photos=progress.photos,
            done=progress.done,
            failed=progress.failed,
            cancelled=progress.cancelled,
            waiting=progress.waiting,
            seconds_left=0.0 if not progress.waiting else None if each is None else round(each * progress.ahead, 1),
            results=results,
        )

    @app.get("/jobs/{id}", responses=problems(404, 422), tags=["Jobs"])
    def progress_of_job(id: Id) -> JobAnswer:  # noqa: A002
        """Tell how far a job is, and what became of its photos."""
        return _job(id)

    @app.delete("/jobs/{id}", responses=problems(404, 422), tags=["Jobs"])
    def cancel_job(id: Id) -> JobAnswer:  # noqa: A002
        """Cancel a job: photos that were not begun are left out, results so far are kept."""
        store.jobs.cancel(id)
        return _job(id)

    @app.get("/health", responses=problems(503), tags=["Service"])
    def health() -> Health:
        """Tell whether the service works."""
        if not worker.alive:
            raise HTTPException(503, "the service stops; start it again")
        return Health(
            status="UP", version=__version__, model_version=model_version, queued_photos=worker.queued
        )

    @app.get(
        "/metrics",
        responses=problems() | {200: {"content": {"text/plain": {}}}},
        response_class=Response,
        tags=["Service"],
    )
    def figures() -> Response:
        """Give figures for Prometheus."""
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.include_router(label_studio_router(worker, model_version))
    add_docs_page(app)
    _answer_errors(app, worker)
    app.add_middleware(Counted, metrics=metrics)
    app.add_middleware(Guard, options=guard)
    return app


def _answer_errors(app: FastAPI, worker: PhotoWorker) -> None:
    """Answer errors in one form: ``{"detail": what was wrong and what to do}``."""

    def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
        return JSONResponse({"detail": detail}, status, headers)

    def later(request: Request, error: Exception) -> JSONResponse:
        seconds = round((worker.seconds_per_photo or 0) * worker.queued) or RETRY_SECONDS
        return problem(503, one_line(error), {"Retry-After": str(seconds)})

    def refused(request: Request, error: Exception) -> JSONResponse:
        return problem(413 if isinstance(error, TooLarge) else 422, one_line(error))

    def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        wrong = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        return problem(422, "; ".join(wrong))

    def usual(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        return problem(error.status_code, str(error.detail), error.headers)

    app.add_exception_handler(PhotoError, refused)
    app.add_exception_handler(OutputError, later)
    app.add_exception_handler(OSError, later)  # the disk is full, say
    app.add_exception_handler(sqlite3.Error, later)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StarletteHTTPException, usual)


def _state(progress: Progress) -> str:
    if progress.was_cancelled:
        return "cancelled"
    if not progress.waiting:
        return "done"
    return "working" if progress.waiting < progress.photos else "waiting"


def _data_uri(path: Path) -> str:
    return f"data:{MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
