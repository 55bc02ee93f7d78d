"""Where photos lie: on local disks, in videos, or behind any address that fsspec knows, such as ``s3://``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.image_file import opened_image
from upcracknet.data.listing import VIDEO_SUFFIXES, Listing, list_photos
from upcracknet.data.photo import PHOTO_SUFFIXES, load_photo
from upcracknet.errors import ConfigurationError, DataError, PhotoError
from upcracknet.files import one_line, stamp_of_file
from upcracknet.results.frames import Spacing, choose_frames, file_of, frame_address, split_frame
from upcracknet.results.opening import is_for_windows
from upcracknet.results.video import read_frames

TRIES = 3
"""How often a photo behind an address is fetched before it counts as failed."""


NOTES = 256 * 1024
"""Bytes at the beginning of a photo in which cameras write their notes, EXIF and XMP."""


class ReadInWindows(PhotoError):  # noqa: N818 - no error
    """No fault of the photo: it is so large, or lies so on the ground, that it is read in windows."""


@dataclass(frozen=True, slots=True)  # a run holds one for each photo
class Source:
    """A photo before its results have a name.

    Attributes:
        address: absolute path or URL; of a frame the path of its video, a slash and when it is shown.
        stamp: changes when the photo does: size and time of change, or what the server gives for them.
        taken_at: when a frame was taken, see :class:`.Record`.
        note: what to know of the video that a frame is of; of a video, why no frame of it can be taken.
    """

    address: str
    stamp: str
    taken_at: str | None = None
    note: str | None = None

    @property
    def path(self) -> Path | None:
        """Its path, where it lies on a local disk; no file of a frame."""
        return None if is_url(self.address) else Path(self.address)

    @property
    def frame(self) -> tuple[Path, int] | None:
        """The video of a frame, and when it is shown, in milliseconds; None of a photo."""
        return split_frame(self.address)

    @property
    def file(self) -> Path | None:
        """The file on a local disk that it is read from."""
        return None if self.path is None else file_of(self.path)

    def load(self) -> UInt8[np.ndarray, "h w 3"]:
        """Load the photo, RGB.

        Raises:
            ReadInWindows: it is to be read in windows.
            PhotoError: it cannot be fetched or read, or has changed since it was listed.
        """
        if self.path is None:
            return self._fetched()
        if is_for_windows(self.path):
            raise ReadInWindows(f"{self.address}: is read in windows")
        photo = self._loaded(self.path)
        self.require_unchanged()
        return photo

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Open the photo with Pillow for what its camera noted; of an address only the beginning is fetched.

        Raises:
            PhotoError: it is gone, cannot be fetched, is no photo, or has changed since it was listed.
        """
        if self.path is not None:
            with opened_image(self.path, self.address) as image:
                self.require_unchanged()
                yield image
            return
        try:
            system, path = _file_system(self.address)
            beginning: bytes = system.cat_file(path, start=0, end=NOTES)
        except Exception as error:  # each service has errors of its own
            raise PhotoError(f"{self.address}: cannot be fetched ({one_line(error)})") from error
        with opened_image(beginning, self.address) as image:
            yield image

    def require_unchanged(self) -> None:
        """Refuse a photo that was replaced since it was listed: results would be of two photos.

        Raises:
            PhotoError: it was, or is gone.
        """
        if self.file is None:
            return
        stamp = stamp_of_file(self.file)
        if not stamp:
            raise PhotoError(f"{self.address}: no such file")
        if stamp != self.stamp:
            raise PhotoError(f"{self.address}: has changed meanwhile; run `upcracknet detect` again")

    def _loaded(self, path: Path) -> UInt8[np.ndarray, "h w 3"]:
        if self.frame is not None:
            video, at = self.frame
            _, frame = next(read_frames(video, [at]))
            if isinstance(frame, PhotoError):
                raise frame
            return frame
        if _is_video(path) and self.note is not None:
            raise PhotoError(self.note)
        return load_photo(path)

    def _fetched(self) -> UInt8[np.ndarray, "h w 3"]:
        try:
            return load_photo(self.content())
        except PhotoError as error:
            raise PhotoError(str(error).replace("image:", f"{self.address}:", 1)) from error

    def content(self) -> bytes:
        """Fetch the bytes of a photo behind an address.

        Raises:
            PhotoError: it cannot be fetched, or has changed since it was listed.
        """
        for left in reversed(range(TRIES)):
            try:
                system, path = _file_system(self.address)
                content: bytes = system.cat_file(path)
            except FileNotFoundError as error:
                raise PhotoError(f"{self.address}: no such file") from error
            except Exception as error:  # each service has errors of its own
                if not left:
                    raise PhotoError(
                        f"{self.address}: cannot be fetched after {TRIES} tries ({one_line(error)}); run the "
                        "same command again later"
                    ) from error
            else:
                size = self.stamp.partition(" ")[0]
                if size.isdecimal() and len(content) != int(size):
                    raise PhotoError(f"{self.address}: has changed meanwhile; run `upcracknet detect` again")
                return content
        raise AssertionError


