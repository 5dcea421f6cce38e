"""Announcements: what a writer is about to append, and the address of each."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from ...ids import parse_uuids
from ..driver.port import Bound, Prepared, Row

Types = str | None | Sequence[str | None]
"""The types of consecutive events: one for all of them, or one for each."""

MAX_TYPES: Final = 1_000_000
"""
The most characters of types in one batch of announcements, and in one entry of the log.

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


Content = tuple[UUID, int, int, str, str | None]
"""What stands in the row of an announcement after its seq: its fields, with the types as text."""

_types_of: Final = itemgetter(3)


def fitting(contents: Sequence[Content]) -> int:
    """Return how many announcements, the first ones, may be written together: one at least."""
    sizes = list(accumulate(map(len, map(_types_of, contents))))
    return max(1, bisect_right(sizes, MAX_TYPES))


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


def types_as_text(types: Types) -> str:
    """Return types as they are stored."""
    return orjson.dumps(types).decode()


def types_from_text(text: str) -> Types:
    """Return types from their stored form."""
    types: Types = orjson.loads(text)
    return types


_made: Final = partial(tuple.__new__, Announcement)
"""Makes an announcement of its fields, without a call of Python."""

address_of: Final = partial(tuple.__new__, Address)
"""Makes an address of a writer and a seq in the same way."""


def announced(rows: Sequence[Row], after: int) -> list[Announcement]:
    """
    Return the announcements of some rows, in order, that follow a seq without a gap.

    A column at a time, so that most of the work is in calls of C.
    """
    rows = rows[: _dense(rows, after)]
    if not rows:
        return []
    seqs, stream_ids, expected, events, texts, categories = zip(*rows, strict=True)
    types = {text: types_from_text(text) for text in set(texts)}
    return list(
        map(
            _made,
            zip(
                seqs,
                parse_uuids(stream_ids),
                expected,
                events,
                map(types.__getitem__, texts),
                categories,
                strict=True,
            ),
        )
    )


def _dense(rows: Sequence[Row], after: int) -> int:
    """Return how many rows, the first ones, are whole and follow a seq without a gap."""
    for at, (seq, stream_id, expected, events, types, _) in enumerate(rows, after + 1):
        if seq != at or stream_id is None or expected is None or events is None or types is None:
            return at - after - 1
    return len(rows)


def announcing(
    whole: Prepared, bare: Prepared, writer: UUID, part: int, rows: Sequence[tuple[int, Content]]
) -> list[Bound]:
    """
    Return the statements that write announcements of one part.

    Args:
        whole: The statement that writes one.
        bare: The statement for one without a category.
        writer: The writer.
        part: The part.
        rows: The seq of each announcement, and its content.
    """
    made: list[Bound] = []
    for seq, (stream_id, expected, events, types, category) in rows:
        if category is None:
            made.append((bare, (writer, part, seq, stream_id, expected, events, types)))
        else:
            made.append((whole, (writer, part, seq, stream_id, expected, events, types, category)))
    return made
