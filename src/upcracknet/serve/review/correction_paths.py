"""What people say of photos, and the measures that follow from it."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from upcracknet.results.crack_files import read_cracks
from upcracknet.serve.review.review import Review
from upcracknet.serve.review.rows import Photo
from upcracknet.serve.review.saving import Conflict, Said

MEASURE_SECONDS = 3.0
"""How long a question for measures waits for them; those of large photos take longer, and the page asks
again. Saving never waits."""


def correction_router(review: Review) -> APIRouter:
    """Make the paths of corrections and measures.

    Args:
        review: of the folder.
    """
    router = APIRouter(prefix="/api/photos/{number}")

    @router.get("/measures")
    def measures(number: int) -> Response:
        name = review.done_photo(number).record.name
        waited = review.measurer.wait(name, MEASURE_SECONDS)
        photo = review.done_photo(number)
        if waited and photo.needs_measuring and review.measurer.why(name) is None:
            # Another request saves it right now, or another program has.
            review.measurer.want(name)
            waited = False
        if not waited:
            return JSONResponse({"pending": True, "why": review.measurer.why(name)}, 202)
        content = _measures(photo)
        if content is None:
            raise HTTPException(404, review.measurer.why(name) or "not measured; run `upcracknet measure`")
        return JSONResponse(content)

    @router.put("/correction")
    async def correct(number: int, request: Request) -> Response:
        said, mask = await _said(request)
        return await run_in_threadpool(answered, number, lambda photo: review.saving.save(photo, said, mask))

    @router.delete("/correction")
    def withdraw(number: int, revision: str = "") -> Response:
        return answered(number, lambda photo: review.saving.withdraw(photo, revision))

    def answered(number: int, change: Any) -> Response:
        """Change a correction, and answer with the photo's row once that is on the disk."""
        photo = review.done_photo(number)
        name = photo.record.name
        try:
            change(photo)
        except Conflict:
            detail = "another tab, browser or program has changed this photo; nothing was saved"
            row = review.photos.row(review.done_photo(number))
            return JSONResponse({"detail": detail, "photo": row}, 409)
        row = review.photos.row(review.done_photo(number))  # unless the folder is gone
        review.measurer.want(name)
        return JSONResponse({"photo": row})

    def _measures(photo: Photo) -> dict[str, Any] | None:
        """What was measured of the mask that counts."""
        if not photo.measured or photo.record.cracks is None:
            return None
        return read_cracks(review.results.file(photo.record.cracks))

    return router


async def _said(request: Request) -> tuple[Said, bytes | None]:
    """What a request says, as JSON or as a form, and the mask that comes with a form."""
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return Said.model_validate_json(await request.body()), None
        async with request.form(max_files=1, max_fields=len(Said.model_fields)) as form:
            file = form.get("mask")
            mask = await file.read() if isinstance(file, UploadFile) else None
            return Said.model_validate({name: value for name, value in form.items() if name != "mask"}), mask
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error
