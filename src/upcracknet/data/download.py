"""Fetching the published datasets from their official sources (paper, Section IV-A)."""

import hashlib
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from upcracknet.data.archive import unpack
from upcracknet.data.dataset import Places, PublishedDataset
from upcracknet.data.listing import home_expanded
from upcracknet.data.registry import DATASETS, find_places
from upcracknet.errors import DataError, OutputError
from upcracknet.files import json_bytes, one_line, scratch_folder, write_atomically
from upcracknet.locks import alone, claimed
from upcracknet.parsing import fits, parse_json

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes in all, None where the server does not say."""

LOCK_FILE = "downloads.json"
_TIMEOUT_SECONDS = 60
_BLOCK = 1 << 18


def download_dataset(
    name: str,
    root: str | Path,
    *,
    progress: Progress | None = None,
    datasets: Mapping[str, PublishedDataset] = DATASETS,
    url: str | None = None,
) -> Path:
    """Download a dataset, check it and unpack it; what is there already is not fetched again.

    An interrupted download goes on where it stopped. The dataset's folder appears complete or not at all.

    Args:
        name: ``deepcrack`` or ``cfd``; ``crack500`` raises with where to get it.
        root: the folder for all datasets; made as needed.
        progress: called while bytes arrive.
        datasets: the datasets by name.
        url: a mirror to fetch the archive from instead.

    Returns:
        the dataset's folder.

    Raises:
        DataError: unknown name, no archive to fetch, the server fails, or the archive is damaged, unsafe,
            without the published layout, or not the one that is expected.
        OutputError: the root cannot be written to, the disk is full, or another process downloads it there.
    """
    if name not in datasets:
        raise DataError(f"unknown dataset '{name}', expected one of {', '.join(datasets)}")
    dataset = replace(datasets[name], url=url or datasets[name].url)
    root = home_expanded(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        present = find_places(dataset, root).holding(*dataset.needed)
        # With the archive beside it, a download was interrupted after its end.
        if present is not None and not _archive(dataset, root).exists():
            return present
        return _download_alone(name, dataset, root, progress)
    except OSError as error:
        raise OutputError(
            f"cannot write to {root}: {one_line(error)}; choose another --data-root or free space"
        ) from error


def _download_alone(name: str, dataset: PublishedDataset, root: Path, progress: Progress | None) -> Path:
    """Download; two processes that append to one file would spoil it."""
    with claimed(root / ".upcracknet" / f"{name}.lock") as holder:
        if holder is not None:
            raise OutputError(f"{name} in {root}: {holder}; wait for it, or choose another --data-root")
        # Another process may have finished just now.
        folder = find_places(dataset, root).holding(*dataset.needed) or _download(dataset, root, progress)
        _forget(_archive(dataset, root))
        if not folder.is_dir():
            raise OutputError(f"{folder}: was moved or deleted meanwhile; run the same command again")
        return folder


def fetch(url: str, part: Path, *, progress: Progress | None = None) -> None:
    """Download a file, from where an earlier attempt stopped as long as it is the same file on the server.

    A broken connection is taken up again as often as it brings new bytes.

    Args:
        url: an http or https address.
        part: the file, which may be there in part. A second file beside it, ``.mark``, holds the server's
            mark (ETag or date) of what was being fetched.
        progress: called while bytes arrive.

    Raises:
        DataError: the address is none, cannot be reached, or the server refuses or breaks off.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url} is no web address; expected http:// or https://")
    while True:
        before = _size(part)
        try:
            if _fetch_once(url, part, progress):
                return
            problem = f"the connection ended after {_size(part):,} bytes"
        except urllib.error.HTTPError as error:
            error.close()
            raise DataError(
                f"{url}: the server answers {error.code} {error.reason}; try again later"
            ) from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
        if _size(part) <= before:
            raise DataError(f"{url}: {problem}; run the same command again to go on")


