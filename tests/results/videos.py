"""Videos as PyAV writes them, for tests."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

BEGAN = "2024-05-01T10:00:00Z"
WIDTH, HEIGHT = 96, 64
IRREGULAR = [0, 40, 80, 1000, 1040, 1500, 5000, 5040]
STEADY = range(0, 4000, 40)
"""When frames are shown, in milliseconds."""

METRES_PER_DEGREE = 111_132.95  # of latitude at 45 degrees, on the WGS 84 ellipsoid


def grey(number: int) -> int:
    """How bright the road is in a frame, by its number."""
    return 90 + 20 * (number % 6)


def write_video(
    path: Path,
    milliseconds: Iterable[int],
    *,
    codec: str = "libx264",
    rotation: int = 0,
    began: str | None = BEGAN,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose frames have a brightness of their own, a crack, and a red mark in their upper left.

    Args:
        path: the suffix says the format.
        milliseconds: when the frames are shown.
        codec: of FFmpeg.
        rotation: by which the frames are to be turned for display, counter-clockwise, in degrees.
        began: when the camera began.
        options: of the format.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 5
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        if began is not None:
            container.metadata["creation_time"] = began
        for number, at in enumerate(milliseconds):
            pixels = np.full((HEIGHT, WIDTH, 3), grey(number), np.uint8)
            cv2.polylines(pixels, [np.array([[0, 40], [30, 44], [60, 37], [95, 45]])], False, (20, 20, 20), 4)
            pixels[:12, :24] = 250, 20, 20
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a file that has sound and no video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
