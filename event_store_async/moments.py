"""Moments: timestamps as datetimes and as milliseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def utc_now() -> datetime:
    """Return the current time: aware, in UTC, in whole milliseconds."""
    return datetime.fromtimestamp(time_ns() // 1_000_000 / 1000, UTC)


def whole_milliseconds(moment: datetime) -> datetime:
    """Return a moment in UTC, rounded down to a whole millisecond."""
    if moment.tzinfo is not UTC:
        return from_milliseconds(to_milliseconds(moment))
    beyond = moment.microsecond % 1000
    return moment.replace(microsecond=moment.microsecond - beyond) if beyond else moment


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as milliseconds since the epoch, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return milliseconds since the epoch as a moment: aware, in UTC."""
    return _EPOCH + timedelta(0, 0, 0, milliseconds)
