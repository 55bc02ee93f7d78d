"""The file ``cracks/NAME.json``: all that was measured of a photo; and what records and tables say of it."""

import gc
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.errors import DataError
from upcracknet.measure.inspection import Inspection
from upcracknet.measure.networks import Network
from upcracknet.measure.quantities import Quantity
from upcracknet.measure.records import Crack
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import to_dict
from upcracknet.parsing import fits, parse_json
from upcracknet.results.records import severity_rank

FORMAT, VERSION = "upcracknet cracks", 1

_LINES = re.compile(rb'"(?:axis|width_along_px)":\[[][0-9.,e-]*\],')
"""The fields that hold a crack's lines, as :func:`crack_file` writes them."""

_WIDTHS = re.compile(rb'"width_along_px":\[[][0-9.,e-]*\],')
"""The one of them that holds widths."""

_NUMBER = float | None

WHOLE: dict[str, Any] = {
    "width": int, "height": int, "scale": dict[str, Any] | None, "standard": str | None,
    "direction": dict[str, Any] | None, "widths": str, "notes": list[str], "readings": dict[str, Any] | None,
}  # fmt: skip
"""Fields of a file and what they may be, as they are read again."""

ROWS: dict[str, Any] = {
    "number": int, "kind": str, "severity": str | None, "gradable": bool, "orientation_deg": _NUMBER,
    "length_px": float, "length_mm": _NUMBER, "width_mean_px": _NUMBER, "width_mean_mm": _NUMBER,
    "width_median_px": _NUMBER, "width_median_mm": _NUMBER, "width_p95_px": _NUMBER, "width_p95_mm": _NUMBER,
    "width_max_px": _NUMBER, "width_max_mm": _NUMBER, "width_max_place": tuple[_NUMBER, _NUMBER],
    "area_px": _NUMBER, "area_mm2": _NUMBER, "scale_source": str | None, "scale_uncertainty": _NUMBER,
    "pieces": int, "piece_side_px": _NUMBER, "piece_side_mm": _NUMBER,
    "distress": str, "amount": float, "unit": str, "code": str, "count": int | None,
}  # fmt: skip
"""The same of the rows of cracks, networks and quantities."""

CRACK_COLUMNS = {
    "name": "string",
    "number": "int64",
    "kind": "string",
    "severity": "string",
    "length_px": "float64",
    "length_mm": "float64",
    "width_mean_px": "float64",
    "width_median_px": "float64",
    "width_p95_px": "float64",
    "width_max_px": "float64",
    "width_mean_mm": "float64",
    "width_median_mm": "float64",
    "width_p95_mm": "float64",
    "width_max_mm": "float64",
    "width_max_x_px": "float64",
    "width_max_y_px": "float64",
    "area_px": "int64",
    "area_mm2": "float64",
    "orientation_deg": "float64",
    "gradable": "bool_",
    "standard": "string",
    "scale_source": "string",
    "scale_uncertainty": "float64",
}
"""Columns of the table of cracks and their types; what is not known is empty."""


def crack_file(inspection: Inspection, widths: str) -> bytes:
    """Give the content of a photo's file of cracks.

    Args:
        inspection: what was measured.
        widths: what widths were measured in: "photo" or "mask".
    """
    frame, direction, scale = inspection.classes.frame, inspection.direction, inspection.scale
    content = {
        "format": FORMAT,
        "version": VERSION,
        "width": frame.width,
        "height": frame.height,
        "scale": to_dict(scale) if isinstance(scale, Scale) else None,
        "standard": inspection.standard,
        "direction": None if direction is None else asdict(direction),
        "widths": widths,
        "notes": list(inspection.notes),
        "cracks": [_plain(crack) for crack in inspection.cracks],
        "networks": [_plain(network) for network in inspection.networks],
        "quantities": [_plain(quantity) for quantity in inspection.quantities],
        "readings": None if inspection.readings is None else _plain(inspection.readings),
    }
    # Not indented: Python writes that many times slower, and a network has a hundred thousand places.
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n").encode(
        errors="surrogateescape"
    )


