"""The file ``survey.json`` of a result folder: where its photos are, and its sections (docs/survey.md)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from upcracknet.errors import DataError
from upcracknet.files import write_atomically
from upcracknet.parsing import built, parse_json, shown
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.survey.records import Position, Section, SectionQuantity, Survey, SurveyPhoto

FORMAT, VERSION = "upcracknet survey", 1
NAME = "survey.json"

DIGITS = 8
"""Of degrees, behind the point: a millimetre."""


def write_survey(folder: ResultFolder, survey: Survey) -> None:
    """Write a survey into its result folder.

    Args:
        folder: the folder.
        survey: of it.

    Raises:
        OutputError: it cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "options": survey.options,
        "notes": survey.notes,
        "line": [_rounded(piece) for piece in survey.line],
        "photos": [_photo_to_dict(photo) for photo in survey.photos],
        "sections": [asdict(section) | {"line": _rounded(section.line)} for section in survey.sections],
    }
    # Not indented, as a survey has thousands of places; escapes alone keep file names that are not UTF-8.
    text = json.dumps(content, separators=(",", ":")) + "\n"
    write_atomically(folder.path / NAME, text.encode())


def read_survey(folder: ResultFolder) -> Survey:
    """Read the survey of a result folder, with the records as they are now.

    Args:
        folder: the folder.

    Returns:
        the survey. :attr:`.Survey.outdated` tells what has changed since it was made. Photos that were added
        since then are in it without a place, and those that are gone are not.

    Raises:
        DataError: there is none, it is damaged, or of another version.
    """
    path = folder.path / NAME
    content = _content(path)
    now = {record.name: record for record in folder.readable_records()}
    try:
        _require_lists(content, ("photos", "sections", "line"))
        then = {values["name"]: values for values in content["photos"]}
        photos = tuple(_photo(record, then.get(name)) for name, record in now.items())
        sections = tuple(_section(values) for values in content["sections"])
        line = tuple(_places(piece) for piece in content["line"])
        # Photos and sections hold what is no plain value, and are sound already.
        survey = built(Survey, {"photos": (), "options": content["options"], "notes": content["notes"]})
        survey = replace(survey, photos=photos, sections=sections, line=line)
        changed = sum(
            values["record"] != _fingerprint(now[name]) for name, values in then.items() if name in now
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from error
    return replace(survey, outdated=_outdated(len(now.keys() - then), len(then.keys() - now), changed))


def _content(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(
            f"{path.parent}: has no survey yet; make one with `upcracknet map {path.parent}`"
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path}: is no survey; delete it and run `upcracknet map {path.parent}`")
    if content.get("version") != VERSION:
        raise DataError(
            f"{path}: a survey of version {shown(content.get('version'))}, expected {VERSION}; run "
            f"`upcracknet map {path.parent}` again, or update upcracknet"
        )
    return content


def _require_lists(content: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if not isinstance(content[name], list):
            raise TypeError(f"{name} is {shown(content[name])}")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read as a survey ({type(error).__name__}); run `upcracknet map {path.parent}` "
        "again"
    )


def _outdated(added: int, gone: int, changed: int) -> str | None:
    """What has changed, as a sentence."""
    counts = {"added": added, "gone": gone, "detected or measured again": changed}
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return (
        f"Photos have changed since the survey was made: {said}. Run `upcracknet map` again."
        if said
        else None
    )


def _fingerprint(record: Record) -> str:
    """A checksum of what is known of a photo."""
    # Without what is not known, as later versions add fields.
    known = {name: value for name, value in asdict(record).items() if value is not None}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


def _photo_to_dict(photo: SurveyPhoto) -> dict[str, Any]:
    position = photo.position
    values: dict[str, Any] = {"name": photo.record.name, "record": _fingerprint(photo.record)}
    if position is not None:
        values |= asdict(position) | {
            "latitude": round(position.latitude, DIGITS),
            "longitude": round(position.longitude, DIGITS),
            "time": None if position.time is None else position.time.isoformat(),
        }
    return values | {
        "problem": photo.problem,
        "section": photo.section,
        "chainage_m": photo.chainage_m,
        "counted": photo.counted,
    }


def _photo(record: Record, values: Mapping[str, Any] | None) -> SurveyPhoto:
    """A photo with its place, or as one that the survey does not know."""
    if values is None:
        return SurveyPhoto(record, problem="was added after the survey was made; run `upcracknet map` again")
    position = None
    if values.get("latitude") is not None:
        time = values["time"]
        position = built(Position, {**values, "time": None if time is None else datetime.fromisoformat(time)})
        _places([(position.longitude, position.latitude)])
    known = {name: values[name] for name in ("problem", "section", "chainage_m", "counted")}
    return built(SurveyPhoto, {"record": record, "position": position, **known})


def _section(values: Mapping[str, Any]) -> Section:
    quantities = tuple(built(SectionQuantity, quantity) for quantity in values["quantities"])
    section = built(Section, {**values, "line": _places(values["line"]), "quantities": ()})
    return replace(section, quantities=quantities)


def _places(pairs: Any) -> tuple[tuple[float, float], ...]:
    """Places on the earth: longitude and latitude in degrees."""
    places = tuple((float(x), float(y)) for x, y in pairs)
    if not all(abs(x) <= 180 and abs(y) <= 90 for x, y in places):
        raise ValueError("a place that is not on the earth")
    return places


def _rounded(line: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(round(longitude, DIGITS), round(latitude, DIGITS)) for longitude, latitude in line]
