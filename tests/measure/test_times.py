from datetime import UTC, datetime, timedelta, timezone

import pytest

from upcracknet.measure.times import seconds_since_1970


def test_times_of_our_days():
    assert seconds_since_1970(datetime(1970, 1, 2)) == 86_400
    assert seconds_since_1970(datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == 86_400 - 7200
    assert seconds_since_1970(datetime(1904, 1, 1, tzinfo=UTC)) < 0  # clocks that were never set


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_times_of_other_days_are_damage(year):
    for zone in (None, UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=14))):
        with pytest.raises(ValueError, match="year"):
            seconds_since_1970(datetime(year, 6, 1, tzinfo=zone))
