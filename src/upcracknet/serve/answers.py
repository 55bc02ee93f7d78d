"""What the service is asked and answers, as its OpenAPI document has it."""

from typing import Annotated, Any

from fastapi import Form
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from upcracknet.measure.severity import StandardName
from upcracknet.serve.jobs import JobState, State

Id = Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]
Millimetres = Annotated[
    float | None,
    Form(
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="size of a pixel on the road; without it no millimetres",
    ),
]
Standard = Annotated[StandardName | None, Form(description="whose severities and quantities")]


class Problem(BaseModel):
    """What was wrong, what was expected, what to do."""

    detail: str


class PhotoAnswer(BaseModel):
    """What was found in a photo: the fields of its record, and its file of cracks.

    Both are described on the page of the result folder.
    """

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, Field(description="of the photo, for GET /photos/{id}")]
    file_name: Annotated[str, Field(description="as it was sent")]
    status: str
    width: Annotated[int, Field(description="of the photo, in pixels")]
    height: Annotated[int, Field(description="of the photo, in pixels")]
    crack_pixels: int
    area_share: Annotated[float, Field(description="share of the photo that is crack, 0 to 1")]
    crack_count: int | None
    crack_length_px: float | None
    crack_length_m: float | None
    crack_width_mean_mm: float | None
    crack_width_max_mm: float | None
    severity: str | None
    warning: str | None
    measure_warning: str | None
    mask: Annotated[str, Field(description="address of the mask; with inline=true a data URI")]
    overlay: Annotated[str | None, Field(description="address of the overlay; with inline=true a data URI")]
    measures: Annotated[dict[str, Any] | None, Field(description="as in cracks/NAME.json of a result folder")]


class JobPhoto(BaseModel):
    """A photo of a job."""

    id: str
    file_name: Annotated[str, Field(description="as it was sent")]
    state: State
    error: Annotated[str | None, Field(description="why it could not be used")] = None
    result: Annotated[str | None, Field(description="address of its measures, once it is done")] = None


class JobAnswer(BaseModel):
    """How far a job is, and what became of its photos."""

    id: str
    state: JobState
    photos: Annotated[int, Field(description="number of photos")]
    done: int
    failed: int
    cancelled: int
    waiting: Annotated[int, Field(description="number that is left, those in work included")]
    seconds_left: Annotated[
        float | None,
        Field(description="until it is done, with the jobs before it; null while it is not known"),
    ]
    results: list[JobPhoto]


class Health(BaseModel):
    """Whether the service works; ``UP`` is what Label Studio looks for."""

    status: Annotated[str, Field(description="UP")]
    version: Annotated[str, Field(description="of upcracknet")]
    model_version: Annotated[str, Field(description="name and checksum of the model")]
    queued_photos: Annotated[int, Field(description="single photos that wait or are in work")]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Say for the OpenAPI document which refusals a path may answer."""
    # From the guard before all paths: another host, another site, no token.
    return {status: {"model": Problem} for status in (*statuses, 401, 403, 421)}
