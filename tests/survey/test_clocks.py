"""Clocks of photos against that of a track, and the zone that they may differ by."""

import numpy as np
import pytest
from tests.measure.tracks import START, straight

from upcracknet.measure.track import Track
from upcracknet.survey.clocks import better_offset_s, clock_notes

DRIVE = START + np.arange(0.0, 60.0, 5.0)


@pytest.mark.parametrize("hours", [1, -2, 5.5, -9.5, 14])
def test_clocks_of_another_zone_are_found(hours):
    assert better_offset_s(DRIVE - hours * 3600, straight(0.0)) == hours * 3600


@pytest.mark.parametrize("away_s", [0, 600, 20 * 3600, 86_400 * 365])
def test_nothing_is_suggested_that_does_not_help(away_s):
    assert better_offset_s(DRIVE + away_s, straight(0.0)) is None


def test_of_several_the_smallest_offset_is_suggested():
    day = straight(0.0, 4 * 3600, speed=1.0)
    assert better_offset_s(DRIVE - 3 * 3600, day) == 3 * 3600
    assert better_offset_s(DRIVE + 5 * 3600, day) == -3600 - 1800


def test_days_are_said_where_they_differ():
    track = Track((np.add(straight(0.0).segments[0], (0, 0, 14 * 3600 - 30)),))
    notes = clock_notes(DRIVE - 86_400, track, 12, 0.0)
    assert notes == [
        "Photos 2024-04-30 10:00:00 to 10:00:55 UTC, track 2024-05-01 23:59:30 to 2024-05-02 00:00:30 UTC; "
        "0 of 12 photos on the track."
    ]
