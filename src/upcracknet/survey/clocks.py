"""The clocks of photos and of a track: how far they overlap, and by how much they may differ."""

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.track import Track, utc_text

ZONE_STEP_S = 1800
LARGEST_ZONE_S = 14 * 3600
"""Clocks of other zones are wrong by whole and half hours, up to 14 of them."""


def clock_notes(
    seconds: Float64[np.ndarray, " n"], track: Track, photos: int, clock_offset_s: float
) -> list[str]:
    """Say how the clocks of photos and of a track overlap.

    Args:
        seconds: when photos were taken, in seconds since 1970 (UTC), with the offset; of those that tell it.
        track: of the camera.
        photos: number of all photos.
        clock_offset_s: seconds that were added to the photos' clocks.

    Returns:
        sentences; the second one only where the clocks seem to differ by a zone.
    """
    span = track.span_s
    if span is None:
        return ["The track's points have no times: photos cannot be placed by it."]
    if not len(seconds):
        return ["No photo that can be read says when it was taken: the track places none."]
    on_track = int(track.covers(seconds).sum())
    notes = [
        f"Photos {_period(float(seconds.min()), float(seconds.max()))}, track {_period(*span)}; "
        f"{on_track} of {photos} photos on the track."
    ]
    better = better_offset_s(seconds, track) if 2 * on_track < len(seconds) else None
    if better is not None:
        reached, offset_s = int(track.covers(seconds + better).sum()), clock_offset_s + better
        notes.append(
            f"With a clock offset of {offset_s:.10g} s {reached} of {photos} photos would be on the track: "
            "check the camera's zone."
        )
    return notes


def better_offset_s(seconds: Float64[np.ndarray, " n"], track: Track) -> int | None:
    """Find the whole or half hours that put the most photos onto a track.

    Args:
        seconds: when photos were taken, in seconds since 1970 (UTC).
        track: of the camera.

    Returns:
        seconds to add to the photos' times, the fewest of those that serve equally well; None where no such
        step puts more than half of the photos, and more than now, onto the track.
    """
    steps = sorted(range(-LARGEST_ZONE_S, LARGEST_ZONE_S + 1, ZONE_STEP_S), key=abs)
    reached = [int(track.covers(seconds + step).sum()) for step in steps]
    best = int(np.argmax(reached))
    return steps[best] if best and 2 * reached[best] > len(seconds) else None


def _period(start: float, end: float) -> str:
    """Two times; the day of the second one only where it is another one."""
    first, last = utc_text(start).removesuffix(" UTC"), utc_text(end)
    day, _, clock = last.partition(" ")
    return f"{first} to {clock if first.startswith(day) else last}"
