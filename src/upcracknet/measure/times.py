"""Times as files tell them: only those that a camera of today can have."""

from datetime import UTC, datetime

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def seconds_since_1970(time: datetime) -> float:
    """Give a time in seconds since 1970 (UTC).

    Clocks that were never set are decades behind. What lies centuries away is damage, and with a zone or an
    offset leads to years that no calendar has.

    Args:
        time: in UTC where it tells no zone.

    Raises:
        ValueError: it is before 1900 or after 2199.
    """
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if not EARLIEST <= time < LATEST:
        raise ValueError(f"the year {time.year}")
    return time.timestamp()