def _fetch_once(url: str, part: Path, progress: Progress | None) -> bool:
    """Make one request; True when the file is complete."""
    mark_file = _mark_file(part)
    done = _size(part)
    mark = mark_file.read_text() if done and mark_file.exists() else ""
    request = urllib.request.Request(url, headers={"User-Agent": "upcracknet"})  # noqa: S310 - checked: http, https
    if mark:
        # If-Range: the rest if the file is still the same, else the whole.
        request.add_header("Range", f"bytes={done}-")
        request.add_header("If-Range", mark)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416 and error.headers["Content-Range"] == f"bytes */{done}":
            error.close()
            return True  # all bytes were there already
        raise
    with response:
        resumes = response.status == 206
        done = done if resumes else 0
        length = response.headers["Content-Length"]
        total = done + int(length) if length else None
        with part.open("ab" if resumes else "wb") as file:
            mark_file.write_text(response.headers["ETag"] or response.headers["Last-Modified"] or "")
            while block := response.read(_BLOCK):
                file.write(block)
                done += len(block)
                if progress is not None:
                    progress(done, total)
    return total is None or done >= total


def _download(dataset: PublishedDataset, root: Path, progress: Progress | None) -> Path:
    target = root / dataset.folder_names[0]
    name = target.name.lower()  # of the archive and its record: DeepCrack has one for two names
    folders = ", ".join(dataset.needed)
    if dataset.url is None:
        raise DataError(
            f"{dataset.name} cannot be fetched by a program: its authors share it by Google Drive and Baidu "
            f"only. Get it from the links on {dataset.page} and unpack it so that {target} holds {folders}"
        )
    if target.exists():
        raise DataError(f"{target} is there but lacks some of the folders {folders}; move it away first")
    archive = _archive(dataset, root)
    fetch(dataset.url, archive, progress=progress)
    try:
        checksum = _verify(name, archive, dataset)
        with _unpacked(archive, dataset) as found:
            # First, as the data set is never looked at again once it is there.
            with alone(root / LOCK_FILE):  # another process may note another data set
                records = _recorded(root) | {name: {"url": dataset.url, "sha256": checksum}}
                write_atomically(root / LOCK_FILE, json_bytes(records))
            found.rename(target)
    except DataError:
        _forget(archive)
        raise
    return target


def _archive(dataset: PublishedDataset, root: Path) -> Path:
    return root / f"{dataset.folder_names[0].lower()}.archive.part"


def _verify(name: str, archive: Path, dataset: PublishedDataset) -> str:
    """The archive's checksum, which must be the published one, or that of the first download."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    expected = dataset.sha256 or _recorded(archive.parent).get(name, {}).get("sha256")
    if expected is not None and found != expected:
        origin = "published" if dataset.sha256 else f"recorded in {archive.parent / LOCK_FILE}"
        raise DataError(
            f"{name}: sha256 of the download is {found}, {origin} is {expected}; the download was deleted. "
            "Try again; if the authors have changed their file, remove the record"
        )
    return found


@contextmanager
def _unpacked(archive: Path, dataset: PublishedDataset) -> Iterator[Path]:
    """Unpack beside the archive; gives the folder in it that has the published layout, to be moved."""
    with scratch_folder(archive.parent) as scratch:
        unpacked = scratch / "unpacked"
        unpack(archive, unpacked)
        folders = [unpacked, *sorted(path for path in unpacked.rglob("*") if path.is_dir())]
        found = Places(unpacked, folders).holding(*dataset.needed)
        if found is None:
            raise DataError(
                f"{dataset.url}: holds no folder with {', '.join(dataset.needed)}; see {dataset.page}"
            )
        yield found


def _recorded(root: Path) -> dict[str, dict[str, str]]:
    lock = root / LOCK_FILE
    try:
        recorded: dict[str, dict[str, str]] = parse_json(lock.read_bytes()) if lock.exists() else {}
    except (OSError, ValueError) as error:
        raise DataError(f"{lock} is damaged ({one_line(error)}); delete it") from error
    if not fits(recorded, dict[str, dict[str, Any]]):
        raise DataError(f"{lock} is damaged; delete it")
    return recorded


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark_file(part).unlink(missing_ok=True)


def _mark_file(part: Path) -> Path:
    return part.with_name(part.name + ".mark")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
