"""Which photos a list of files, folders and patterns means, and what was left out of it."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from upcracknet.data.image_file import PHOTO_SUFFIXES
from upcracknet.errors import DataError
from upcracknet.files import SCALES_FORMAT, one_line
from upcracknet.parsing import parse_json

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mts", ".m2ts", ".wmv", ".mpg", ".mpeg"}
)
"""Suffixes of files that are read as videos."""

OTHER_SUFFIXES = {
    *(".heic", ".heif", ".hif", ".avif", ".jxl", ".jxr", ".gif", ".psd"),
    *(".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".ecw", ".sid"),
    *(".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".raw", ".gpr"),
    *(VIDEO_SUFFIXES | {".insv", ".insp", ".lrv"}),
} - PHOTO_SUFFIXES
"""Pictures, raw pictures and videos that are not read: they are counted, other files are not."""

SYSTEM_FOLDERS = frozenset({"@eaDir", "@Recycle", "#recycle", "__MACOSX", "$RECYCLE.BIN", "lost+found"})
"""Folders of thumbnails and deleted files, not searched; nor are those whose name begins with a dot."""

_LISTED_SUFFIXES = PHOTO_SUFFIXES | OTHER_SUFFIXES

RESULTS_MARKER = "results.json"
RESULTS_FORMAT = "upcracknet results"
RESULT_FOLDERS = frozenset(
    {"masks", "overlays", "scores", "frames", "records", "cracks", "pictures", "corrections"}
)
"""What is not searched in a folder whose marker names this format: results, not photos."""

EXPORT_MARKER = "export.json"
EXPORT_FORMAT = "upcracknet export"
"""A folder whose marker names this format holds copies of photos, and masks."""

GRID_SUFFIX = "-grid.jpg"
"""Ends the name of the picture that `upcracknet scale` writes; it begins with that of the scale file."""


@dataclass(frozen=True)
class Listing:
    """Photos, and what looked like some but was left out.

    Attributes:
        photos: each once, in the order asked for; of a folder sorted by path.
        left_out: how many files, by suffix in lower case, or ``broken link``.
        unreadable: folders that could not be searched, and why.
    """

    photos: tuple[Path, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    unreadable: Mapping[Path, str] = field(default_factory=dict)

    def note(self) -> str | None:
        """Say in one sentence what was left out; None if nothing was."""
        parts = [f"{count} {kind}" for kind, count in sorted(self.left_out.items())]
        parts += [f"the folder {folder} ({reason})" for folder, reason in self.unreadable.items()]
        if not parts:
            return None
        heic = {".heic", ".heif", ".hif"} & self.left_out.keys()
        remedy = "; `pip install 'upcracknet[heic]'` reads HEIC" if heic else ""
        if VIDEO_SUFFIXES & self.left_out.keys():
            remedy += "; name videos themselves to have their frames read"
        return f"left out: {', '.join(parts)}{remedy}"


def list_photos(paths: Sequence[str | Path], *, recursive: bool = True) -> Listing:
    """Expand files, folders and glob patterns to photo files, each once.

    Folders and patterns give files with a photo's suffix (any case), without hidden ones. Links to folders
    are followed once. Not searched are hidden folders, folders of thumbnails and deleted files, and the
    results in result folders, unless they are named themselves. A path that matches nothing while others do
    is kept as it is, so that opening it reports it without costing the rest of the batch.

    Args:
        paths: files, folders, patterns such as ``road/*.jpg`` or ``survey/**/*.png``.
        recursive: look into the folders of a folder too.

    Returns:
        the photos, in the order of ``paths``, and what was left out.

    Raises:
        DataError: no photo at all was found.
    """
    listing, unmatched = _search(paths, recursive)
    if not listing.photos:
        looked = ", ".join(map(str, paths)) or "an empty list"
        missing = [str(path) for path in unmatched if not os.path.lexists(home_expanded(path))]
        notes = [f"not there: {', '.join(missing)}"] if missing else []
        notes += [note] if (note := listing.note()) else []
        why = f" ({'; '.join(notes)})" if notes else ""
        raise DataError(
            f"no photos found in {looked}{why}; give photos, folders or patterns "
            f"with files of {' '.join(sorted(PHOTO_SUFFIXES))}"
        )
    return Listing((*listing.photos, *unmatched), listing.left_out, listing.unreadable)


def photos_in(folder: Path) -> Listing:
    """List the photos of a folder, if any, by the rules of :func:`list_photos`.

    Raises:
        DataError: a folder in it cannot be searched.
    """
    listing, _ = _search([folder], recursive=True)
    if listing.unreadable:
        place, reason = next(iter(listing.unreadable.items()))
        raise DataError(f"{place}: cannot be searched ({reason}); allow it, or move the folder elsewhere")
    return listing


def home_expanded(path: str | Path) -> Path:
    """Put the home folder for a leading ``~``, unless a file has this name or there is no home."""
    path = Path(path)
    try:
        return path if os.path.lexists(path) else path.expanduser()
    except RuntimeError:  # no HOME, or no such user
        return path


def _search(paths: Sequence[str | Path], recursive: bool) -> tuple[Listing, list[Path]]:
    """What is found, and which paths match nothing."""
    found: dict[str, Path] = {}
    left_out: Counter[str] = Counter()
    unreadable: dict[Path, str] = {}
    seen: set[str] = set()
    unmatched = []
    for path in paths:
        search = _Search(recursive)
        files = search.expand(home_expanded(path))
        unreadable |= search.unreadable
        for file in files:
            key = os.path.abspath(file)  # noqa: PTH100 - symbolic links keep their names
            if file in search.named or (file.suffix.lower() in PHOTO_SUFFIXES and file.is_file()):
                found.setdefault(key, file)
            elif key not in seen:
                left_out["broken link" if not file.exists() else file.suffix.lower()] += 1
            seen.add(key)
        if not files:
            unmatched.append(Path(path))
    return Listing(tuple(found.values()), dict(left_out), unreadable), unmatched


class _Search:
    """The search of one path.

    Attributes:
        named: files that were named themselves, whatever they are.
        unreadable: folders that could not be searched, and why.
    """

    def __init__(self, recursive: bool) -> None:
        self.recursive = recursive
        self.named: set[Path] = set()
        self.unreadable: dict[Path, str] = {}
        self._is_skipped = cache(_is_skipped)  # of this search: folders change between searches

    def expand(self, path: Path) -> list[Path]:
        """Find the photos, and the files that look like some, of a file, a folder or a pattern."""
        if path.is_dir():
            return sorted(self._below(path))
        if os.path.lexists(path):
            self.named.add(path)
            return [path]
        if not any(sign in str(path) for sign in "*?["):
            return []
        asked = set(path.parts)
        base = Path(path.anchor or ".")
        files: list[Path] = []
        for match in sorted(base.glob(str(path.relative_to(path.anchor)))):
            between = [part for part in (match, *match.parents) if part.name not in asked]
            if any(self._is_skipped(part) for part in between):
                continue
            files += sorted(self._below(match)) if match.is_dir() else [match] * _may_be_photo(match)
        return files

    def _below(self, top: Path) -> Iterator[Path]:
        """The files of a folder; of the folders in it, linked ones come last, so that they repeat none."""
        folders, links = [top], list[Path]()
        visited: set[tuple[int, int]] = set()
        while folders or links:
            folder = folders.pop() if folders else links.pop()
            try:
                status = folder.stat()
                if (status.st_dev, status.st_ino) in visited:
                    continue
                visited.add((status.st_dev, status.st_ino))
                entries = list(os.scandir(folder))
            except OSError as error:
                self.unreadable[folder] = one_line(error)
                continue
            for entry in entries:
                path = folder / entry.name
                if not entry.is_dir():
                    if _may_be_photo(path):
                        yield path
                elif self.recursive and not self._is_skipped(path):
                    (links if entry.is_symlink() else folders).append(path)


def _may_be_photo(path: Path) -> bool:
    if path.suffix.lower() not in _LISTED_SUFFIXES or path.name.startswith("."):
        return False
    return not (path.name.endswith(GRID_SUFFIX) and _is_grid(path))


def _is_grid(path: Path) -> bool:
    """Whether a scale file lies beside it whose name its own begins with."""
    name = path.name.removesuffix(GRID_SUFFIX)
    stems = (name[:place] for place, sign in enumerate(name) if sign == "-")
    return any(_has_format(path.with_name(f"{stem}.json"), SCALES_FORMAT) for stem in stems)


def _is_skipped(folder: Path) -> bool:
    """Whether a folder that was not named itself is not searched."""
    name = folder.name
    if name in SYSTEM_FOLDERS or (name.startswith(".") and name not in (".", "..")):
        return True
    if _has_format(folder / EXPORT_MARKER, EXPORT_FORMAT):
        return True
    return name in RESULT_FOLDERS and _has_format(folder.parent / RESULTS_MARKER, RESULTS_FORMAT)


def _has_format(marker: Path, name: str) -> bool:
    try:
        content = parse_json(marker.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("format") == name
