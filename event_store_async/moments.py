"""Moments: timestamps as datetimes and as milliseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

MIN_TIMESTAMP: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""The first millisecond of the year 1: the earliest that a datetime can be."""

MAX_TIMESTAMP: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""The last millisecond of the year 9999: the latest that a datetime can be."""


def utc_now() -> datetime:
    """Return the current time: aware, in UTC, in whole milliseconds."""
    return datetime.fromtimestamp(time_ns() // 1_000_000 / 1000, UTC)


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as milliseconds since the epoch, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """
    Return milliseconds since the epoch as a moment: aware, in UTC.

    Raises:
        OverflowError: they are below `MIN_TIMESTAMP` or above `MAX_TIMESTAMP`.
    """
    return _EPOCH + timedelta(0, 0, 0, milliseconds)
