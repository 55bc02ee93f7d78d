"""Which annotation program a file is of, and what it says of each photo."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.exchange import coco, cvat, label_studio, masks
from upcracknet.exchange.exporting import Format
from upcracknet.exchange.shapes import AnnotatedPhoto
from upcracknet.files import one_line
from upcracknet.parsing import parse_json


@dataclass(frozen=True)
class ImportOptions:
    """How annotations are read.

    Attributes:
        label: the label that means crack; without it `crack`, or the only one.
        line_width_px: width of the cracks that CVAT has as polylines, in pixels.
        accept_unchanged: note photos whose mask comes back as it went as accepted. Without it nothing is
            noted of them: nobody may have looked at them.
    """

    label: str | None = None
    line_width_px: float = 3.0
    accept_unchanged: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.line_width_px < 1000:
            raise ConfigurationError(f"--line-width-px {self.line_width_px:g}: expected 1 to 1000 pixels")


def read_annotations(
    file: Path, options: ImportOptions, kind: Format | None = None
) -> tuple[Iterator[AnnotatedPhoto], Format]:
    """Read annotated photos, and tell of which format they are.

    Args:
        file: see :func:`import_annotations`.
        options: how it is read.
        kind: what it is; None finds out.

    Raises:
        DataError: it cannot be read, or is of no known format.
    """
    if file.is_dir():
        _require(kind, "masks", file)
        return masks.read(file), "masks"
    name, content = _content(file)
    if name.endswith(".xml"):
        _require(kind, "cvat", file)
        return cvat.read(content, options.label, options.line_width_px), "cvat"
    try:
        read: Any = parse_json(content)
    except ValueError as error:
        raise DataError(f"{file}: no JSON that can be read ({one_line(error)}); export it again") from error
    if isinstance(read, dict) and "images" in read and "annotations" in read:
        _require(kind, "coco", file)
        return coco.read(read, options.label), "coco"
    if isinstance(read, list):
        _require(kind, "label-studio", file)
        return label_studio.read(read, options.label), "label-studio"
    raise DataError(
        f"{file}: expected COCO, tasks of Label Studio, `CVAT for images 1.1`, or a folder of masks; export "
        "the annotations as one of them"
    )


def _require(kind: Format | None, found: Format, file: Path) -> None:
    if kind not in (None, found):
        raise DataError(f"{file}: looks like {found}, but --from says {kind}; leave --from out")


def _content(file: Path) -> tuple[str, bytes]:
    """Name and content of a file, or of the annotations in an archive."""
    try:
        if not zipfile.is_zipfile(file):
            return file.name.lower(), file.read_bytes()
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith((".xml", ".json"))]
            if len(names) != 1:
                raise DataError(
                    f"{file}: {len(names)} files of annotations in the archive, expected one; unpack it, and "
                    "give one of them"
                )
            return names[0].lower(), archive.read(names[0])
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file; give what the annotation program exported") from error
    # The last two: an archive that is packed in a way that Python cannot read, or has a password.
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{file}: cannot be read ({one_line(error)}); export it again") from error
