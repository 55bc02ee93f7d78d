"""From YAML to typed, nested dataclasses and back; every problem is reported at once."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import yaml

from upcracknet.errors import ConfigurationError


def read_yaml(path: Path) -> dict[Any, Any]:
    """The keys and values of a file.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise ConfigurationError(
            f"{path}: cannot be read as YAML ({reason}); give a readable YAML file"
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected `key: value` lines, found a {type(content).__name__}")
    return content


def override(content: dict[Any, Any], dotted: str, text: str, problems: list[str]) -> None:
    """Put a value, given as YAML, at a dotted key; what is wrong is added to the problems."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problems.append(f"`{dotted}`: {text!r} cannot be read as YAML ({' '.join(str(error).split())})")
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
    """Lists in place of tuples, as YAML and JSON have them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def build(kind: type, content: dict[str, Any], prefix: str, problems: list[str]) -> Any:
    """A dataclass from plain values; what is wrong is added to the problems.

    Args:
        kind: the dataclass.
        content: values by name; missing ones take their default.
        prefix: dotted keys above, for messages.
        problems: one sentence each.
    """
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    problems += [
        f"unknown key `{prefix}{key}` (known here: {', '.join(sorted(known))})"
        for key in content
        if key not in known
    ]
    arguments = {}
    for name in (item.name for item in fields(kind) if item.name in content):
        value, hint = content[name], hints[name]
        if is_dataclass(hint):
            if isinstance(value, dict):
                arguments[name] = build(cast(type, hint), value, f"{prefix}{name}.", problems)
            else:
                problems.append(f"`{prefix}{name}` is a section of keys, found {value!r}")
            continue
        converted = _convert(value, hint)
        if converted is _WRONG:
            problems.append(f"`{prefix}{name}`: expected {_describe(hint)}, found {value!r}")
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
            return float(value)  # YAML reads 1e-4 as text
        except ValueError:
            return _WRONG
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
        return f"a list of {count}{_KINDS[options[0]].removeprefix('a ')}s"
    if origin is dict:
        return "keys and values"
    return _KINDS[hint]


_KINDS = {int: "a whole number", float: "a number", str: "a text", NoneType: "null"}
