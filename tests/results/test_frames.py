"""Which frames of a video are taken: by time and by distance."""

import math
from datetime import datetime

import numpy as np
import pytest

pytest.importorskip("av")

from tests.results.videos import BEGAN, IRREGULAR, METRES_PER_DEGREE, STEADY, write_video

from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.track import Track
from upcracknet.results.frames import Spacing, choose_frames


def track(metres_by_second):
    """A track to the north that begins with the video: where it is at each second."""
    began = datetime.fromisoformat(BEGAN).timestamp()
    rows = [[45 + m / METRES_PER_DEGREE, 7.0, began + s] for s, m in enumerate(metres_by_second)]
    return Track((np.array(rows),))


@pytest.mark.parametrize(
    ("every", "expected"),
    [("1s", [0, 1000, 5000]), ("0.5s", [0, 1000, 1500, 5000]), ("60s", [0]), ("0.04 s", IRREGULAR)],
)
def test_by_time_also_at_a_variable_rate(tmp_path, every, expected):
    path = write_video(tmp_path / "a.mp4", IRREGULAR)
    assert list(choose_frames(path, Spacing.of(every)).milliseconds) == expected


def test_each_frame_has_its_time(tmp_path):
    frames = choose_frames(write_video(tmp_path / "a.mp4", IRREGULAR), Spacing.of("0.5s"))
    assert frames.taken_at[:3] == (
        "2024-05-01T10:00:00.000Z", "2024-05-01T10:00:01.000Z", "2024-05-01T10:00:01.500Z"
    )  # fmt: skip
    frames = choose_frames(write_video(tmp_path / "b.mp4", IRREGULAR, began=None), Spacing.of("0.5s"))
    assert set(frames.taken_at) == {None}


def test_by_distance(tmp_path):
    path = write_video(tmp_path / "a.mp4", STEADY)
    frames = choose_frames(path, Spacing.of("1.9m", track([0, 10, 20, 30, 40])))
    # 10 m/s: 0.4 m from frame to frame, so the first one beyond 1.9 m is the fifth.
    assert list(frames.milliseconds) == list(range(0, 4000, 200))


def test_where_the_camera_stands_no_frame_is_taken(tmp_path):
    path = write_video(tmp_path / "a.mp4", STEADY)
    wandering = [0, 10, 10.6, 9.7, 20]
    frames = choose_frames(path, Spacing.of("1.9m", track(wandering)))
    assert not [at for at in frames.milliseconds if 1000 < at < 3000]
    assert len(frames.milliseconds) == 5 + 5


def test_a_clock_that_is_wrong(tmp_path):
    path = write_video(tmp_path / "a.mp4", STEADY, began="2024-05-01T12:00:00Z")
    road = track([0, 10, 20, 30, 40])
    with pytest.raises(PhotoError, match=r"12:00:00 UTC to .*10:00:04 UTC; if a clock was wrong"):
        choose_frames(path, Spacing.of("1.9m", road))
    frames = choose_frames(path, Spacing.of("1.9m", road, -7200.0))
    assert len(frames.milliseconds) == 20
    assert frames.taken_at[0] == "2024-05-01T12:00:00.000Z"  # by the camera's clock, as it says itself


def test_beyond_the_track_no_frame_is_taken(tmp_path):
    path = write_video(tmp_path / "a.mp4", STEADY)
    frames = choose_frames(path, Spacing.of("2m", track([0, 10, 20])))
    assert max(frames.milliseconds) <= 2000
    assert frames.note == f"{path}: for 2 s of it the track tells no place; no frames are taken there"


def test_by_distance_without_a_time(tmp_path):
    path = write_video(tmp_path / "a.mp4", STEADY, began=None)
    with pytest.raises(PhotoError, match="does not say when it began"):
        choose_frames(path, Spacing.of("2m", track([0, 10, 20])))


@pytest.mark.parametrize(
    ("every", "reason"),
    [
        ("2", "expected seconds or metres"),
        ("0s", "above 0"),
        ("-1s", "above 0"),
        ("2m", "give one with --gpx"),
    ],
)
def test_impossible_spacings(every, reason):
    with pytest.raises(ConfigurationError, match=reason):
        Spacing.of(every)


def test_an_impossible_offset():
    with pytest.raises(ConfigurationError, match="clock-offset"):
        Spacing.of("1s", clock_offset_s=math.nan)
