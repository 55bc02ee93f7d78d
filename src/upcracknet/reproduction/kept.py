"""Reading what reproducing keeps in its folder: files of this package, which may be damaged all the same."""

from pathlib import Path
from typing import Any

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.parsing import fits, parse_json, shown


def read_kept(path: Path, hint: Any) -> Any:
    """Read a file of JSON.

    Args:
        path: the file.
        hint: type of what it holds.

    Raises:
        DataError: it cannot be read, is no JSON, or holds something of another type.
    """
    try:
        content = parse_json(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except ValueError as error:
        raise damaged(path, one_line(error)) from error
    if not fits(content, hint):
        raise damaged(path, shown(content))
    return content


def damaged(path: Path, reason: str) -> DataError:
    """Say that a file is damaged, and what to do."""
    return DataError(f"{path}: is damaged ({reason}); delete it, and what it held is made again")


def unreadable(path: Path, error: OSError) -> DataError:
    """Say that the disk does not give a file out, and what to do."""
    return DataError(f"{path}: cannot be read ({one_line(error)}); check the disk, and that you may read it")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file with an object of JSON on each line; none where there is no file.

    The last line of a process that was killed may be there in part: a damaged line is left out.

    Raises:
        DataError: it cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise unreadable(path, error) from error
    return [content for line in lines if fits(content := _parsed(line), dict[str, Any])]


def _parsed(line: bytes) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return None