def summary(inspection: Inspection) -> dict[str, Any]:
    """Sum up what was measured, for a photo's record.

    Joints are no cracks. A sum in metres is that of the cracks that have millimetres, and None where none
    has.
    """
    cracks = [crack for crack in inspection.cracks if crack.kind != "joint"]
    values: dict[str, Any] = {
        "crack_count": len(cracks),
        "crack_length_px": round(math.fsum(crack.length_px for crack in cracks), 2),
    }
    if inspection.scale is None:
        return values
    severities: dict[str, float] = {}
    for crack in cracks:
        if crack.severity is not None and crack.length_mm is not None:
            severities[crack.severity] = severities.get(crack.severity, 0.0) + crack.length_mm / 1000
    areas = [network.area_mm2 for network in inspection.networks if network.area_mm2 is not None]
    on_road = [(crack.length_mm, crack.width_mean_mm, crack.width_max_mm) for crack in cracks]
    lengths, means, greatest = np.array([row for row in on_road if None not in row], float).reshape(-1, 3).T
    # Networks are graded by more than their cracks' widths.
    found = {*severities, *(row.severity for row in inspection.quantities)}
    return values | {
        "crack_length_m": None if cracks and not len(lengths) else round(float(lengths.sum()) / 1000, 4),
        "crack_width_mean_mm": round(float(np.average(means, weights=lengths)), 3) if len(lengths) else None,
        "crack_width_max_mm": round(float(greatest.max()), 3) if len(lengths) else None,
        "severity": max(found, key=severity_rank, default=None),
        "severity_length_m": {
            name: round(severities[name], 4) for name in sorted(severities, key=severity_rank)
        },
        "network_area_m2": round(math.fsum(areas) / 1e6, 4),
        "scale_source": inspection.scale.source,
        "scale_uncertainty": round(inspection.scale.uncertainty, 6),
    }


def read_cracks(path: Path, *, lines: bool = True, widths: bool = True) -> dict[str, Any]:
    """Read a photo's file of cracks.

    Args:
        path: the file.
        lines: whether the cracks' axes and the widths along them are needed. They are most of a file, and
            without them it is read many times faster.
        widths: whether the widths along the axes are needed.

    Returns:
        what stands in it.

    Raises:
        DataError: it cannot be read, or is none.
    """
    collecting = gc.isenabled()
    # A file makes a hundred thousand lists and no cycle: looking for cycles takes longer than reading it.
    gc.disable()
    try:
        raw = path.read_bytes()
        if not (lines and widths):
            raw = (_WIDTHS if lines else _LINES).sub(b"", raw)
        return _sound(parse_json(raw))
    except (OSError, ValueError, TypeError) as error:
        raise unreadable(path, error) from error
    finally:
        if collecting:
            gc.enable()


def _sound(content: Any) -> dict[str, Any]:
    """Give the content of a file of cracks, all of whose values must be of their types.

    Raises:
        ValueError: a value is of another type.
        TypeError: the same, of places.
    """
    if not fits(content, dict[str, Any]):
        raise ValueError("no object")
    parts = {name: content.get(name, []) for name in ("cracks", "networks", "quantities")}
    if not all(fits(part, list[dict[str, Any]]) for part in parts.values()):
        raise ValueError("no lists of objects")
    rows = [(content, WHOLE), *((row, ROWS) for row in chain.from_iterable(parts.values()))]
    if not all(fits(row[name], hint) for row, hints in rows for name, hint in hints.items() if name in row):
        raise ValueError("a value of another type")
    for crack in parts["cracks"]:
        _require_places(crack.get("axis", []))
        widths = crack.get("width_along_px", [])
        _require_numbers(widths)
        if "axis" in crack and widths and [*map(len, widths)] != [*map(len, crack["axis"])]:
            raise ValueError("other widths than places")
    _require_places([network["polygon"] for network in parts["networks"] if "polygon" in network], least=3)
    return dict(content)


def _require_places(lines: Any, least: int = 1) -> None:
    """Refuse lines that are not of so many places, or places that are no pairs of numbers."""
    if not fits(lines, list[list[Any]]) or any(len(line) < least for line in lines):
        raise ValueError("no lines")
    places: Sequence[Any] = [*chain.from_iterable(lines)]
    if any(len(place) != 2 for place in places):
        raise ValueError("no places")
    _require_numbers(places)


def _require_numbers(lists: Any) -> None:
    # By their types: there may be a hundred thousand.
    if not fits(lists, list[list[Any]]) or not set(map(type, chain.from_iterable(lists))) <= {int, float}:
        raise ValueError("no numbers")


def crack_rows(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """Read the rows of the table of cracks from a photo's file.

    Args:
        path: the file.
        name: of the photo's results.

    Raises:
        DataError: the file cannot be read, or is none.
    """
    content = read_cracks(path, lines=False)
    try:
        more = {"name": name, "standard": content["standard"]}
        for crack in content["cracks"]:
            x, y = crack["width_max_place"]
            row = crack | more | {"width_max_x_px": x, "width_max_y_px": y}
            yield {column: row[column] for column in CRACK_COLUMNS}
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> DataError:
    """Say that a file of cracks cannot be read, for any reason that reading it may bring up."""
    return DataError(
        f"{path}: no file of cracks that can be read ({type(error).__name__}); delete it, and run "
        "`upcracknet measure` again"
    )


def _plain(measured: Crack | Network | Any) -> dict[str, Any]:
    """The fields of what was measured, for JSON; places and widths along a line to 0.01 of a pixel."""
    return {field.name: _value(getattr(measured, field.name)) for field in fields(measured)}


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.round(value, 2).tolist()
    if isinstance(value, tuple):
        return [_value(part) for part in value]
    if isinstance(value, Quantity):
        return _plain(value)
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
