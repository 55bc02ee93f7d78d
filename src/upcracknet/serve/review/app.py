"""The server of the review page; what it answers stands in this package's own description."""

from pathlib import Path
from typing import Any, get_args

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

import upcracknet.report
from upcracknet.errors import OutputError, UpCrackNetError
from upcracknet.results.corrections import RejectReason
from upcracknet.serve.guard import Guard, GuardOptions
from upcracknet.serve.review.access import Access
from upcracknet.serve.review.correction_paths import correction_router
from upcracknet.serve.review.picture_paths import picture_router
from upcracknet.serve.review.review import Review

PAGE = Path(__file__).parent / "page"
LEAFLET = Path(upcracknet.report.__file__).parent / "leaflet"

BODY_BYTES = 64_000_000
"""Most bytes of a request; the mask of a photo takes a few million."""


class Here(BaseModel):
    """What a tab says of itself.

    Attributes:
        session: its name.
        photo: number of the photo that is open in it.
    """

    session: str = Field(min_length=1, max_length=100)
    photo: int | None = None


def review_app(review: Review, token: str | None = None, once: str | None = None) -> FastAPI:
    """Make the app.

    Args:
        review: of the folder; its measurer is started and stopped by the caller.
        token: needed by all that is not the page itself; None asks for none.
        once: lets in once in its place.
    """
    app = FastAPI(
        title="upcracknet review", docs_url=None, redoc_url=None, openapi_url=None, max_body_size=BODY_BYTES
    )
    access = Access(token, once)

    @app.get("/")
    def page(token: str | None = None) -> Response:
        return FileResponse(PAGE / "index.html") if token is None else access.enter(token)

    guarded = [Depends(access.require)]
    app.include_router(_survey_router(review), dependencies=guarded)
    app.include_router(picture_router(review), dependencies=guarded)
    app.include_router(correction_router(review), dependencies=guarded)
    app.mount("/page", StaticFiles(directory=PAGE, check_dir=False))
    app.mount("/leaflet", StaticFiles(directory=LEAFLET, check_dir=False))
    app.add_exception_handler(UpCrackNetError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_middleware(Guard, options=GuardOptions())
    return app


def _survey_router(review: Review) -> APIRouter:
    """Make the paths of the folder as a whole."""
    router = APIRouter(prefix="/api")

    @router.get("/survey")
    def survey() -> dict[str, Any]:
        review.refresh()
        photos = review.photos
        return {
            "folder": review.results.path.absolute().name,
            "standard": photos.standard(),
            "revision": photos.revision,
            "session": review.presence.new(),
            "photos": len(photos.names()),
            "has_map": bool(photos.places),
            "reasons": get_args(RejectReason),
            "suggested": [
                row["id"]
                for row in sorted(photos.rows(), key=lambda row: row["suggested"] or 0)
                if row["suggested"]
            ],
        }

    @router.get("/photos")
    def rows(since: int = -1) -> list[dict[str, Any]]:
        review.refresh()
        return review.photos.rows(since)

    @router.get("/photos/{number}")
    def row(number: int) -> dict[str, Any]:
        return review.photos.row(review.photo(number))

    @router.get("/map", response_class=Response)
    def map_data() -> Response:
        review.refresh()
        content = review.survey_map.content(review.photos.rows())
        if content is None:
            raise HTTPException(404, "no map was made; `upcracknet map` makes one")
        return Response(content, media_type="application/json")

    @router.post("/presence")
    def presence(here: Here) -> dict[str, int]:
        others, on_this_photo = review.presence.others(here.session, here.photo)
        return {"others": others, "on_this_photo": on_this_photo, "revision": review.photos.revision}

    return router


def _failed(request: Request, error: Exception) -> JSONResponse:
    """What was wrong with a request, or, where it was none of its fault, with the disk."""
    return JSONResponse({"detail": str(error)}, 507 if isinstance(error, OutputError) else 422)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return JSONResponse({"detail": "; ".join(wrong)}, 422)
