"""Entries of the log, and the links that they hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from ...ids import parse_uuid
from .announcement import MAX_TYPES, Types, size_of, type_at

MAX_LINKS: Final = 1000
"""The most links of an entry."""


class Link(NamedTuple):
    """
    Consecutive events of a stream in the log: those of one append.

    Attributes:
        stream_id: The stream.
        first: The version of the first of them.
        events: How many they are.
        types: Their types.
        category: The category of the stream, if any.
    """

    stream_id: UUID
    first: int
    events: int
    types: Types = None
    category: str | None = None

    @property
    def last(self) -> int:
        """The version of the last of them."""
        return self.first + self.events - 1

    def type_at(self, index: int) -> str | None:
        """Return the type of one of the events, counted from 0."""
        return type_at(self.types, index)


@dataclass(frozen=True)
class Entry:
    """
    An entry of the log: links in order, appended by one conditional batch.

    Attributes:
        number: Its number in the log, from 1, without gaps.
        ordinal: The number of its first event, counted over the whole log, from 1.
        links: The links, in order.
        published: When it was appended, in milliseconds since the epoch, by the clock of the
            sequencer. For lag only: nothing depends on it.
    """

    number: int
    ordinal: int
    links: Sequence[Link]
    published: int

    @cached_property
    def events(self) -> int:
        """How many events it has."""
        return sum(link.events for link in self.links)

    @cached_property
    def heads(self) -> Mapping[int, int]:
        """The highest version of each stream in it, by ``UUID.int``; a UUID is slow to hash."""
        heads: dict[int, int] = {}
        for link in self.links:
            key, last = link.stream_id.int, link.last
            if last > heads.get(key, 0):
                heads[key] = last
        return heads


class EntryDraft:
    """
    The links of the next entry, as many as fit.

    Attributes:
        links: The links, in order.
        is_full: Whether no further link fits.
    """

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.is_full = False
        self._size = 0

    def add(self, link: Link) -> bool:
        """Add a link; return whether it fits. The first one always does."""
        self._size += size_of(link.types)
        if self.links and self._size > MAX_TYPES:
            self.is_full = True
        if self.is_full:
            return False
        self.links.append(link)
        self.is_full = len(self.links) == MAX_LINKS
        return True


def links_as_text(links: Iterable[Link]) -> str:
    """Return links as they are stored."""
    return orjson.dumps(
        [[link.stream_id.hex, link.first, link.events, link.category, link.types] for link in links]
    ).decode()


def links_from_text(text: str) -> tuple[Link, ...]:
    """Return links from their stored form."""
    rows: list[list[Any]] = orjson.loads(text)
    return tuple(
        Link(parse_uuid(stream), first, events, types, category)
        for stream, first, events, category, types in rows
    )
