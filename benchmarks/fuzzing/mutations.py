"""Damage: what disks, networks, other programs and people do to files, drawn from a seed."""

import codecs
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Random = np.random.Generator

NUMBERS = (
    *("0", "-1", "1e999", "-1e999", "NaN", "nan", "Infinity", "inf", "1e-320", "0.5", "65536", "2147483648"),
    *("99999999999999999999", "1" * 400, "1" * 5000, "0x10", "1_0", "", "true", "null"),
)
TEXTS = (
    "",
    "x",
    "../../outside",
    "/etc/passwd",
    "=1+1",
    "\0",
    "\ud800",
    "\udc80",
    "ä" * 300,
    "[" * 2000,
    "a\nb",
    "%s",
)
HEAD = 600
"""Bytes at the beginning of a file, where most of its sizes stand."""


def one_of(options: Sequence[Any], random: Random) -> Any:
    """Draw one; NumPy's own way would make an array of them, which changes texts."""
    return options[int(random.integers(len(options)))]


def odd_values() -> tuple[Any, ...]:
    """Values that stand where others are expected."""
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    numbers = (0, -1, 1, 0.5, 2**31, 2**63, 10**30, 1e308, -1e308, float("nan"), float("inf"), True, None)
    return (*numbers, *TEXTS, [], {}, [[]], [None], [1, 2], {"a": 1}, deep, [0.5] * 3000)


def damaged_bytes(content: bytes, random: Random) -> bytes:
    """Flip, cut, repeat, insert and overwrite, once to four times."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        if not data:
            return b"\0"
        reach = min(len(data), HEAD) if random.random() < 0.6 else len(data)
        at, length = int(random.integers(reach)), int(random.integers(1, 33))
        match int(random.integers(7)):
            case 0:
                data[at] ^= 1 << int(random.integers(8))
            case 1:
                data[at] = int(random.integers(256))
            case 2:
                width = one_of([1, 2, 4, 8], random)
                extreme = one_of([0, 1, 2 ** (8 * width - 1) - 1, 2 ** (4 * width), -1], random) % 2 ** (
                    8 * width
                )
                data[at : at + width] = extreme.to_bytes(width, "little" if random.random() < 0.5 else "big")
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length] * one_of([1, 2, 100], random)
            case 5:
                data[at:at] = random.bytes(length)
            case _:
                del data[max(1, int(random.integers(len(data)))) :]
    return bytes(data)


def overwritten(content: bytes, random: Random) -> bytes:
    """Put other numbers in place, so that all else stays where it is."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 12))):
        at, width = int(random.integers(len(data))), one_of([1, 2, 4], random)
        odd = bytes([one_of([0, 1, 2, 48, 57, 255], random)]) * width
        data[at : at + width] = random.bytes(width) if random.random() < 0.5 else odd
    return bytes(data)


def damaged_text(content: bytes, random: Random) -> bytes:
    """Change numbers, words, lines and the encoding."""
    text = content.decode("utf-8", errors="surrogateescape")
    for _ in range(int(random.integers(1, 4))):
        lines = text.splitlines(keepends=True) or [""]
        line = int(random.integers(len(lines)))
        match int(random.integers(7)):
            case 0 | 1:
                text = _replaced(text, r"-?\d+(?:\.\d+)?", one_of(NUMBERS, random), random)
            case 2:
                text = _replaced(text, r"\w+", one_of(TEXTS, random), random)
            case 3:
                times = one_of([0, 2, 500 if len(lines[line]) < 2000 else 3], random)
                text = "".join(lines[:line] + lines[line : line + 1] * times + lines[line + 1 :])
            case 4:
                text = text[: int(random.integers(len(text) + 1))]
            case 5:
                at = int(random.integers(len(text) + 1))
                text = (
                    text[:at]
                    + one_of(["\0", "\ufeff", "<", "&a;", '"', "'", ",", "\t", "{", "]", "&x [*x]"], random)
                    + text[at:]
                )
            case _:
                return _encoded(text, random)
    return text.encode("utf-8", errors="surrogatepass")


def damaged_json(content: bytes, random: Random) -> bytes:
    """Put odd values into JSON, take some away; now and then damage the text."""
    if random.random() < 0.15:
        return damaged_text(content, random)
    if random.random() < 0.1:
        return _encoded(content.decode("utf-8", errors="surrogateescape"), random)
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):  # damaged before
        return damaged_text(content, random)
    for _ in range(int(random.integers(1, 3))):
        read = damaged_values(read, random)
    return json.dumps(read, ensure_ascii=bool(random.random() < 0.9)).encode("utf-8", errors="surrogatepass")


def damaged_values(read: Any, random: Random) -> Any:
    """Change one of plain values, wherever it lies."""
    values = odd_values()
    odd = values[int(random.integers(len(values)))]
    places: list[tuple[Any, Any]] = []
    level = [read]
    while level and len(places) < 3000:
        whole = level.pop()
        keys = (
            list(whole) if isinstance(whole, dict) else range(len(whole)) if isinstance(whole, list) else ()
        )
        places += [(whole, key) for key in keys]
        level += [whole[key] for key in keys]
    if not places or random.random() < 0.03:
        return odd
    whole, key = places[int(random.integers(len(places)))]
    match int(random.integers(6)):
        case 0:
            del whole[key]
        case 1 if isinstance(whole, dict):
            whole[one_of(TEXTS, random)] = odd
        case 2 if isinstance(whole, list):
            whole += [odd] * one_of([1, 1000], random)
        case _:
            whole[key] = odd
    return read


def _replaced(text: str, pattern: str, by: str, random: Random) -> str:
    found = list(re.finditer(pattern, text[:20_000]))
    if not found:
        return text + by
    match = found[int(random.integers(len(found)))]
    return text[: match.start()] + by + text[match.end() :]


def _encoded(text: str, random: Random) -> bytes:
    marks = {"utf-16": b"", "utf-16-le": b"", "utf-32": b"", "utf-8": codecs.BOM_UTF8, "latin-1": b"\xff"}
    name = one_of([*marks], random)
    return marks[name] + text.encode(name, errors="replace")


WAYS: dict[str, Callable[[bytes, Random], bytes]] = {
    **dict.fromkeys((".json", ".geojson"), damaged_json),
    **dict.fromkeys((".xml", ".gpx", ".yaml", ".csv", ".tfw", ".jsonl", ".txt"), damaged_text),
}
"""How files are damaged, by their suffix; others by their bytes."""


def damaged(name: str, content: bytes, random: Random) -> bytes:
    """Damage a file, mostly in the way of its kind.

    Args:
        name: its name, which tells its kind.
        content: its bytes.
        random: what is drawn from.
    """
    way = WAYS.get(name[name.rfind(".") :].lower(), damaged_bytes)
    return (damaged_bytes if random.random() < 0.1 else way)(content, random)
