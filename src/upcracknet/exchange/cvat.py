"""CVAT's own format "CVAT for images 1.1": one XML file, one mask a connected part.

Format: docs.cvat.ai, "XML annotation format", version 1.1. Run lengths go along the rows of the mask's box.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from upcracknet.errors import DataError
from upcracknet.exchange.labels import COLOUR, LABEL, crack_labels
from upcracknet.exchange.parts import ATTRIBUTES, Part
from upcracknet.exchange.photos import ExportedPhoto
from upcracknet.exchange.run_lengths import run_lengths
from upcracknet.exchange.shapes import AnnotatedPhoto, Shape, line, polygon, readable, runs_along, unusable
from upcracknet.files import json_bytes, one_line, replacing, write_atomically

FILE = "annotations.xml"

LABELS_FILE = "labels.json"
"""What CVAT's raw label editor takes: the label with its attributes."""

SHAPES = {"mask", "polygon", "polyline", "box", "ellipse", "points", "cuboid", "skeleton"}


@contextmanager
def writing(folder: Path) -> Iterator[Callable[[ExportedPhoto], None]]:
    """Write a file of annotations, a photo at a time, and the label; they are there once the block is left.

    Yields:
        what adds a photo.

    Raises:
        OutputError: it cannot be written.
    """
    attributes = [
        {"name": name, "mutable": False, "input_type": "text", "default_value": "", "values": [""]}
        for name in ATTRIBUTES
    ]
    label = {"name": LABEL, "type": "any", "color": COLOUR, "attributes": attributes}
    write_atomically(folder / LABELS_FILE, json_bytes([label]))
    with replacing(folder / FILE) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        xml.startDocument()
        xml.startElement("annotations", AttributesImpl({}))
        _text(xml, "version", "1.1")
        with _element(xml, "meta"), _element(xml, "task"):
            _text(xml, "name", "upcracknet")
            _text(xml, "mode", "annotation")
            with _element(xml, "labels"), _element(xml, "label"):
                _text(xml, "name", LABEL)
                _text(xml, "type", "any")
        xml.characters("\n")

        def add(photo: ExportedPhoto) -> None:
            parts, (height, width) = photo.parts, photo.size
            place = {"id": photo.number - 1, "name": photo.file_name, "width": width, "height": height}
            with _element(xml, "image", place):
                for part in parts:
                    with _element(xml, "mask", _mask(part)):
                        for name, value in part.attributes.items():
                            _text(xml, "attribute", str(value), {"name": name})
            xml.characters("\n")

        yield add
        xml.endElement("annotations")
        xml.endDocument()


def _mask(part: Part) -> dict[str, Any]:
    height, width = part.mask.shape
    lengths = ", ".join(map(str, run_lengths(part.mask.ravel()).tolist()))
    return {
        "label": LABEL,
        "source": "auto",
        "occluded": 0,
        "rle": lengths,
        "left": part.left,
        "top": part.top,
        "width": width,
        "height": height,
        "z_order": 0,
    }


@contextmanager
def _element(xml: XMLGenerator, name: str, attributes: dict[str, Any] | None = None) -> Iterator[None]:
    xml.startElement(name, AttributesImpl({key: str(value) for key, value in (attributes or {}).items()}))
    yield
    xml.endElement(name)


def _text(xml: XMLGenerator, name: str, text: str, attributes: dict[str, Any] | None = None) -> None:
    with _element(xml, name, attributes):
        xml.characters(text)


def read(content: bytes, label: str | None = None, line_width_px: float = 3.0) -> Iterator[AnnotatedPhoto]:
    """Read annotated photos.

    Args:
        content: of a file of "CVAT for images 1.1".
        label: what means crack; see :func:`.crack_labels`.
        line_width_px: width of polylines, in pixels.

    Raises:
        DataError: it is no such file, or no label means crack.
    """
    try:
        root = fromstring(content)
        photos = [*root.iter("image")]
        if root.tag != "annotations" or root.find("track") is not None:
            raise DataError(
                "no annotations of CVAT's images, perhaps those of a video; export the task as `CVAT for "
                "images 1.1`"
            )
        labels = {shape.get("label", "") for photo in photos for shape in photo if shape.tag in SHAPES}
        chosen = crack_labels(labels, label)
        names = [photo.attrib["name"] for photo in photos]
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise DataError(
            f"no file of CVAT that can be read ({one_line(error)}); export the task as `CVAT for images 1.1`"
        ) from error
    for name, photo in zip(names, photos, strict=True):
        yield readable(name, partial(_photo, name, photo, chosen, line_width_px))


def _photo(name: str, photo: Any, chosen: set[str], line_width_px: float) -> AnnotatedPhoto:
    cracks = [one for one in photo if one.tag in SHAPES and one.get("label", "") in chosen]
    size = (int(photo.attrib["height"]), int(photo.attrib["width"]))
    return AnnotatedPhoto(name, size, tuple(_shape(crack, line_width_px) for crack in cracks))


def _shape(element: Any, line_width_px: float) -> Shape:
    if element.tag == "mask":
        lengths = np.array([int(number) for number in element.attrib["rle"].split(",")], np.int64)
        left, top, width, height = (int(element.attrib[key]) for key in ("left", "top", "width", "height"))
        return runs_along(lengths, left, top, width, height)
    if element.tag in ("polygon", "polyline"):
        pairs = [pair.split(",") for pair in element.attrib["points"].split(";")]
        places = np.array(pairs, float).reshape(-1, 2)
        return polygon(places) if element.tag == "polygon" else line(places, line_width_px)
    return unusable(str(element.tag))
