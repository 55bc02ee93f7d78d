"""From YAML to typed, nested dataclasses and back; every problem is reported at once."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import yaml

from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line
from upcracknet.parsing import shown


@dataclass(frozen=True)
class Bounds:
    """Which numbers a setting may be; stands in its type, as in ``Annotated[int, Bounds("≥ 1", ...)]``.

    Attributes:
        words: follow "a number" in the message about one that it may not be.
        hold: whether it may be a number.
    """

    words: str
    hold: Callable[[float], bool]


Count = Annotated[int, Bounds("≥ 1", lambda number: number >= 1)]
WholeNumber = Annotated[int, Bounds("≥ 0", lambda number: number >= 0)]
Positive = Annotated[float, Bounds("above 0", lambda number: 0 < number < float("inf"))]
NotNegative = Annotated[float, Bounds("≥ 0", lambda number: 0 <= number < float("inf"))]
Share = Annotated[float, Bounds("in [0, 1]", lambda number: 0 <= number <= 1)]
PartialShare = Annotated[float, Bounds("between 0 and 1", lambda number: 0 < number < 1)]
Factor = Annotated[float, Bounds("in (0, 1]", lambda number: 0 < number <= 1)]
DecayRate = Annotated[float, Bounds("in [0, 1)", lambda number: 0 <= number < 1)]


NAMED = 8
"""Unknown keys of a section that are named."""


def read_yaml(path: Path) -> dict[Any, Any]:
    """Read the keys and values of a file.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """
    try:
        content = _parsed(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: cannot be read as YAML ({one_line(error)}); give a readable YAML file"
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected `key: value` lines, found a {type(content).__name__}")
    return content


class _Loader(yaml.SafeLoader):
    """Reads YAML without endless numbers and anchors, by which few lines can stand for all memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Read a part, which must not be a reference to another one."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a reference to an anchor; write the values out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Read keys and values; a key that stands twice would hide one of its values."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.YAMLError(f"`{twice}` stands twice; keep one of them")
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: Any) -> int:
        """Read a whole number, which must not need more than 64 bits."""
        number: int = super().construct_yaml_int(node)
        if not -(2**63) <= number < 2**63:
            raise yaml.YAMLError("a number of more than 64 bits")
        return number


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _parsed(text: str | bytes) -> Any:
    """The values of YAML.

    Raises:
        ValueError: it is none.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - the safe loader, made stricter
    except (yaml.YAMLError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise ValueError(one_line(error)) from error
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def override(content: dict[Any, Any], dotted: str, text: str, problems: list[str]) -> None:
    """Put a value, given as YAML, at a dotted key; what is wrong is added to the problems."""
    try:
        value = _parsed(text)
    except ValueError as error:
        problems.append(f"`{dotted}`: {shown(text)} cannot be read as YAML ({one_line(error)})")
        return
    *parents, key = dotted.split(".")
    section: Any = content
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            problems.append(f"`{dotted}`: `{parent}` is a value, not a section")
            return
    section[key] = value


def plain(value: Any) -> Any:
    """Put lists in place of tuples, as YAML and JSON have them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def build(kind: type, content: dict[str, Any], prefix: str, problems: list[str]) -> Any:
    """Build a dataclass from plain values; what is wrong is added to the problems.

    Args:
        kind: the dataclass.
        content: values by name; missing ones take their default.
        prefix: dotted keys above, for messages.
        problems: one sentence each.
    """
    hints = get_type_hints(kind, include_extras=True)
    known = {item.name for item in fields(kind)}
    unknown = [f"unknown key `{prefix}{key!s:.40}`" for key in content if key not in known]
    if unknown:
        unknown[0] += f" (known here: {', '.join(sorted(known))})"
        unknown[NAMED:] = [f"{len(unknown) - NAMED} more unknown keys"] if len(unknown) > NAMED else []
    problems += unknown
    arguments = {}
    for name in (item.name for item in fields(kind) if item.name in content):
        value, hint = content[name], hints[name]
        if is_dataclass(hint):
            if isinstance(value, dict):
                arguments[name] = build(cast(type, hint), value, f"{prefix}{name}.", problems)
            else:
                problems.append(f"`{prefix}{name}` is a section of keys, found {shown(value)}")
            continue
        converted = _convert(value, hint)
        if converted is _WRONG:
            problems.append(f"`{prefix}{name}`: expected {_describe(hint)}, found {shown(value)}")
        else:
            arguments[name] = converted
    try:
        return kind(**arguments)
    except ConfigurationError as error:  # a section that checks its own values
        problems.append(f"`{prefix.rstrip('.')}`: {error}")
        return kind()


_WRONG = object()


def _convert(value: Any, hint: Any) -> Any:
    origin, options = get_origin(hint), get_args(hint)
    if origin is Annotated:
        converted = _convert(value, options[0])
        return converted if converted is _WRONG or options[1].hold(converted) else _WRONG
    if origin in (Union, UnionType):
        return next((c for option in options if (c := _convert(value, option)) is not _WRONG), _WRONG)
    if origin is Literal:
        return next((option for option in options if str(option) == str(value)), _WRONG)
    if origin is tuple:
        if isinstance(value, str) and options == (str, ...):
            value = [value]  # `photos: deepcrack` where several could stand
        if not isinstance(value, list | tuple):
            return _WRONG
        kinds = [options[0]] * len(value) if options[-1] is Ellipsis else list(options)
        if len(kinds) != len(value):
            return _WRONG
        converted = tuple(_convert(item, kind) for item, kind in zip(value, kinds, strict=True))
        return _WRONG if _WRONG in converted else converted
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)  # YAML reads 1e-4 as text
        except (ValueError, OverflowError):
            return _WRONG
        return number if math.isfinite(number) else _WRONG
    if hint is NoneType:
        return None if value is None else _WRONG
    if get_origin(hint) is dict:
        return value if isinstance(value, dict) and all(isinstance(key, str) for key in value) else _WRONG
    return value if isinstance(value, hint) and not (isinstance(value, bool) and hint is int) else _WRONG


def _describe(hint: Any) -> str:
    origin, options = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(map(str, options))
    if origin in (Union, UnionType):
        return " or ".join(map(_describe, options))
    if origin is tuple:
        count = "" if options[-1] is Ellipsis else f"{len(options)} "
        of = _describe(options[0]).removeprefix("a ")
        return f"a list of {count}" + of.replace("number", "numbers").replace("text", "texts")
    if origin is Annotated:
        return f"{_describe(options[0])} {options[1].words}"
    if origin is dict:
        return "keys and values"
    return _KINDS[hint]


_KINDS = {int: "a whole number", float: "a number", str: "a text", NoneType: "null"}
