"""Moments: timestamps as datetimes and as milliseconds since the epoch."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_subtract: Final[Callable[[datetime, datetime], timedelta]] = datetime.__sub__

MIN_TIMESTAMP: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""The first millisecond of the year 1: the earliest that a datetime can be."""

MAX_TIMESTAMP: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""The last millisecond of the year 9999: the latest that a datetime can be."""


_latest = 0, _EPOCH
"""The latest moment that `utc_now` made, after its milliseconds: many appends share one."""


def utc_now() -> datetime:
    """Return the current time: aware, in UTC, in whole milliseconds."""
    global _latest  # noqa: PLW0603 - one pair, so that any thread may replace it
    milliseconds = time_ns() // 1_000_000
    made, moment = _latest
    if milliseconds != made:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        _latest = milliseconds, moment
    return moment


def since_epoch(moment: datetime) -> timedelta:
    """Return an aware datetime, of any subclass, as the time since 1970 in UTC."""
    # Not by "-": the subtraction of a subclass, like pendulum's, returns a class of its own.
    return _subtract(moment, _EPOCH)


def to_milliseconds(moment: datetime) -> int:
    """Return a moment as milliseconds since the epoch, rounded down."""
    milliseconds, latest = _latest
    if moment is latest:
        return milliseconds
    return since_epoch(moment) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """
    Return milliseconds since the epoch as a moment: aware, in UTC.

    Raises:
        OverflowError: they are below `MIN_TIMESTAMP` or above `MAX_TIMESTAMP`.
    """
    return _EPOCH + _MILLISECOND * milliseconds  # half the work of timedelta's constructor


def moment_text(moment: datetime) -> str:
    """Return a moment in the one form in which people are shown it: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
