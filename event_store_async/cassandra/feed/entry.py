"""Entries of the log, and the links that they hold."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate
from struct import unpack
from typing import Any, Final, NamedTuple, overload
from uuid import UUID

import orjson

from ...ids import uuid_of, uuids_of
from .announcement import MAX_BYTES, Types, size_of, type_at

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


_new_link: Final[Callable[[Any], Link]] = partial(tuple.__new__, Link)
"""Makes a link of what it holds, without a call of Python."""

_Kind = tuple[str | None, Types]
"""A category, and types."""


class Links(Sequence[Link]):
    """
    Links of an entry, packed: some 30 bytes each, and nothing for the garbage collector to look at.

    A process keeps tens of thousands of them. Each is made when it is asked for.

    Args:
        ids: The ids of the streams, 16 bytes each.
        firsts: The versions of the first events.
        counts: How many events they are.
        kinds: Categories and types, each pair once.
        kind_of: The index of each link's kind.

    Attributes:
        counts: How many events each link has.
    """

    __slots__ = ("_firsts", "_ids", "_kind_of", "_kinds", "counts")

    def __init__(
        self,
        ids: bytes,
        firsts: Iterable[int],
        counts: Iterable[int],
        kinds: Sequence[_Kind],
        kind_of: Iterable[int],
    ) -> None:
        self._ids = ids
        self._firsts = array("q", firsts)
        self.counts = array("i", counts)
        self._kinds = kinds
        self._kind_of = array("H", kind_of)

    @classmethod
    def of(cls, links: Iterable[Link]) -> "Links":
        """Return links packed."""
        links = list(links)
        ids = b"".join([link.stream_id.int.to_bytes(16) for link in links])
        firsts, counts = [link.first for link in links], [link.events for link in links]
        return cls(ids, firsts, counts, *_kinds([(it.category, it.types) for it in links]))

    @classmethod
    def from_text(cls, text: str) -> "Links":
        """Return links from their stored form."""
        rows: list[tuple[str, int, int, str | None, Types]] = orjson.loads(text)
        ids = bytes.fromhex("".join([row[0] for row in rows]))
        firsts, counts = [row[1] for row in rows], [row[2] for row in rows]
        return cls(ids, firsts, counts, *_kinds([(row[3], row[4]) for row in rows]))

    def as_text(self) -> str:
        """Return links as they are stored."""
        digits = self._ids.hex()
        streams = [digits[at : at + 32] for at in range(0, len(digits), 32)]
        kinds = [self._kinds[number] for number in self._kind_of]
        rows = zip(streams, self._firsts, self.counts, kinds, strict=True)
        return orjson.dumps([[it, first, count, *kind] for it, first, count, kind in rows]).decode()

    def __len__(self) -> int:
        return len(self.counts)

    @overload
    def __getitem__(self, index: int) -> Link: ...

    @overload
    def __getitem__(self, index: slice) -> list[Link]: ...

    def __getitem__(self, index: int | slice) -> Link | list[Link]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        category, types = self._kinds[self._kind_of[at]]
        stream_id = uuid_of(self._ids[at * 16 : at * 16 + 16])
        return Link(stream_id, self._firsts[at], self.counts[at], types, category)

    def __iter__(self) -> Iterator[Link]:
        return self._from(0)

    def after(self, events: int) -> Iterator[tuple[Link, int]]:
        """Yield the links that end after so many events, each with the events that precede it."""
        ends = list(accumulate(self.counts, initial=0))
        at = bisect_right(ends, events, lo=1) - 1
        return zip(self._from(at), ends[at:], strict=False)

    def _from(self, at: int) -> Iterator[Link]:
        """Return the links from one on; all their ids are made at once."""
        kinds = [self._kinds[number] for number in self._kind_of[at:]]
        categories, types = zip(*kinds, strict=True) if kinds else ((), ())
        ids = uuids_of(self._ids[at * 16 :])
        return map(
            _new_link, zip(ids, self._firsts[at:], self.counts[at:], types, categories, strict=True)
        )

    @property
    def heads(self) -> dict[int, int]:
        """The highest version of each stream, by ``UUID.int``; a UUID is slow to hash."""
        heads: dict[int, int] = {}
        head = heads.get
        for key, first, count in zip(self._keys(), self._firsts, self.counts, strict=True):
            last = first + count - 1
            if last > head(key, 0):
                heads[key] = last
        return heads

    def _keys(self) -> Iterator[int]:
        """Return ``UUID.int`` of each stream."""
        return map(int.from_bytes, unpack("16s" * len(self), self._ids))


def _kinds(pairs: Sequence[_Kind]) -> tuple[Sequence[_Kind], Iterable[int]]:
    """Return the different ones of some categories and types, and the index of each."""
    if not pairs or pairs.count(pairs[0]) == len(pairs):  # all are alike, as they mostly are
        return pairs[:1], [0] * len(pairs)
    numbers: dict[Any, int] = {}
    kinds: list[_Kind] = []
    kind_of: list[int] = []
    for category, types in pairs:
        key = category, tuple(types) if isinstance(types, list) else types
        number = numbers.setdefault(key, len(kinds))
        if number == len(kinds):
            kinds.append((category, types))
        kind_of.append(number)
    return kinds, kind_of


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
    links: Links
    published: int

    @cached_property
    def events(self) -> int:
        """How many events it has."""
        return sum(self.links.counts)

    @cached_property
    def heads(self) -> Mapping[int, int]:
        """The highest version of each stream in it, by ``UUID.int``."""
        return self.links.heads


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
        links = self.links
        self._size += size_of(link.types)
        if self._size > MAX_BYTES and links:
            self.is_full = True
        if self.is_full:
            return False
        links.append(link)
        self.is_full = len(links) == MAX_LINKS
        return True
