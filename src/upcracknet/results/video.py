"""Videos: when their frames were taken, and the frames themselves, upright, by their times."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.files import one_line
from upcracknet.measure.times import seconds_since_1970

HARMLESS = {"protocol_whitelist": "file", "format_whitelist": "mov,matroska,avi,mpegts,asf,mpeg"}
"""What FFmpeg may open: no playlists, which would lead to other files and hosts."""

LARGEST_ASPECT = 8
"""How many times as wide as high a pixel may be, or as high as wide; those of widescreen formats have 2."""

LONGEST_MS = 30 * 24 * 3_600_000
"""Frames that claim to be shown later are left out: no camera records for a month."""

MISSING_MS = 1000
"""A video that ends so much earlier than its header says was cut off, in milliseconds."""


@dataclass(frozen=True)
class Timeline:
    """When the frames of a video are shown.

    Attributes:
        milliseconds: of each frame, from the beginning, in order, none twice.
        began: when the camera began, by its clock, in seconds since 1970 (UTC); None where the file does not
            say.
        duration_ms: length that the header tells; None where it tells none.
    """

    milliseconds: tuple[int, ...]
    began: float | None
    duration_ms: int | None

    @property
    def is_cut_off(self) -> bool:
        """Whether the video ends much earlier than its header says."""
        return self.duration_ms is not None and self.milliseconds[-1] < self.duration_ms - MISSING_MS


def read_timeline(path: Path) -> Timeline:
    """Read when the frames of a video are shown. Nothing is decoded, but the whole file is read.

    Args:
        path: any video that FFmpeg reads. The rate of its frames may vary.

    Raises:
        PhotoError: it is missing or damaged, or has no video in it.
        ConfigurationError: PyAV is not installed.
    """
    import_av(path)
    with _opened(path) as (container, stream):
        shown = (
            packet.dts if packet.pts is None else packet.pts
            for packet in _packets(container, stream) if not packet.is_discard
        )  # fmt: skip
        times = (_milliseconds(time, stream) for time in shown if time is not None)
        found = {at for at in times if 0 <= at <= LONGEST_MS}
        if not found:
            raise PhotoError(f"{path}: has no frame that can be read; copy it again")
        length = stream.duration and stream.duration * stream.time_base
        if length is None and container.duration is not None:
            length = Fraction(container.duration, 1_000_000)
        noted = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
        return Timeline(
            tuple(sorted(found)), _seconds(noted), None if length is None else round(length * 1000)
        )


def read_frames(
    path: Path, milliseconds: Sequence[int]
) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"] | PhotoError]]:
    """Read frames of a video, decoding it once from the first one on; one frame is held at a time.

    Frames are turned upright as the file says, and pixels that are not square become so.

    Args:
        path: the video.
        milliseconds: the frames' times as :func:`read_timeline` gives them, in order.

    Yields:
        the time and the frame, RGB; or why it cannot be read.

    Raises:
        ConfigurationError: PyAV is not installed.
    """
    import_av(path)
    left = deque(milliseconds)
    try:
        for at, frame, stream in _decoded(path, left[0]):
            while left and left[0] < at:
                yield left[0], _unreadable(path, left.popleft(), "is damaged there")
            if left and left[0] == at:
                yield left.popleft(), _upright(path, at, frame, stream)
            if not left:
                return
    except PhotoError as error:  # the file as a whole
        yield from ((at, error) for at in left)
        return
    yield from ((at, _unreadable(path, at, "ends before")) for at in left)


def import_av(path: Path) -> Any:
    """Import PyAV.

    Raises:
        ConfigurationError: it is not installed.
    """
    if find_spec("av") is None:
        raise ConfigurationError(
            f"{path}: videos need PyAV; install it with `pip install 'upcracknet[video]'`"
        )
    import av

    return av


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a video: its container and its main stream."""
    av = import_av(path)
    try:
        container = av.open(str(path), options=HARMLESS, metadata_errors="replace")
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file") from error
    except (av.FFmpegError, OSError) as error:
        raise PhotoError(
            f"{path}: cannot be read as a video ({one_line(error)}); it may be damaged or cut off; "
            "copy it again"
        ) from error
    with container:
        stream = container.streams.best("video")
        if stream is None:
            raise PhotoError(f"{path}: has no video in it")
        stream.thread_type = "AUTO"
        yield container, stream


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream, up to where the file is damaged so that no more can be found."""
    av = import_av(Path(container.name))
    try:
        yield from container.demux(stream)
    except av.FFmpegError:
        return


def _decoded(path: Path, first: int) -> Iterator[tuple[int, Any, Any]]:
    """Decode the frames of a video from one at or before a time on: the time, the frame, its stream."""
    # Some formats have no index, and a jump in them may lead too far: then from the beginning.
    for start in (first, 0):
        with _opened(path) as (container, stream):
            if start:
                _jump(container, stream, start)
            frames = _frames(container, stream)
            begin = next(frames, None)
            if begin is not None and (begin[0] <= first or not start):
                yield (*begin, stream)
                yield from ((at, frame, stream) for at, frame in frames)
                return


def _jump(container: Any, stream: Any, milliseconds: int) -> None:
    """Go on from the last frame before a time that needs no other one; stay where that is not possible."""
    offset = (stream.start_time or 0) + int(Fraction(milliseconds, 1000) / stream.time_base)
    with suppress(import_av(Path(container.name)).FFmpegError):
        container.seek(offset, stream=stream)


def _frames(container: Any, stream: Any) -> Iterator[tuple[int, Any]]:
    """Decode the frames that follow; damaged ones are left out."""
    av = import_av(Path(container.name))
    for packet in _packets(container, stream):
        with suppress(av.FFmpegError):
            for frame in packet.decode():
                if frame.pts is not None and not frame.is_corrupt:
                    yield _milliseconds(frame.pts, stream), frame


def _upright(path: Path, at: int, frame: Any, stream: Any) -> UInt8[np.ndarray, "h w 3"] | PhotoError:
    """A frame as RGB, upright, with square pixels; or why it cannot be read."""
    aspect = stream.sample_aspect_ratio or 1
    if not 1 / LARGEST_ASPECT <= aspect <= LARGEST_ASPECT:
        return _unreadable(path, at, f"has pixels {float(aspect):g} times as wide as high")
    try:
        width = round(frame.width * aspect)
        pixels = frame.to_ndarray(format="rgb24", width=width, height=frame.height)
    except (import_av(path).FFmpegError, ValueError, MemoryError, OverflowError) as error:
        return _unreadable(path, at, f"is damaged there ({one_line(error)})")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _milliseconds(shown: int, stream: Any) -> int:
    """When a frame is shown, from the beginning of its video."""
    milliseconds: int = round((shown - (stream.start_time or 0)) * stream.time_base * 1000)
    return milliseconds


def _seconds(text: str | None) -> float | None:
    """A time that a file notes, in seconds since 1970; None where there is none."""
    try:
        return seconds_since_1970(datetime.fromisoformat(text or ""))
    except ValueError:
        return None


def _unreadable(path: Path, at: int, reason: str) -> PhotoError:
    return PhotoError(f"{path}: cannot be read at {at / 1000:.3f} s: it {reason}")
