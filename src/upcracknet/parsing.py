"""Plain values of files that anybody may have changed: sound JSON, and fields of the right type."""

import json
import math
import re
import reprlib
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
Test = Callable[[Any], bool]

DEEPEST = 64
"""How deep lists and objects may lie in each other. The files of this package have ten levels."""

_EXTREME = re.compile(r"[0-9]{19}|[eE]\+?[0-9]{3}")
"""Only numbers with so many digits can be too large for 64 bits."""

_ODD_SIGN = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:d[89a-f]|0000)", re.IGNORECASE)
"""Escapes of half a sign (surrogates), and of the sign NUL, which no name of a file can have."""


def parse_json(content: bytes) -> Any:
    """Read JSON (RFC 8259) whose values can be calculated with and written again.

    UTF-8, UTF-16 and UTF-32 are read, with a byte order mark or without. Names of files that are not UTF-8
    keep their bytes, as Python has them.

    Args:
        content: of the file.

    Raises:
        ValueError: it is no JSON, or nested more than :data:`DEEPEST` deep; a number is not finite or needs
            more than 64 bits; a text has half a sign or NUL. RFC 8259 leaves such limits to readers.
    """
    text = content.decode(json.detect_encoding(content), errors="surrogateescape")
    try:
        read = (_CAREFUL if _EXTREME.search(text) else _USUAL).decode(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if text.count("[") + text.count("{") > DEEPEST and _is_deeper(read, DEEPEST):
        raise ValueError("nested too deep")
    odd = _ODD_SIGN.search(text)
    if odd is not None and odd[0].endswith("0000"):
        raise ValueError("the sign NUL in a text")
    if odd is not None:
        json.dumps(read, ensure_ascii=False).encode(errors="surrogateescape")  # raises a ValueError
    return read


def built(kind: type[Kind], values: dict[str, Any]) -> Kind:
    """Build a dataclass from plain values, each of its field's type; lists become tuples where these stand.

    Args:
        kind: the dataclass. Fields of other types than JSON has are not checked.
        values: by the fields' names; others are left out.

    Raises:
        ValueError: a value has another type, or is none of those that its field may be.
        TypeError: a value is missing.
    """
    hints = _hints(kind)  # type: ignore[arg-type]  # classes can be keys of a cache
    known = {name: value for name, value in values.items() if name in hints}
    for name, value in known.items():
        if not fits(value, hints[name]):
            raise ValueError(f"{name} is {shown(value)}")
        if isinstance(value, list) and get_origin(hints[name]) is tuple:
            known[name] = tuple(value)
    return kind(**known)


def fits(value: Any, hint: Any) -> bool:
    """Tell whether a plain value is of a type; a list may stand for a tuple, a whole number for a float."""
    return _test(hint)(value)


def shown(value: Any) -> str:
    """Write a value for an error: in one line, and shortened where it is long."""
    return " ".join(reprlib.repr(value).split())


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache  # a million records are read by the same few hints
def _test(hint: Any) -> Test:
    """What tells whether a value is of a type."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    plain = {part for part in parts if part in (bool, int, float, str, type(None))}
    others = [_test_of_part(part) for part in parts if part not in plain]
    types = frozenset(plain | ({int} if float in plain else set()))
    if not others:
        return lambda value: type(value) in types
    return lambda value: type(value) in types or any(test(value) for test in others)


def _test_of_part(hint: Any) -> Test:
    """The same of a part of a hint that says more than a type."""
    origin, options = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: any(type(value) is type(option) and value == option for option in options)
    if origin is dict and options[1] is Any:
        return lambda value: isinstance(value, dict)
    if origin is dict:
        of_item = _test(options[1])
        return lambda value: isinstance(value, dict) and all(map(of_item, value.values()))
    if origin is list or (origin is tuple and options[-1] is Ellipsis):
        of_item = _test(options[0])
        return lambda value: isinstance(value, list | tuple) and all(map(of_item, value))
    if origin is tuple:
        of_items = [_test(option) for option in options]
        return lambda value: (
            isinstance(value, list | tuple)
            and len(value) == len(of_items)
            and all(test(item) for test, item in zip(of_items, value, strict=True))
        )
    if isinstance(hint, type) and hint.__module__ == "builtins":
        return lambda value: isinstance(value, hint)
    return lambda value: True


def _is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects lie more than so deep in each other."""
    level: list[Any] = [[value]]
    for _ in range(most + 1):
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, dict | list)
        ]
    return bool(level)


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name}, expected a number that is finite")


def _whole(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"a number of {len(text)} digits")
    return number


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused("a number above 1e308")


_USUAL = json.JSONDecoder(parse_constant=_refused)
_CAREFUL = json.JSONDecoder(parse_constant=_refused, parse_int=_whole, parse_float=_finite)
