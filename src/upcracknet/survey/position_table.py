"""Tables of positions (CSV): a line a photo, from whatever program placed it."""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.measure.times import seconds_since_1970
from upcracknet.results.records import Record

NEEDED = ("photo", "latitude", "longitude")
LIMITS = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "heading": (-360.0, 360.0),
    "course": (-360.0, 360.0),
    "altitude": (-12_000.0, 100_000.0),
}
"""Columns of numbers: degrees, and metres above the sea."""

SHOWN = 3
"""How many names, or lines, a note shows."""


@dataclass(frozen=True, slots=True)
class GivenPosition:
    """One line of a table.

    Attributes:
        latitude: in degrees (WGS 84).
        longitude: in degrees (WGS 84).
        heading_deg: which way up in the photo leads, from true north, clockwise.
        course_deg: which way the camera moved.
        altitude_m: above the sea.
        utc_s: when the photo was taken, in seconds since 1970 (UTC).
    """

    latitude: float
    longitude: float
    heading_deg: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    utc_s: float | None = None


def read_positions(path: Path, records: Sequence[Record]) -> tuple[dict[str, GivenPosition], list[str]]:
    """Read a table of positions and find the photo of each line.

    The columns ``photo``, ``latitude`` and ``longitude`` are needed; ``heading``, ``course``, ``altitude``
    and ``time`` (ISO 8601, UTC where it tells no zone) may be there; others do not count. Commas, semicolons
    and tabs separate columns; with the latter two, numbers may have a decimal comma. A photo is named as in
    the result folder, by its path, or by the end of either, such as its file name.

    Args:
        path: the table, UTF-8.
        records: of the photos.

    Returns:
        the positions by the records' names; and notes, in sentences: lines that are not used, and why.

    Raises:
        DataError: the table cannot be read, or lacks a column.
    """
    given: dict[str, set[GivenPosition]] = defaultdict(set)
    wrong = list[str]()
    for number, row in _rows(path):
        try:
            position = _position(row)
        except ValueError as error:
            wrong.append(f"{number} ({error})")
        else:
            given[_key(row["photo"])].add(position)
    owners, unknown, ambiguous = _owners(given, records)
    doubled = [key for key, places in given.items() if len(places) > 1]
    left_out = {
        "lines without a usable position": wrong,
        "photos that are not in the result folder": unknown,
        "names that several photos have; give more of their paths": ambiguous,
        "photos with more than one position": doubled,
    }
    notes = [f"{path.name}: left out {what}: {_some(items)}." for what, items in left_out.items() if items]
    return {name: next(iter(given[key])) for name, key in owners.items() if key not in doubled}, notes


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The number and the cells of each line, by the columns' names in lower case."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        first, _, rest = text.partition("\n")
        if first.strip().lower() in ("sep=;", "sep=,", "sep=\t"):  # for Excel
            first, text = rest.partition("\n")[0], rest
        separator = max(",;\t", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        columns = [column.strip().lower() for column in next(reader, [])]
        missing = [column for column in NEEDED if column not in columns]
        if missing:
            raise DataError(
                f"{path}: has no column {', '.join(missing)}; expected photo, latitude, longitude, and "
                "heading, course, altitude, time if known"
            )
        for cells in reader:
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            if not any(row.values()):
                continue
            if separator != ",":
                row |= {column: row[column].replace(",", ".") for column in LIMITS if column in row}
            yield reader.line_num, dict.fromkeys(columns, "") | row
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({one_line(error)}); give a table of positions (CSV)"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not in UTF-8; save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}: cannot be read as CSV ({one_line(error)})") from error


def _position(row: dict[str, str]) -> GivenPosition:
    """One line's position.

    Raises:
        ValueError: a value is missing or none, or the place is 0°, 0°.
    """
    numbers: dict[str, float | None] = {column: _number(row.get(column, ""), column) for column in LIMITS}
    latitude, longitude = numbers["latitude"], numbers["longitude"]
    if not row["photo"] or latitude is None or longitude is None:
        raise ValueError("has no photo, latitude or longitude")
    if latitude == 0 and longitude == 0:
        raise ValueError("0°, 0°, which stands for no place")
    heading, course = numbers["heading"], numbers["course"]
    return GivenPosition(
        latitude,
        longitude,
        None if heading is None else heading % 360,
        None if course is None else course % 360,
        numbers["altitude"],
        _seconds(row.get("time", "")),
    )


def _number(text: str, column: str) -> float | None:
    if not text:
        return None
    least, most = LIMITS[column]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise ValueError(f"{column} {text[:40]!r}, expected {least:g} to {most:g}")
    return number


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        return seconds_since_1970(datetime.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"time {text[:40]!r}, expected UTC, such as 2024-05-01T10:00:00Z") from error


def _key(photo: str) -> str:
    """A name with slashes, without steps that stay in a folder or lead out of it."""
    return "/".join(part for part in photo.replace("\\", "/").split("/") if part not in (".", ".."))


def _owners(
    keys: Mapping[str, object], records: Sequence[Record]
) -> tuple[dict[str, str], list[str], list[str]]:
    """The key of each record's name; keys of no record; and keys of several."""
    owners, names_of = dict[str, str](), defaultdict[str, set[str]](set)
    for record in records:
        exact = next((key for key in (record.name, record.photo) if key in keys), None)
        if exact is not None:
            owners[record.name] = exact
    whole = set(owners.values())
    others = keys.keys() - whole
    for record in records:
        for end in others.intersection([*_ends(record.name), *_ends(record.photo)]):
            names_of[end].add(record.name)
    # The longest end counts: a file name may be that of another photo too.
    for end in sorted(names_of, key=len):
        if len(names_of[end]) == 1:
            owners |= {name: end for name in names_of[end] if owners.get(name) not in whole}
    unknown = [key for key in keys if key in others and key not in names_of]
    return owners, unknown, [key for key in keys if len(names_of.get(key, ())) > 1]


def _ends(path: str) -> Iterator[str]:
    """The ends of a path, from the file name on."""
    parts = path.replace("\\", "/").split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def _some(items: Sequence[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")
