"""Faults at any moment at which Python touches the disk.

Python tells an audit hook before it opens, moves, makes, deletes or lists a file (PEP 578). The hook may
raise, and what was asked for fails with that error; or it may end the process, press Ctrl-C, or take the
folder away. So each touch of the disk is a place for a fault, without a change to what is tested.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Action = Callable[[], None]

_watch: Callable[[str, str], None] | None = None
_PLACES = {"os.rename": 1, "os.symlink": 1, "os.link": 1}
_VERBS = {
    "os.rename": "replace", "os.symlink": "link", "os.link": "link", "os.remove": "delete",
    "os.rmdir": "delete", "os.mkdir": "make", "os.scandir": "list", "os.listdir": "list",
}  # fmt: skip


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    watch = _watch
    if watch is None or (event != "open" and event not in _VERBS):
        return
    place = arguments[_PLACES.get(event, 0)]
    if not isinstance(place, str | bytes | os.PathLike):
        return  # an open file
    verb = _VERBS.get(event) or ("write" if arguments[2] & (os.O_WRONLY | os.O_RDWR) else "read")
    watch(verb, os.fsdecode(place))


sys.addaudithook(_hook)  # for good: nothing removes one


@contextmanager
def watched(watch: Callable[[str, str], None]) -> Iterator[None]:
    """Call with each touch of the disk, what is done and where; while the block runs."""
    global _watch
    _watch = watch
    try:
        yield
    finally:
        _watch = None


def matches(touch: str, pattern: str) -> bool:
    return any(fnmatchcase(touch, one) for one in pattern.split(" | "))


class Fault:
    """Does something at the n-th touch that matches a pattern, such as ``replace out/masks/*``.

    Attributes:
        met: whether the touch was reached.
    """

    def __init__(self, world: Path, pattern: str, action: Action, number: int = 1) -> None:
        self.world, self.pattern, self.action = world, pattern, action
        self.left, self.met = number, False

    def __call__(self, verb: str, place: str) -> None:
        global _watch
        if self.met or not matches(f"{verb} {below(self.world, place)}", self.pattern):
            return
        self.left -= 1
        if not self.left:
            self.met = True
            _watch = None  # what the action does is no fault
            self.action()


def below(world: Path, place: str) -> str:
    """A place from the folder in which all happens; elsewhere empty."""
    return place.removeprefix(f"{world}/") if place.startswith(f"{world}/") else ""


def touches(world: Path, run: Action) -> list[str]:
    """Run, and give each touch of the disk within a folder, once, in order."""
    seen: dict[str, None] = {}

    def note(verb: str, place: str) -> None:
        if below(world, place):
            seen[f"{verb} {below(world, place)}"] = None

    with watched(note):
        run()
    return [*seen]
