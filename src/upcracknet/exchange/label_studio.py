"""Label Studio's JSON: a task a photo, its cracks as one brush mask that the program found beforehand.

Format: labelstud.io, "Import pre-annotated data" and the tag BrushLabels. The names in the results must be
those of the labelling setup, or Label Studio shows nothing; so both are written. All cracks of a photo are
one mask: each mask is a layer of the photo's size in the browser.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import numpy as np

from upcracknet.errors import DataError
from upcracknet.exchange.brush import to_brush
from upcracknet.exchange.labels import COLOUR, LABEL, crack_labels
from upcracknet.exchange.photos import ExportedPhoto
from upcracknet.exchange.shapes import AnnotatedPhoto, Shape, brush, polygon, readable, unusable
from upcracknet.files import one_line, replacing, write_atomically
from upcracknet.parsing import fits, shown

FILE = "tasks.json"
SETUP_FILE = "setup.xml"

CONTROL, IMAGE = "mask", "image"
"""Names of the brush and of the photo in the labelling setup."""

SETUP = f"""\
<View>
  <Image name="{IMAGE}" value="$image" zoom="true" zoomControl="true"/>
  <BrushLabels name="{CONTROL}" toName="{IMAGE}">
    <Label value="{LABEL}" background="{COLOUR}"/>
  </BrushLabels>
  <PolygonLabels name="polygon" toName="{IMAGE}">
    <Label value="{LABEL}" background="{COLOUR}"/>
  </PolygonLabels>
</View>
"""

LOCAL_FILES = "/data/local-files/?d=photos/"
"""Where Label Studio finds the photos, with the export folder as its document root."""

KINDS = ("brushlabels", "polygonlabels")
OTHER_KINDS = ("rectanglelabels", "ellipselabels", "keypointlabels", "vectorlabels")


@contextmanager
def writing(folder: Path, photo_address: str) -> Iterator[Callable[[ExportedPhoto], None]]:
    """Write a file of tasks, a photo at a time, and the setup; they are there once the block is left.

    Args:
        folder: of the export.
        photo_address: what Label Studio finds a photo's name behind.

    Yields:
        what adds a photo.

    Raises:
        OutputError: it cannot be written.
    """
    write_atomically(folder / SETUP_FILE, SETUP.encode())
    with replacing(folder / FILE) as partial, partial.open("w", encoding="ascii") as file:
        file.write("[")

        def add(photo: ExportedPhoto) -> None:
            task = json.dumps(_task(photo, photo_address))
            file.write(("\n" if photo.number == 1 else ",\n") + task)

        yield add
        file.write("\n]\n")


def _task(photo: ExportedPhoto, photo_address: str) -> dict[str, Any]:
    record, (height, width) = photo.record, photo.size
    # Storages such as s3:// take names as they are; addresses of the web are quoted.
    name = quote(photo.file_name) if photo_address.startswith(("/", "http")) else photo.file_name
    data = {
        "image": photo_address + name,
        "name": photo.file_name,
        "severity": record.severity,
        "crack_length_m": record.crack_length_m,
        "area_share": record.area_share,
    }
    task: dict[str, Any] = {"data": data}
    if photo.mask.any():
        result = {
            "id": f"cracks-{photo.number}",
            "type": "brushlabels",
            "from_name": CONTROL,
            "to_name": IMAGE,
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": {"format": "rle", "rle": to_brush(photo.mask), "brushlabels": [LABEL]},
        }
        model = str((record.settings or {}).get("model", "upcracknet"))
        task["predictions"] = [{"model_version": model, "result": [result]}]
    return task


def read(tasks: list[Any], label: str | None = None) -> Iterator[AnnotatedPhoto]:
    """Read annotated photos; of several annotations of a photo the last counts that was not skipped.

    Args:
        tasks: of an export as JSON (not JSON-MIN), with brush masks or polygons.
        label: what means crack; see :func:`.crack_labels`.

    Raises:
        DataError: it is no such export, or no label means crack.
    """
    try:
        annotated = [(task, _regions(task)) for task in tasks]
        labels = {name for _, regions in annotated for region in regions or () for name in _labels(region)}
        chosen = crack_labels(labels, label)
        named = [
            (str(task["data"].get("name") or _name_in(task["data"])), regions) for task, regions in annotated
        ]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(
            f"no tasks of Label Studio that can be read ({type(error).__name__}: {one_line(error)}); export "
            "them as JSON"
        ) from error
    for name, regions in named:
        yield readable(name, partial(_photo, name, regions, chosen))


def _photo(name: str, regions: list[dict[str, Any]] | None, chosen: set[str]) -> AnnotatedPhoto:
    if regions is None:
        return AnnotatedPhoto(name, shapes=None)
    regions = [region for region in regions if chosen.intersection(_labels(region))]
    sizes = {(int(region["original_height"]), int(region["original_width"])) for region in regions}
    shapes = tuple(_shape(region) for region in regions)
    return AnnotatedPhoto(name, sizes.pop() if len(sizes) == 1 else None, shapes)


def _regions(task: dict[str, Any]) -> list[dict[str, Any]] | None:
    """What was drawn; None where nobody annotated the photo."""
    usable = [one for one in task.get("annotations", []) if not one.get("was_cancelled")]
    if not usable:
        return None
    return [region for region in usable[-1]["result"] if region.get("type") in (*KINDS, *OTHER_KINDS)]


def _labels(region: dict[str, Any]) -> list[str]:
    labels = region["value"].get(region["type"], [])
    if not fits(labels, list[str]):
        raise TypeError(f"labels {shown(labels)}")
    return [*labels]


def _shape(region: dict[str, Any]) -> Shape:
    value = region["value"]
    if region.get("image_rotation"):
        return unusable("shape on a photo that was turned in Label Studio")
    if region["type"] == "brushlabels" and value.get("format") == "rle":
        return brush(value["rle"])
    if region["type"] == "polygonlabels":
        size = np.array([region["original_width"], region["original_height"]], float)
        return polygon(np.array(value["points"], float).reshape(-1, 2) / 100 * size)  # from per cent
    return unusable(str(region["type"]).removesuffix("labels"))


def _name_in(data: dict[str, Any]) -> str:
    """The photo's name in the address of its task, which may have been made by hand."""
    address = str(data.get("image") or next((text for text in data.values() if isinstance(text, str)), ""))
    place = address.partition("?d=")[2] or urlsplit(address).path
    # Photos that were uploaded have eight signs and a hyphen in front.
    return re.sub(r"(/upload/\d+/)[0-9a-f]{8}-", r"\1", unquote(place))
