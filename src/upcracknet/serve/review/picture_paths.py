"""The pictures that the page asks for."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException, Response

from upcracknet.serve.review.review import Review
from upcracknet.serve.review.rows import LARGEST_MASK, Photo

FOR_A_WHILE = {"Cache-Control": "private, max-age=3600"}
"""Of pictures of photos, which do not change while the server runs."""

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "there is none"}}


def picture_router(review: Review) -> APIRouter:
    """Make the paths of pictures.

    Args:
        review: of the folder.
    """
    router = APIRouter(prefix="/api/photos/{number}", responses=NOT_FOUND, default_response_class=Response)

    @router.get("/thumbnail")
    def thumbnail(number: int, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        photo = review.done_photo(number)
        headers = _tagged(photo.record.stamp, photo.mask_stamp, photo.revision, photo.missing)
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(review.pictures.thumbnail(photo), media_type="image/jpeg", headers=headers)

    @router.get("/tiles/{level}/{column}/{row}")
    def tile(number: int, level: int, column: int, row: int, cracks: bool = False) -> Response:
        photo = review.done_photo(number)
        content = review.pictures.tile(photo, level, column, row, cracks=cracks)
        if content is None:
            raise HTTPException(404, "no such tile")
        headers = FOR_A_WHILE if photo.missing is None and not cracks else None
        return Response(content, media_type="image/jpeg", headers=headers)

    @router.get("/mask")
    def mask(
        number: int,
        of: Literal["model"] | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        photo = editable(number)
        headers = _tagged(photo.mask_stamp, None if of == "model" else photo.revision)
        headers["X-Revision"] = photo.revision
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        content = review.pictures.mask(photo, of_model=of == "model")
        return Response(content, media_type="image/png", headers=headers)

    @router.get("/score")
    def score(number: int) -> Response:
        photo = editable(number)
        if photo.record.score is None:
            raise HTTPException(404, "no score was stored; `upcracknet detect --scores png` does")
        headers = FOR_A_WHILE | {"X-Threshold": str(photo.record.threshold)}
        return Response(review.pictures.score(photo), media_type="image/png", headers=headers)

    def editable(number: int) -> Photo:
        photo = review.done_photo(number)
        if not photo.editable:
            raise HTTPException(
                413, f"more than {LARGEST_MASK:,} pixels: too large to be drawn on; accept or reject it"
            )
        return photo

    return router


def _tagged(*state: str | None) -> dict[str, str]:
    """Headers of a picture that is made again where its state is another one; browsers ask each time."""
    tag = hashlib.sha256(repr(state).encode()).hexdigest()[:16]
    return {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
