"""Which files of a folder an earlier run made, to its end or not: those may be replaced, and no others."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.errors import OutputError
from upcracknet.files import delete, json_bytes, one_line, write_atomically
from upcracknet.locks import claimed
from upcracknet.parsing import fits, parse_json

_LOCK, _NAMES = ".upcracknet/lock", ".upcracknet/names"


@dataclass(frozen=True)
class Manifest:
    """The file that lists what a run made.

    Attributes:
        name: of the file, in the folder of the run.
        key: of its list of entries.
        kinds: keys of an entry whose values name files, relative to the folder.
        pattern: regular expression of names that a run may make.
    """

    name: str
    key: str
    kinds: tuple[str, ...]
    pattern: str

    @contextmanager
    def writing(self, folder: Path, names: Collection[str], *, overwrite: bool) -> Iterator[dict[str, Any]]:
        """Claim a folder for a run, which writes its files while the block runs; the manifest is the last.

        The names are noted first, and an earlier manifest is deleted: where there is a manifest, it is true.
        A run that does not come to its end is done again by the same call, in place of what it left. Files of
        an earlier run that this one does not make are deleted in the end.

        Args:
            folder: of the run; made as needed.
            names: files to write, relative to the folder.
            overwrite: whether those of an earlier run may be replaced.

        Yields:
            the content of the manifest, to be filled.

        Raises:
            OutputError: there was an earlier run and nothing may be replaced, the manifest is of others, a
                file is there that no run made, another process writes there, or it cannot be written.
        """
        self._require_free(folder, names, overwrite=overwrite)  # where it is not, nothing is made there
        with claimed(folder / _LOCK) as holder:
            if holder is not None:
                raise OutputError(f"{folder}: {holder}; wait for it, or choose another folder")
            own = self._require_free(folder, names, overwrite=overwrite)
            write_atomically(folder / _NAMES, json_bytes(sorted(own.union(names))))
            delete(folder / self.name)
            content: dict[str, Any] = {}
            yield content
            if not (folder / _NAMES).exists():
                raise OutputError(f"{folder}: was moved or deleted meanwhile; run the same command again")
            write_atomically(folder / self.name, json_bytes(content))
            for name in sorted(own.difference(names)):
                delete(folder / name)
            _forget(folder / _NAMES)

    def _require_free(self, folder: Path, names: Collection[str], *, overwrite: bool) -> set[str]:
        """The files that earlier runs made, where all names are theirs or free."""
        unfinished = self._noted(folder / _NAMES)
        own = unfinished | self._made(folder / self.name, overwrite=overwrite or bool(unfinished))
        for name in names:
            if name not in own and os.path.lexists(folder / name):
                raise OutputError(
                    f"{folder / name} is there and not in {folder / self.name}; choose another folder"
                )
        return own

    def _noted(self, path: Path) -> set[str]:
        """The names that a run noted which did not come to its end; a damaged note names none."""
        try:
            names = parse_json(path.read_bytes())
        except FileNotFoundError:
            return set()
        except (OSError, ValueError) as error:
            raise OutputError(f"{path}: cannot be read ({one_line(error)}); choose another folder") from error
        return self._own_names(names) if fits(names, list[str]) else set()

    def _made(self, path: Path, *, overwrite: bool) -> set[str]:
        if not path.exists():
            return set()
        if not overwrite:
            raise OutputError(f"{path} is there already; choose another folder, or give --overwrite")
        try:
            entries = parse_json(path.read_bytes())[self.key]
            return self._own_names(entry[kind] for entry in entries for kind in self.kinds if kind in entry)
        except (ValueError, LookupError, TypeError) as error:
            raise OutputError(f"{path} was not written by this command; choose another folder") from error
        except OSError as error:
            raise OutputError(f"{path}: cannot be read ({one_line(error)}); choose another folder") from error

    def _own_names(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if re.fullmatch(self.pattern, name)}


def _forget(names: Path) -> None:
    try:
        names.unlink()  # it must be there: else the folder was moved
    except OSError as error:
        raise OutputError(
            f"{names}: cannot be deleted ({one_line(error)}); run the same command again"
        ) from error
