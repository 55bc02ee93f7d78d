"""``/jobs``: many photos at a time, with progress and cancellation."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, HTTPException, UploadFile
from starlette.concurrency import run_in_threadpool

from upcracknet.serve.answers import Id, JobAnswer, JobPhoto, Millimetres, Standard, problems
from upcracknet.serve.asking import known_fields_only
from upcracknet.serve.jobs import Progress
from upcracknet.serve.options import FIELD_BYTES, FORM_BYTES, MEGABYTE
from upcracknet.serve.worker import PhotoWorker


def job_router(worker: PhotoWorker) -> APIRouter:
    """Make the paths of jobs.

    Args:
        worker: works at the photos.
    """
    router, store = APIRouter(tags=["Jobs"]), worker.store
    options = store.options

    def answer(job: str) -> JobAnswer:
        progress = store.jobs.progress(job)
        if progress is None:
            raise HTTPException(404, "no such job, or its results are no longer kept; send its photos again")
        photos = [
            JobPhoto(
                id=photo.id,
                file_name=photo.file_name,
                state=photo.state,
                error=photo.error,
                result=f"/photos/{photo.id}" if photo.state == "done" else None,
            )
            for photo in store.jobs.photos_of(job)
        ]
        return JobAnswer(
            id=job,
            state=progress.state,
            photos=progress.photos,
            done=progress.done,
            failed=progress.failed,
            cancelled=progress.cancelled,
            waiting=progress.waiting,
            seconds_left=_seconds_left(progress, worker.seconds_per_photo),
            results=photos,
        )

    @router.post(
        "/jobs",
        status_code=202,
        responses=problems(408, 413, 422, 503),
        dependencies=[Depends(known_fields_only)],
        max_body_size=options.max_job_mb * MEGABYTE + FORM_BYTES,
        form_limits={"max_files": options.max_job_photos, "max_fields": 8, "max_part_size": FIELD_BYTES},
    )
    async def accept_job(
        photos: Annotated[list[UploadFile], File(min_length=1)],
        millimetres_per_pixel: Millimetres = None,
        standard: Standard = None,
    ) -> JobAnswer:
        """Accept many photos; once this is answered, a restart does not lose them."""
        sent = [(photo.file, photo.filename) for photo in photos]
        job = await run_in_threadpool(store.receive_job, sent, millimetres_per_pixel, standard)
        worker.wake()
        return await run_in_threadpool(answer, job)

    @router.get("/jobs/{id}", responses=problems(404, 422))
    def get_job(id: Id) -> JobAnswer:  # noqa: A002 - its name in the path
        """Tell how far a job is, and what became of its photos."""
        return answer(id)

    @router.delete("/jobs/{id}", responses=problems(404, 422))
    def cancel_job(id: Id) -> JobAnswer:  # noqa: A002
        """Cancel a job: photos that were not begun are left out, results so far are kept."""
        store.jobs.cancel(id)
        return answer(id)

    return router


def _seconds_left(progress: Progress, seconds_per_photo: float | None) -> float | None:
    if not progress.waiting:
        return 0.0
    return None if seconds_per_photo is None else round(seconds_per_photo * progress.ahead, 1)
