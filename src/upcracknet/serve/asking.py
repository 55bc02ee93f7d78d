"""Ask for the cracks of one photo, and wait for the answer, not for ever; refuse fields that none knows."""

import asyncio

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from upcracknet.measure.severity import StandardName
from upcracknet.results.records import Record
from upcracknet.serve.jobs import AcceptedPhoto
from upcracknet.serve.store import Readable
from upcracknet.serve.worker import Busy, PhotoWorker


async def known_fields_only(request: Request) -> None:
    """Refuse a form with fields that its path does not have: a misspelt scale must not count as none.

    Raises:
        HTTPException: 422, which names them, and what there is.
    """
    known = {field.alias for field in request.scope["route"].dependant.body_params}
    unknown = {*await request.form()} - known | {*request.query_params}
    if unknown:
        raise HTTPException(
            422,
            f"unknown: {', '.join(sorted(unknown))!r:.200}; a form here has "
            f"{', '.join(sorted(known))}, and its address nothing",
        )


async def ask(
    worker: PhotoWorker,
    file: Readable,
    file_name: str | None,
    millimetres_per_pixel: float | None = None,
    standard: StandardName | None = None,
) -> tuple[AcceptedPhoto, Record]:
    """Find the cracks of one photo.

    Args:
        worker: works at the photos.
        file: content of the photo.
        file_name: what its sender calls it.
        millimetres_per_pixel: size of a pixel on the road, where it is known.
        standard: whose severities, where its sender chose.

    Returns:
        the photo and its record; its results are kept.

    Raises:
        PhotoError: the photo cannot be used.
        Busy: the queue is full, or the answer took too long.
        OutputError: the results cannot be kept.
    """
    store = worker.store
    await run_in_threadpool(store.require_room, 0)
    photo = await run_in_threadpool(store.receive, file, file_name, millimetres_per_pixel, standard)
    await run_in_threadpool(store.jobs.add, [photo])
    try:
        answer = worker.submit(photo)
    except Busy:
        await run_in_threadpool(store.forget, [photo.id])
        raise
    try:
        record = await asyncio.wait_for(asyncio.wrap_future(answer), store.options.request_seconds)
    except TimeoutError as error:
        raise Busy(
            f"no answer within {store.options.request_seconds:g} seconds; send it as a job, which waits"
        ) from error
    return photo, record
