"""Deliveries: what a reader of a feed got. Values only."""

from dataclasses import dataclass
from typing import NamedTuple


class Item(NamedTuple):
    """
    An event, as a feed delivered it.

    Attributes:
        ordinal: Its place in the feed, from 1.
        stream: Its stream.
        version: Its version.
        event: Its id.
        type: Its type.
    """

    ordinal: int
    stream: str
    version: int
    event: str
    type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    Events that a reader got at once.

    Attributes:
        at: When, in nanoseconds of the monotonic clock that all processes of the machine share.
        by: The process.
        reader: The reader. A process that dies is replaced by another one of the same reader, which
            goes on from a position that was stored.
        after: The ordinal of the position that it read after.
        items: The events, in the order received.
        position: The ordinal of the position up to which everything was looked at.
        head: The ordinal of the end of the feed, as it was told; None if it was not.
        types: The types that it selected; none is all events.
        final: Whether it is a part of the last reading, made after everything else had ended.
    """

    at: int
    by: str
    reader: str
    after: int
    items: tuple[Item, ...]
    position: int
    head: int | None = None
    types: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True, slots=True)
class Located:
    """
    A position that a reader was given for an event.

    Attributes:
        at: When.
        by: The process.
        stream: The stream of the event.
        version: Its version.
        ordinal: The ordinal of the position.
    """

    at: int
    by: str
    stream: str
    version: int
    ordinal: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    An error of a reader, or an alarm of the library.

    Attributes:
        at: When.
        by: The process.
        alarm: Whether the library logged it as an error; otherwise a call raised it.
        what: Its text.
    """

    at: int
    by: str
    alarm: bool
    what: str


Line = Delivery | Located | Trouble
