"""Where a survey's photos lie: on local disks, or behind any address that fsspec knows, such as ``s3://``."""

import io
import os
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from upcracknet.data.photo import PHOTO_SUFFIXES, list_photos, load_photo
from upcracknet.errors import ConfigurationError, DataError, PhotoError

TRIES = 3
"""How often a photo behind an address is fetched before it counts as failed."""


@dataclass(frozen=True)
class PhotoReference:
    """One photo of a survey.

    Attributes:
        address: path or URL.
        name: of its results: relative, unique in the survey, without suffix where that is unambiguous.
        stamp: changes when the photo does: size and time of change, or what the server gives for it.
    """

    address: str
    name: str
    stamp: str

    @property
    def path(self) -> Path | None:
        """Its file, where it lies on a local disk."""
        return None if is_url(self.address) else Path(self.address)

    def load(self) -> UInt8[np.ndarray, "h w 3"]:
        """The photo, RGB.

        Raises:
            PhotoError: it cannot be fetched or read.
        """
        if self.path is not None:
            return load_photo(self.path)
        content = self._fetched()
        try:
            return load_photo(Image.open(io.BytesIO(content)))
        except PhotoError as error:
            raise PhotoError(str(error).replace("image:", f"{self.address}:", 1)) from error
        except OSError as error:
            raise PhotoError(
                f"{self.address}: not an image; expected JPEG, PNG, TIFF, BMP or WebP"
            ) from error

    def _fetched(self) -> bytes:
        for left in reversed(range(TRIES)):
            try:
                system, path = _file_system(self.address)
                content: bytes = system.cat_file(path)
            except FileNotFoundError as error:
                raise PhotoError(f"{self.address}: no such file") from error
            except Exception as error:  # each service has errors of its own
                if not left:
                    raise PhotoError(
                        f"{self.address}: cannot be fetched after {TRIES} tries "
                        f"({_one_line(error)}); run the survey again later"
                    ) from error
            else:
                return content
        raise AssertionError


def is_url(address: str) -> bool:
    """Whether it is an address for fsspec, such as ``s3://bucket/road``."""
    return "://" in address


def find_photos(addresses: list[str], results: Path) -> list[PhotoReference]:
    """All photos of files, folders, globs and URLs, each once, sorted by name.

    Args:
        addresses: files, folders, globs; URLs of files, of folders, or with globs.
        results: the survey's own folder, which may lie among the photos.

    Raises:
        DataError: there are none, or an address cannot be reached.
        ConfigurationError: the package for an address is missing.
    """
    local = [address for address in addresses if not is_url(address)]
    found: dict[str, str] = {}
    if local:
        own = results.absolute()
        for photo in list_photos(local):
            absolute = Path(os.path.abspath(photo))  # noqa: PTH100 - symbolic links keep their names
            if own not in absolute.parents:
                found[str(absolute)] = _stamp_of_file(absolute)
    for address in addresses:
        if is_url(address):
            found |= _behind(address)
    if not found:
        raise DataError(f"no photos found in {', '.join(addresses)}; give photos, folders, patterns or URLs")
    names = _names(list(found))
    references = [PhotoReference(address, names[address], stamp) for address, stamp in found.items()]
    return sorted(references, key=lambda reference: reference.name)


def _names(addresses: list[str]) -> dict[str, str]:
    """Names below the deepest common folder of all."""
    bare = {address: address.partition("://")[2] if is_url(address) else address for address in addresses}
    parents = [str(PurePosixPath(Path(path).as_posix()).parent) for path in bare.values()]
    common = os.path.commonpath(parents)
    names = {address: PurePosixPath(os.path.relpath(path, common)) for address, path in bare.items()}
    count = Counter(str(name.with_suffix("")) for name in names.values())
    return {
        address: str(name) if count[str(name.with_suffix(""))] > 1 else str(name.with_suffix(""))
        for address, name in names.items()
    }


def _stamp_of_file(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _behind(address: str) -> dict[str, str]:
    system, path = _file_system(address)
    scheme = address.partition("://")[0]
    try:
        if any(sign in path for sign in "*?["):
            entries = system.glob(path, detail=True)
        elif system.isfile(path):
            entries = {path: system.info(path)}
        else:
            entries = system.find(path, detail=True)
    except Exception as error:  # each service has errors of its own
        raise DataError(
            f"{address}: cannot be reached ({_one_line(error)}); check the address and your access"
        ) from error
    return {
        f"{scheme}://{name}": _stamp_of_entry(entry)
        for name, entry in sorted(entries.items())
        if entry.get("type") == "file" and PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES
    }


def _stamp_of_entry(entry: dict[str, Any]) -> str:
    changed = next((entry[key] for key in ("ETag", "etag", "mtime", "LastModified") if key in entry), "")
    return f"{entry.get('size')} {changed}".strip()


def _file_system(address: str) -> tuple[Any, str]:
    scheme = address.partition("://")[0]
    if find_spec("fsspec") is None:
        raise ConfigurationError(
            f"{address}: needs fsspec; install it with `pip install 'upcracknet[survey]'`"
        )
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise ConfigurationError(f"{address}: {error}; install what it names") from error
    except ValueError as error:
        raise ConfigurationError(f"{address}: unknown kind of address {scheme!r} ({error})") from error
    return system, path


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