def is_url(address: str) -> bool:
    """Tell whether it is an address for fsspec, such as ``s3://bucket/road``."""
    return "://" in address


def find_photos(
    addresses: list[str],
    spacing: Spacing = Spacing(),  # noqa: B008 - frozen
) -> tuple[list[Source], str | None]:
    """Find all photos of files, folders, globs and URLs, and the frames of videos, each once.

    Args:
        addresses: files, folders, globs; URLs of files, of folders, or with globs. Videos are read where they
            are named themselves; those in folders are left out.
        spacing: which frames of videos.

    Returns:
        the photos, sorted by address; and in a sentence what was left out, if anything was.

    Raises:
        DataError: there are none, or an address cannot be reached.
        ConfigurationError: the package for an address is missing, or there is none.
    """
    places = [
        unquote(address.removeprefix("file://")) if address.startswith("file://") else address
        for address in addresses
    ]
    local = [place for place in places if not is_url(place)]
    listing = list_photos(local) if local else Listing(())
    found = {
        source.address: source for photo in listing.photos for source in _local(_absolute(photo), spacing)
    }
    for place in filter(is_url, places):
        found |= {address: Source(address, stamp) for address, stamp in _behind(place).items()}
    if not found:
        raise DataError(f"no photos found in {', '.join(addresses)}; give photos, folders, patterns or URLs")
    return [found[address] for address in sorted(found)], listing.note()


def _local(path: Path, spacing: Spacing) -> list[Source]:
    """A photo, or the frames of a video; a video of which none can be taken is one failure."""
    stamp = stamp_of_file(path)
    if not _is_video(path):
        return [Source(str(path), stamp)]
    try:
        frames = choose_frames(path, spacing)
    except PhotoError as error:
        return [Source(str(path), stamp, note=str(error))]
    return [
        Source(frame_address(str(path), at), stamp, taken_at, None if number else frames.note)
        for number, (at, taken_at) in enumerate(zip(frames.milliseconds, frames.taken_at, strict=True))
    ]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - symbolic links keep their names


def _behind(address: str) -> dict[str, str]:
    """Addresses and stamps of the photos behind an address."""
    system, path = _file_system(address)
    try:
        # First, as a single name may hold brackets; a folder of a web server passes for a file.
        if _suffix(path) in PHOTO_SUFFIXES and system.isfile(path):
            entries = {path: system.info(path)}
        elif any(sign in path for sign in "*?["):
            entries = system.glob(path, detail=True)
        else:
            entries = system.find(path, detail=True)
    except Exception as error:  # each service has errors of its own
        raise DataError(
            f"{address}: cannot be reached ({one_line(error)}); check the address and your access"
        ) from error
    return {
        _address_of(name, address): _stamp_of_entry(entry)
        for name, entry in sorted(entries.items())
        if entry.get("type") == "file" and _suffix(name) in PHOTO_SUFFIXES
    }


def _suffix(address: str) -> str:
    """The suffix of a file's name; on a web server a question mark ends it, as before a signature."""
    path = urlsplit(address).path if address.startswith(("http://", "https://")) else address
    return PurePosixPath(path).suffix.lower()


def _address_of(name: str, origin: str) -> str:
    """The address of a file, from its name in the file system that an address led to."""
    first, *chain = origin.split("::")
    parts = urlsplit(first)
    if "://" not in name:
        host, bare = parts.netloc, name.lstrip("/")
        held, _, rest = bare.partition("/")
        if chain or not host or held == host:
            name = f"{parts.scheme}://{bare}"
        else:  # some systems leave the host out of the names, some only what stands after an @
            name = f"{parts.scheme}://{host}/{rest if held == host.partition('@')[0] else bare}"
    return "::".join([name, *chain])


def _stamp_of_entry(entry: dict[str, Any]) -> str:
    changed = next((entry[key] for key in ("ETag", "etag", "mtime", "LastModified") if key in entry), "")
    return f"{entry.get('size')} {changed}".strip()


def _file_system(address: str) -> tuple[Any, str]:
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
        raise ConfigurationError(
            f"{address}: unknown kind of address ({one_line(error)}); give s3://, gs://, az:// or https://, "
            "or copy the photos to a folder"
        ) from error
    except OSError as error:
        raise DataError(f"{address}: cannot be reached ({one_line(error)}); check the address") from error
    return system, path
