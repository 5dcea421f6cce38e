"""Announcements: what a writer is about to append, and the address of each."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from ...ids import parse_uuids
from ..driver.port import Row

Types = str | None | Sequence[str | None]
"""The types of consecutive events: one for all of them, or one for each."""

MAX_BYTES: Final = 1_000_000
"""
The most bytes of one row of announcements, unless it holds only one, and about the most characters
of types in one entry of the log.

Cassandra refuses a write of more than half a segment of its commit log, 16 MiB by default. What
is refused would be tried again for ever, and hold up all that comes after it.
"""


class Address(NamedTuple):
    """
    The address of an announcement. The first row of its append bears it.

    Attributes:
        writer: The writer, whose lane it stands in.
        seq: Its number in the lane, from 1, without gaps.
    """

    writer: UUID
    seq: int


class Announcement(NamedTuple):
    """
    An append that is about to be sent.

    Attributes:
        seq: Its number in its writer's lane.
        stream_id: The stream.
        expected: The exact version that the append is conditioned on.
        events: How many events it has.
        types: Their types.
        category: The category of the stream, if its writer knew it.
    """

    seq: int
    stream_id: UUID
    expected: int
    events: int
    types: Types
    category: str | None = None

    @property
    def last(self) -> int:
        """The version of the append's last event."""
        return self.expected + self.events


Content = tuple[UUID, int, int, Types, str | None]
"""What a row says of an announcement: its fields after its seq, which follows from the row's."""


def packed(contents: Sequence[Content]) -> tuple[int, str]:
    """
    Return how many announcements, the first ones, go into one row, and the text of that row.

    All of them, unless that is too long; one at least. Raises TypeError if one cannot be encoded.
    """
    while len(text := orjson.dumps(contents)) > MAX_BYTES and len(contents) > 1:
        contents = contents[: len(contents) // 2]
    return len(contents), text.decode()


def shared_type(types: Sequence[str | None]) -> Types:
    """Return the types of some events, short if all are the same."""
    return types[0] if len(types) == 1 or len(set(types)) == 1 else list(types)


def type_at(types: Types, index: int) -> str | None:
    """Return the type of one of the events, counted from 0."""
    return types if types is None or isinstance(types, str) else types[index]


def size_of(types: Types) -> int:
    """Return about how many characters types take where they are stored."""
    if types is None or isinstance(types, str):
        return 4 if types is None else len(types)
    return sum(4 if each is None else 3 + len(each) for each in types)


_made: Final = partial(tuple.__new__, Announcement)
"""Makes an announcement of its fields, without a call of Python."""

address_of: Final = partial(tuple.__new__, Address)
"""Makes an address of a writer and a seq in the same way."""


def announced(rows: Sequence[Row], after: int) -> list[Announcement]:
    """
    Return the announcements of some rows, in order, that follow a seq without a gap.

    Args:
        rows: The seq of the last announcement of each row, and its text, if that is visible yet.
        after: The seq. It may stand in the middle of the first row.
    """
    contents: list[Any] = []
    for last, text in rows:
        if text is None:
            break
        found = orjson.loads(text)
        known = after + len(contents) - (last - len(found))
        if known < 0:
            break
        contents += found[known:]
    if not contents:
        return []
    stream_ids, *others = zip(*contents, strict=True)
    return _of_columns(after + 1, parse_uuids(stream_ids), *others)


def following(contents: Sequence[Content], after: int) -> list[Announcement]:
    """Return announcements that follow a seq, of the contents that a writer gives."""
    return _of_columns(after + 1, *zip(*contents, strict=True))


def _of_columns(first: int, *columns: Iterable[Any]) -> list[Announcement]:
    # A column at a time, so that most of the work is in calls of C.
    return list(map(_made, zip(count(first), *columns)))
