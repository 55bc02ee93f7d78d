"""The backend for Label Studio: it sends tasks, and shows what is answered as predictions.

Contract: HumanSignal/label-studio-ml-backend, ``label_studio_ml/api.py``: ``POST /predict``, ``POST /setup``,
``GET /health``. Only photos that are part of a task are looked at, as data URIs: a request must not make this
program fetch an address or read a file.
"""

import asyncio
import base64
import binascii
import io
from dataclasses import dataclass
from typing import Annotated, Any
from xml.etree.ElementTree import ParseError

import defusedxml
import defusedxml.ElementTree
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from upcracknet.data.photo import load_mask
from upcracknet.errors import PhotoError
from upcracknet.exchange.brush import to_brush
from upcracknet.exchange.label_studio import CONTROL, IMAGE
from upcracknet.exchange.labels import LABEL
from upcracknet.results.records import Record
from upcracknet.serve.answers import problems
from upcracknet.serve.asking import ask
from upcracknet.serve.options import FORM_BYTES, MEGABYTE
from upcracknet.serve.worker import PhotoWorker

MOST_TASKS = 16
"""Tasks of a request; Label Studio sends one, or some at a time."""

PREDICT, MOST_PREDICTIONS = "/predict", 4
"""Path of predictions, and how many of them are read at a time."""


@dataclass(frozen=True)
class Names:
    """What a labelling setup calls its parts.

    Attributes:
        brush: that masks are drawn with.
        image: the photo.
        label: what means crack.
        key: where the photo is in the data of a task.
    """

    brush: str
    image: str
    label: str
    key: str


USUAL_NAMES = Names(CONTROL, IMAGE, LABEL, IMAGE)
"""Those of the setup that ``upcracknet export-results`` writes."""


class Task(BaseModel):
    """A task of Label Studio, of which this is read."""

    id: int | str | None = None
    data: Annotated[
        dict[str, Any], Field(description="the photo as data URI, such as data:image/jpeg;base64,…")
    ]


class PredictRequest(BaseModel):
    """What Label Studio asks."""

    tasks: Annotated[list[Task], Field(min_length=1, max_length=MOST_TASKS)]
    label_config: Annotated[str | None, Field(max_length=100_000, description="labelling setup, XML")] = None


class Prediction(BaseModel):
    """What is answered to a task."""

    model_version: str
    score: Annotated[float, Field(description="share of the photo that is crack, 0 to 1")]
    result: Annotated[
        list[dict[str, Any]], Field(description="one brush mask; empty where there is no crack")
    ]
    error: Annotated[str | None, Field(description="why the photo could not be used")] = None


class PredictAnswer(BaseModel):
    """Predictions, in the order of the tasks."""

    results: list[Prediction]
    model_version: str


class SetupRequest(BaseModel):
    """What Label Studio tells of a project."""

    project: str | int | None = None
    label_config: Annotated[str | None, Field(alias="schema", max_length=100_000)] = None


class SetupAnswer(BaseModel):
    """Which model answers."""

    model_version: str


class FewPredictions:
    """ASGI middleware that lets few predictions in at a time: unlike other photos they come into memory.

    Answers 503 where there are more, before it reads them.

    Args:
        app: what it stands before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.inside = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] != PREDICT:
            await self.app(scope, receive, send)
            return
        if self.inside >= MOST_PREDICTIONS:
            busy = {"detail": f"{self.inside} predictions are in work; ask again in a few seconds"}
            await JSONResponse(busy, 503, {"Retry-After": "5"})(scope, receive, send)
            return
        self.inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside -= 1


def label_studio_router(worker: PhotoWorker, model_version: str) -> APIRouter:
    """Make the backend's paths.

    Args:
        worker: works at the photos.
        model_version: name of the model.
    """
    router = APIRouter(tags=["Label Studio"])
    limit = 3 * worker.store.options.max_photo_mb * MEGABYTE // 2  # base64 takes a third more

    @router.post("/setup", responses=problems(400, 413, 422), max_body_size=FORM_BYTES)
    def setup(request: SetupRequest) -> SetupAnswer:
        """Take note of a project: says which model answers, or what its labelling setup lacks."""
        if request.label_config is not None:
            _names(request.label_config)
        return SetupAnswer(model_version=model_version)

    @router.post(PREDICT, responses=problems(400, 408, 413, 422, 503), max_body_size=limit)
    async def predict(request: PredictRequest) -> PredictAnswer:
        """Find the cracks in the photos of tasks, as brush masks."""
        names = USUAL_NAMES if request.label_config is None else _names(request.label_config)
        photos = await run_in_threadpool(lambda: [_photo(task, names.key) for task in request.tasks])
        answers = [_prediction(worker, photo, names, model_version) for photo in photos]
        return PredictAnswer(results=await asyncio.gather(*answers), model_version=model_version)

    return router


async def _prediction(worker: PhotoWorker, photo: bytes, names: Names, version: str) -> Prediction:
    try:
        accepted, record = await ask(worker, io.BytesIO(photo), "photo")
    except PhotoError as error:
        return Prediction(model_version=version, score=0.0, result=[], error=str(error))
    try:
        result = await run_in_threadpool(_regions, worker, record, names)
    finally:
        await run_in_threadpool(worker.store.forget, [accepted.id])
    return Prediction(model_version=version, score=record.area_share or 0.0, result=result)


def _regions(worker: PhotoWorker, record: Record, names: Names) -> list[dict[str, Any]]:
    if not record.crack_pixels or record.mask is None:
        return []
    mask = load_mask(worker.store.results.file(record.mask))
    return [
        {
            "id": "cracks",
            "type": "brushlabels",
            "from_name": names.brush,
            "to_name": names.image,
            "original_width": mask.shape[1],
            "original_height": mask.shape[0],
            "image_rotation": 0,
            "value": {"format": "rle", "rle": to_brush(mask), "brushlabels": [names.label]},
        }
    ]


def _photo(task: Task, key: str) -> bytes:
    value = task.data.get(key)
    header, comma, content = value.partition(",") if isinstance(value, str) else ("", "", "")
    if not comma or not header.startswith("data:image/") or not header.endswith(";base64"):
        raise HTTPException(
            422,
            f"task {task.id}: data.{key} is no data URI; this backend fetches no addresses and reads no "
            "files; import tasks with the photos in them, or predictions of `upcracknet export-results`",
        )
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(422, f"task {task.id}: data.{key} is no base64; import the task again") from error


def _names(setup: str) -> Names:
    """Find the brush of a labelling setup."""
    try:
        view = defusedxml.ElementTree.fromstring(setup)
    except (ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        raise HTTPException(422, "the labelling setup is no XML; copy it again") from error
    brush = view.find(".//BrushLabels")
    image = None
    if brush is not None:
        image = next((one for one in view.iter("Image") if one.get("name") == brush.get("toName")), None)
    labels = [] if brush is None else [label.get("value", "") for label in brush.findall("Label")]
    label = next((name for name in labels if name.casefold() in (LABEL, LABEL + "s")), None)
    if label is None and len(labels) == 1:
        label = labels[0]
    if brush is None or image is None or label is None:
        raise HTTPException(
            422,
            "the labelling setup needs an Image, and BrushLabels for it with one label, or one called "
            "'crack'; `upcracknet export-results` writes such a setup",
        )
    key = image.get("value", f"${IMAGE}").lstrip("$")
    return Names(brush.get("name", CONTROL), image.get("name", IMAGE), label, key)
