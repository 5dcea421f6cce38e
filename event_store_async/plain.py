"""
Plain values: instances of subclasses as the built-in types that they stand for.

Libraries subclass `datetime`, `UUID` and `str`: freezegun, pendulum, asyncpg, every enum of str.
What a store records is the plain value, whatever object carried it: that is what it reads back.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, Final
from uuid import UUID

_MINUTE: Final = timedelta(minutes=1)


def plain_uuid(value: UUID) -> UUID:
    """Return a UUID as a `UUID` itself: an instance of a subclass is replaced."""
    return value if type(value) is UUID else UUID(int=value.int)


def plain_str(value: str) -> str:
    """Return a str as a `str` itself: an instance of a subclass, like an enum's, is replaced."""
    # Not str(value): a subclass may say something else there, as an enum does.
    return value if type(value) is str else str.__str__(value)


def plain_int(value: int) -> int:
    """Return an int as an `int` itself: an instance of a subclass, like an enum's, is replaced."""
    return value if type(value) is int else int.__int__(value)


def iso_format(value: datetime | date | time) -> str:
    """
    Return a date or time of any subclass in ISO 8601, as its plain type writes it.

    Raises:
        TypeError: it is a time of day with a time zone, whose offset is not known without a date;
            or the offset has seconds, for which ISO 8601 has no form.
    """
    if isinstance(value, datetime):
        offset = value.utcoffset()
        if offset is not None and offset % _MINUTE:
            raise TypeError(f"an offset of {offset} has no form in ISO 8601: convert it to UTC")
        return datetime.isoformat(value)
    if isinstance(value, date):
        return date.isoformat(value)
    if value.tzinfo is not None:
        raise TypeError("a time of day with a time zone has no JSON form")
    return time.isoformat(value)


def leaves(payload: Any) -> Iterator[Any]:
    """Iterate over what a payload consists of: of an enum, over the member and its value."""
    # Not by recursion: a payload may be deeper than Python's stack.
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        elif is_dataclass(value) and not isinstance(value, type):
            waiting.extend(getattr(value, field.name) for field in fields(value))
        else:
            yield value
            if isinstance(value, Enum):
                waiting.append(value.value)
