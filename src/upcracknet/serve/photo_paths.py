"""``/photos``: the cracks of one photo, its mask and its overlay."""

import base64
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, HTTPException, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from upcracknet.results.records import Record
from upcracknet.serve.answers import Id, Millimetres, PhotoAnswer, Standard, problems
from upcracknet.serve.asking import ask, known_fields_only
from upcracknet.serve.jobs import AcceptedPhoto
from upcracknet.serve.options import FORM_BYTES, MEGABYTE
from upcracknet.serve.worker import PhotoWorker

MEDIA_TYPES = {".png": "image/png", ".tif": "image/tiff", ".jpg": "image/jpeg"}


def photo_router(worker: PhotoWorker) -> APIRouter:
    """Make the paths of single photos.

    Args:
        worker: works at the photos.
    """
    router, store = APIRouter(tags=["Photos"]), worker.store

    def answer(photo: AcceptedPhoto, record: Record, inline: bool = False) -> Response:
        mask, overlay = f"/photos/{photo.id}/mask", f"/photos/{photo.id}/overlay"
        if inline:
            mask, overlay = (
                _data_uri(store.results.file(str(file))) for file in (record.mask, record.overlay)
            )
        return Response(store.answer(photo, record, mask, overlay), media_type="application/json")

    def found(photo: str) -> tuple[AcceptedPhoto, Record]:
        accepted, record = store.jobs.photo(photo), store.record(photo)
        if accepted is None:
            raise HTTPException(404, "no such photo, or its results are no longer kept; send it again")
        if accepted.error is not None:
            raise HTTPException(422, accepted.error)
        if accepted.state != "done" or record is None:
            raise HTTPException(404, f"the photo is {accepted.state}; GET /jobs/ID tells how far its job is")
        return accepted, record

    @router.post(
        "/photos",
        responses=problems(408, 413, 422, 503) | {200: {"model": PhotoAnswer}},
        dependencies=[Depends(known_fields_only)],
        max_body_size=store.options.max_photo_mb * MEGABYTE + FORM_BYTES,
    )
    async def find_cracks(
        photo: Annotated[UploadFile, File(description="JPEG, PNG, TIFF, WebP, …")],
        millimetres_per_pixel: Millimetres = None,
        standard: Standard = None,
        inline: Annotated[
            bool, Form(description="answer mask and overlay themselves, and keep nothing")
        ] = False,
    ) -> Response:
        """Find and measure the cracks of one photo."""
        accepted, record = await ask(worker, photo.file, photo.filename, millimetres_per_pixel, standard)
        try:
            return await run_in_threadpool(answer, accepted, record, inline)
        finally:
            if inline:
                await run_in_threadpool(store.forget, [accepted.id])

    @router.get("/photos/{id}", responses=problems(404, 422) | {200: {"model": PhotoAnswer}})
    def get_measures(id: Id) -> Response:  # noqa: A002 - its name in the path
        """Give the measures of a photo again, while they are kept."""
        return answer(*found(id))

    @router.get(
        "/photos/{id}/{picture}",
        responses=problems(404, 422) | {200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}},
        response_class=FileResponse,
    )
    def get_picture(id: Id, picture: Literal["mask", "overlay"]) -> FileResponse:  # noqa: A002
        """Give the mask of a photo (255 is crack), or the photo with its cracks in red."""
        _, record = found(id)
        path = store.results.file(str(record.mask if picture == "mask" else record.overlay))
        if not path.is_file():
            raise HTTPException(404, "its results are no longer kept; send the photo again")
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix])

    return router


def _data_uri(path: Path) -> str:
    return f"data:{MEDIA_TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
