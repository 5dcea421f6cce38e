"""Position: a place in a feed."""

import re
from typing import Final, TypeAlias
from uuid import UUID

from ..checks import check_instance, check_int
from ..errors import ForeignPosition, InvalidArgument
from ..excerpt import excerpt
from ..values import draft_of, value

_TEXT: Final = re.compile(r"([0-9a-f]{32})-(\d{1,18})-(\d{1,9})-(\d{1,18})", re.ASCII)
_LARGEST: Final = 10**18 - 1
_LARGEST_INDEX: Final = 10**9 - 1


@value
class Position:
    """
    A place in a feed: after one of its events, or before the first.

    Positions of one feed are ordered, and the difference of two is the number of events between
    them. ``str(position)`` is a short text, fit for a URL or a database; `parse` reads it.

    Positions of two feeds are never equal. Ordering or subtracting them raises `ForeignPosition`.

    Attributes:
        feed_id: The feed. A feed that is built again has another id.
        entry: The entry of the feed's log; 0 before the first.
        index: How many of the entry's events are at or before this place.
        ordinal: How many events the feed holds up to here, of all categories and types: the first
            event has ordinal 1, and there are no gaps.

    Raises:
        InvalidArgument: *feed_id* is not a UUID, or another value is not an int that `parse` reads.
    """

    feed_id: UUID
    entry: int
    index: int
    ordinal: int

    def __post_init__(self) -> None:
        """Refuse what has no text that can be read again."""
        check_instance("feed_id", self.feed_id, UUID, "a uuid.UUID")
        check_int("entry", self.entry, at_least=0, at_most=_LARGEST)
        check_int("index", self.index, at_least=0, at_most=_LARGEST_INDEX)
        check_int("ordinal", self.ordinal, at_least=0, at_most=_LARGEST)

    @classmethod
    def beginning(cls, feed_id: UUID) -> "Position":
        """Return the position before the first event of a feed."""
        return cls(feed_id, 0, 0, 0)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """
        Return the position whose text this is.

        Raises:
            InvalidArgument: it is not the text of a position.
        """
        found = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidArgument(
                f"{excerpt(text)} is not a position in a feed",
                hint="pass what str() made of a position",
            )
        feed_id, entry, index, ordinal = found.groups()
        return cls(UUID(hex=feed_id), int(entry), int(index), int(ordinal))

    def check_feed(self, feed_id: UUID) -> None:
        """
        Refuse this position for another feed than its own.

        Raises:
            InvalidArgument: *feed_id* is not a UUID.
            ForeignPosition: it is of another feed.
        """
        check_instance("feed_id", feed_id, UUID, "a uuid.UUID")
        if self.feed_id != feed_id:
            raise ForeignPosition(self.feed_id, feed_id)

    def __sub__(self, other: "Position") -> int:
        """Return the number of events between two positions; negative if *other* is later."""
        if not isinstance(other, Position):
            return NotImplemented
        other.check_feed(self.feed_id)
        return self.ordinal - other.ordinal

    def __lt__(self, other: "Position") -> bool:
        return self - other < 0 if isinstance(other, Position) else NotImplemented

    def __le__(self, other: "Position") -> bool:
        return self - other <= 0 if isinstance(other, Position) else NotImplemented

    def __gt__(self, other: "Position") -> bool:
        return self - other > 0 if isinstance(other, Position) else NotImplemented

    def __ge__(self, other: "Position") -> bool:
        return self - other >= 0 if isinstance(other, Position) else NotImplemented

    def __str__(self) -> str:
        return f"{self.feed_id.hex}-{self.entry}-{self.index}-{self.ordinal}"


_Draft: Final = draft_of(Position)


def position(feed_id: UUID, entry: int, index: int, ordinal: int) -> Position:
    """Return a position without the checks of its constructor: for one that follows from a log."""
    draft = _Draft()
    draft.feed_id = feed_id
    draft.entry = entry
    draft.index = index
    draft.ordinal = ordinal
    draft.__class__ = Position
    made: Position = draft
    return made


Places: TypeAlias = tuple[UUID, int, int, int]
"""
Where consecutive events of a stream stand: the feed, the entry, and the index and the ordinal that
the event with version 0 would have.
"""


def position_at(places: Places, version: int) -> Position:
    """Return the position of one of these events."""
    feed_id, entry, index, ordinal = places
    return position(feed_id, entry, index + version, ordinal + version)
