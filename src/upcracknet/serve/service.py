"""The HTTP API of ``upcracknet serve``: photos in, measures out."""

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.formparsers import MultiPartParser

from upcracknet import __version__
from upcracknet.serve.answers import Health, Problem, problems
from upcracknet.serve.docs_page import add_docs_page
from upcracknet.serve.guard import Guard, GuardOptions
from upcracknet.serve.job_paths import job_router
from upcracknet.serve.label_studio import FewPredictions, label_studio_router
from upcracknet.serve.metrics import Counted, Metrics
from upcracknet.serve.options import FIELD_BYTES, FORM_BYTES
from upcracknet.serve.photo_paths import photo_router
from upcracknet.serve.refusals import add_refusals
from upcracknet.serve.worker import PhotoWorker

SPOOLED_BYTES = 16_384


def service(worker: PhotoWorker, guard: GuardOptions) -> FastAPI:
    """Make the app.

    Args:
        worker: works at the photos; started and stopped by the caller.
        guard: who may ask.
    """
    settings = worker.settings
    model_version = settings.model if settings.sha256 is None else f"{settings.model}-{settings.sha256[:8]}"
    app = FastAPI(
        title="upcracknet",
        version=__version__,
        description="Finds road cracks in photos and measures them.",
        docs_url=None,
        redoc_url=None,
        max_body_size=FORM_BYTES,
        form_limits={"max_files": 1, "max_fields": 8, "max_part_size": FIELD_BYTES},
        # The guard checks the token; this shows in the document that there is one.
        dependencies=[] if guard.token is None else [Depends(HTTPBearer(auto_error=False))],
        responses={400: {"model": Problem, "description": "no HTTP request or no form that can be read"}},
    )
    # Of each file that comes in, Starlette keeps so much in memory; the rest is on the disk at once.
    MultiPartParser.spool_max_size = SPOOLED_BYTES
    metrics = Metrics(worker)

    @app.get("/health", responses=problems(503), tags=["Service"])
    def get_health() -> Health:
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
    def get_figures() -> Response:
        """Give figures for Prometheus."""
        return Response(generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    for router in (photo_router(worker), job_router(worker), label_studio_router(worker, model_version)):
        app.include_router(router)
    add_docs_page(app)
    add_refusals(app, worker)
    app.add_middleware(FewPredictions)
    app.add_middleware(Counted, metrics=metrics)
    app.add_middleware(Guard, options=guard)
    return app
