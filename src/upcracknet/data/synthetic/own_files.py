"""Which files of a folder an earlier run made: those may be replaced, and no others."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from upcracknet.errors import OutputError
from upcracknet.parsing import parse_json


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

    def claim(self, folder: Path, names: Iterable[str], *, overwrite: bool) -> set[str]:
        """Make sure that files may be written.

        Args:
            folder: of the run.
            names: files to write, relative to the folder.
            overwrite: whether those of an earlier run may be replaced.

        Returns:
            names of the files that an earlier run made.

        Raises:
            OutputError: there was an earlier run and nothing may be replaced, the manifest is of others, or a
                file is there that no run made.
        """
        own = self._made(folder / self.name, overwrite=overwrite)
        for name in names:
            if name not in own and os.path.lexists(folder / name):
                raise OutputError(
                    f"{folder / name} is there and not in {folder / self.name}; choose another folder"
                )
        return own

    def _made(self, path: Path, *, overwrite: bool) -> set[str]:
        if not path.exists():
            return set()
        if not overwrite:
            raise OutputError(f"{path} is there already; choose another folder, or give --overwrite")
        try:
            entries = parse_json(path.read_bytes())[self.key]
            named = {entry[kind] for entry in entries for kind in self.kinds if kind in entry}
            return {name for name in named if re.fullmatch(self.pattern, name)}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise OutputError(f"{path} was not written by this command; choose another folder") from error
