"""Which frames of a video are taken: one each so many seconds, or each so many metres of the track."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from upcracknet.data.listing import VIDEO_SUFFIXES
from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.track import Track, distance_m, utc_text
from upcracknet.results.video import Timeline, read_timeline

_FRAME = re.compile(r"(.+)/(\d{9,})ms")
_EVERY = re.compile(r"(\d*\.?\d+)\s*(s|m)")


@dataclass(frozen=True)
class Spacing:
    """How far apart the frames are that are taken.

    Attributes:
        amount: of seconds or metres.
        unit: "s" or "m".
        track: of the camera; metres need it.
        clock_offset_s: to be added to the video's times, so that they are those of the track.
    """

    amount: float = 1.0
    unit: str = "s"
    track: Track | None = None
    clock_offset_s: float = 0.0

    @classmethod
    def of(cls, every: str, track: Track | None = None, clock_offset_s: float = 0.0) -> "Spacing":
        """Read what a user gives.

        Args:
            every: such as "0.5s" or "2m".
            track: of the camera.
            clock_offset_s: see the class.

        Raises:
            ConfigurationError: it is neither seconds nor metres, or not above 0; metres without a track that
                has times; or an offset that is no number.
        """
        match = _EVERY.fullmatch(every.strip())
        if match is None or not 0 < float(match[1]) < math.inf:
            raise ConfigurationError(
                f"--every {every}: expected seconds or metres above 0, such as 0.5s or 2m"
            )
        if not math.isfinite(clock_offset_s):
            raise ConfigurationError(f"--clock-offset {clock_offset_s}: expected seconds, such as -3600")
        if match[2] == "m" and (track is None or track.span_s is None):
            raise ConfigurationError(
                f"--every {every} needs a track with times, without --no-measure; give one with --gpx, or "
                "seconds such as --every 1s"
            )
        return cls(float(match[1]), match[2], track, clock_offset_s)


@dataclass(frozen=True)
class Frames:
    """The frames that are taken of a video.

    Attributes:
        milliseconds: when they are shown, from the beginning, in order; whole numbers.
        taken_at: when they were taken, by the camera's clock, in UTC (ISO 8601); None where the file does not
            say when it began.
        note: what to know of the video; None if nothing.
    """

    milliseconds: tuple[int, ...]
    taken_at: tuple[str | None, ...]
    note: str | None = None


def frame_address(video: str, milliseconds: int) -> str:
    """Give the address of a frame: that of its video, and when it is shown."""
    return f"{video}/{milliseconds:09d}ms"


def split_frame(address: str) -> tuple[Path, int] | None:
    """Give the video and the milliseconds of a frame's address; None of other addresses."""
    match = _FRAME.fullmatch(address)
    if match is None or Path(match[1]).suffix.lower() not in VIDEO_SUFFIXES:
        return None
    return Path(match[1]), int(match[2])


def file_of(path: Path) -> Path:
    """Give the file that a photo is read from: itself, or the video of a frame."""
    frame = split_frame(str(path))
    return path if frame is None else frame[0]


def choose_frames(path: Path, spacing: Spacing) -> Frames:
    """Choose the frames of a video.

    Args:
        path: the video.
        spacing: how far apart.

    Returns:
        by time the first frame at or after each multiple of the seconds; by distance one each time the camera
        has come so far from where the last one was taken, and none where the track tells no place.

    Raises:
        PhotoError: the video cannot be read; or by distance, it does not say when it began, or no part of it
            is on the track.
        ConfigurationError: PyAV is not installed.
    """
    timeline = read_timeline(path)
    notes = []
    if timeline.is_cut_off:
        whole_s, there_s = (timeline.duration_ms or 0) / 1000, timeline.milliseconds[-1] / 1000
        notes.append(f"is cut off: its header tells {whole_s:.1f} s, and {there_s:.1f} s are there")
    times = np.array(timeline.milliseconds) / 1000
    if spacing.unit == "s":
        chosen = _by_time(times, spacing.amount)
    else:
        places, outside_s = _places(path, timeline, spacing)
        chosen = _by_distance(places, spacing.amount)
        if outside_s >= 1:
            notes.append(f"for {outside_s:.0f} s of it the track tells no place; no frames are taken there")
    milliseconds = tuple(timeline.milliseconds[index] for index in chosen)
    note = f"{path}: {'; '.join(notes)}" if notes else None
    return Frames(milliseconds, tuple(_taken_at(timeline.began, at) for at in milliseconds), note)


def _by_time(times: Float64[np.ndarray, " n"], step_s: float) -> list[int]:
    """The first frame at or after each multiple of a time; each frame once."""
    # A frame of 999.9 ms that was rounded to 1000 is that of the first second.
    multiples = np.floor(times / step_s + 1e-9)
    new: np.ndarray = np.flatnonzero(np.diff(multiples, prepend=-1.0) > 0)
    return [int(index) for index in new]


def _places(path: Path, timeline: Timeline, spacing: Spacing) -> tuple[Float64[np.ndarray, "n 2"], float]:
    """Latitude and longitude at each frame, NaN where the track tells none; and for how many seconds so."""
    track = spacing.track
    assert track is not None and track.span_s is not None
    if timeline.began is None:
        raise PhotoError(
            f"{path}: does not say when it began (creation_time), so its frames have no place on the track; "
            "give --every 1s"
        )
    times = np.array(timeline.milliseconds) / 1000 + timeline.began + spacing.clock_offset_s
    places = np.full((len(times), 2), np.nan)
    for piece in track.pieces:
        within = (times >= piece[0, 2]) & (times <= piece[-1, 2])
        for column in (0, 1):
            places[within, column] = np.interp(times[within], piece[:, 2], piece[:, column])
    outside = np.isnan(places[:, 0])
    if outside.all():
        first, last = track.span_s
        raise PhotoError(
            f"{path}: no part of it is on the track: it is of {utc_text(times[0])} to {utc_text(times[-1])}, "
            f"the track of {utc_text(first)} to {utc_text(last)}; if a clock was wrong, give --clock-offset"
        )
    return places, float(np.diff(times, append=times[-1])[outside].sum())


def _by_distance(places: Float64[np.ndarray, "n 2"], step_m: float) -> list[int]:
    """A frame each time the camera has come so far from where the last one was taken.

    The straight way counts: a receiver that stands still wanders, and its way would grow.
    """
    chosen: list[int] = []
    last: tuple[float, float] | None = None
    for index in np.flatnonzero(np.isfinite(places[:, 0])):
        here = (float(places[index, 0]), float(places[index, 1]))
        if last is None or distance_m(last, here) >= step_m:
            chosen.append(int(index))
            last = here
    return chosen


def _taken_at(began: float | None, milliseconds: int) -> str | None:
    if began is None:
        return None
    time = datetime.fromtimestamp(began + milliseconds / 1000, UTC)
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
