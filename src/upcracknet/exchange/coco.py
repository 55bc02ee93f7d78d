"""COCO's format of instances: one JSON file, one annotation a connected part, masks as run lengths.

Format: cocodataset.org, "Data format", object detection. Run lengths go with ``iscrowd`` 0 here: each
annotation is one crack, and programs that train or score leave out what is a crowd. Readers, such as
pycocotools and Datumaro, which CVAT reads COCO with, tell masks by their form and not by ``iscrowd``.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet import __version__
from upcracknet.errors import DataError
from upcracknet.exchange.labels import LABEL, crack_labels
from upcracknet.exchange.parts import Part
from upcracknet.exchange.photos import ExportedPhoto
from upcracknet.exchange.run_lengths import coco_run_lengths, compressed
from upcracknet.exchange.shapes import AnnotatedPhoto, Shape, polygon, readable, runs_down, unusable
from upcracknet.files import one_line, replacing

FILE = "annotations.json"

COPIED_AT_ONCE = 16_384
"""Letters of annotations that are copied behind the photos at a time."""

CATEGORY = 1
"""Number of the category; CVAT takes 0 for none."""


@contextmanager
def writing(folder: Path) -> Iterator[Callable[[ExportedPhoto], None]]:
    """Write a file of annotations, a photo at a time; it is there once the block is left.

    Yields:
        what adds a photo.

    Raises:
        OutputError: it cannot be written.
    """
    info = {"description": "Cracks found by upcracknet", "version": __version__}
    categories = [{"id": CATEGORY, "name": LABEL, "supercategory": ""}]
    begin = json.dumps({"info": info, "licenses": [], "categories": categories})[:-1]
    with (
        replacing(folder / FILE) as partial,
        partial.open("w", encoding="ascii") as images,
        tempfile.TemporaryFile("w+", encoding="ascii", dir=folder) as annotations,
    ):
        images.write(begin + ', "images": [')
        count = 0

        def add(photo: ExportedPhoto) -> None:
            nonlocal count
            lines = [
                _annotation(photo, part, count + place) for place, part in enumerate(photo.parts, start=1)
            ]
            height, width = photo.size
            image = {"id": photo.number, "file_name": photo.file_name, "width": width, "height": height}
            images.write(("\n" if photo.number == 1 else ",\n") + json.dumps(image))
            for line in lines:
                annotations.write(("\n" if count == 0 else ",\n") + json.dumps(line))
                count += 1

        yield add
        images.write('\n], "annotations": [')
        annotations.seek(0)
        shutil.copyfileobj(annotations, images, COPIED_AT_ONCE)
        images.write("\n]}\n")


def _annotation(photo: ExportedPhoto, part: Part, number: int) -> dict[str, Any]:
    height, width = part.mask.shape
    return {
        "id": number,
        "image_id": photo.number,
        "category_id": CATEGORY,
        "segmentation": {
            "size": [*photo.size],
            "counts": compressed(coco_run_lengths(part.mask, part.left, part.top, photo.size)),
        },
        "area": int(np.count_nonzero(part.mask)),
        "bbox": [part.left, part.top, width, height],
        "iscrowd": 0,
        "attributes": part.attributes,
    }


def read(content: dict[str, Any], label: str | None = None) -> Iterator[AnnotatedPhoto]:
    """Read annotated photos.

    Args:
        content: of a file of instances; masks may be polygons, or run lengths as text or as numbers.
        label: the category that means crack; see :func:`.crack_labels`.

    Raises:
        DataError: it is no such file, or no category means crack.
    """
    try:
        categories = {entry["id"]: str(entry["name"]) for entry in content.get("categories", [])}
        chosen = crack_labels(categories.values(), label)
        of_image: dict[Any, list[dict[str, Any]]] = {}
        for annotation in content["annotations"]:
            if not categories or categories[annotation["category_id"]] in chosen:
                of_image.setdefault(annotation["image_id"], []).append(annotation)
        images = [(str(image["file_name"]), image) for image in content["images"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"no COCO file of instances that can be read ({type(error).__name__}: {one_line(error)}); export "
            "it again"
        ) from error
    for name, image in images:
        yield readable(name, partial(_photo, name, image, of_image))


def _photo(name: str, image: dict[str, Any], of_image: dict[Any, list[dict[str, Any]]]) -> AnnotatedPhoto:
    shapes = [shape for annotation in of_image.get(image["id"], []) for shape in _shapes(annotation)]
    return AnnotatedPhoto(name, (int(image["height"]), int(image["width"])), tuple(shapes))


def _shapes(annotation: dict[str, Any]) -> list[Shape]:
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        counts, (height, width) = segmentation["counts"], segmentation["size"]
        lengths = counts if isinstance(counts, str) else np.array(counts, np.int64)
        return [runs_down(lengths, (height, width))]
    if segmentation:
        return [polygon(np.array(places, float).reshape(-1, 2)) for places in segmentation]
    return [unusable("box")]
