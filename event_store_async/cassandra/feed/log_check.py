"""The log check: reads the log from its beginning, and what it holds of some streams."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from .entry import Entry, Link
from .verification import FeedFinding, FeedFindingKind

_ENTRY_BITS = 32
_VERSION_MASK = (1 << _ENTRY_BITS) - 1


@dataclass(frozen=True, slots=True)
class Share:
    """
    Some of the streams: those whose id leaves a number when it is divided by another.

    Attributes:
        number: The remainder.
        of: The divisor: 1 is all streams.
    """

    number: int = 0
    of: int = 1

    def has(self, stream_id: UUID) -> bool:
        """Return whether a stream belongs to the share."""
        return stream_id.int % self.of == self.number

    def halves(self) -> "tuple[Share, Share]":
        """Return two shares that are this one."""
        return Share(self.number, self.of * 2), Share(self.number + self.of, self.of * 2)


class LogCheck:
    """
    Checks entries in the order of the log, and remembers how far each stream has come.

    Only the streams of one share are remembered. A stream takes some 200 bytes.

    Args:
        share: Which streams.
        report: Receives what is wrong.
        judges_entries: Whether to report what is wrong with entries, not only with streams.

    Attributes:
        events: How many events were read.
    """

    def __init__(
        self, share: Share, report: Callable[[FeedFinding], object], *, judges_entries: bool = True
    ) -> None:
        self._share = share
        self._report = report
        self._judges_entries = judges_entries
        self._heads: dict[int, int] = {}  # version and entry in one int: it takes less memory
        self._gaps: dict[int, list[tuple[int, int, int]]] = {}
        self._ordinal: int | None = 1
        self.events = 0

    def __len__(self) -> int:
        """Return how many streams are remembered."""
        return len(self._heads)

    def take(self, entry: Entry) -> None:
        """Check the next entry."""
        if self._ordinal is not None and entry.ordinal != self._ordinal:
            text = f"its first event has the ordinal {entry.ordinal:,}, not {self._ordinal:,}"
            self._of_entry(entry.number, FeedFindingKind.ORDINAL, text)
        self._ordinal = entry.ordinal + entry.events
        self.events += entry.events
        for link in entry.links:
            if self._share.has(link.stream_id):
                self._take(link, entry.number)

    def lacks(self, number: int, detail: str) -> None:
        """Note that an entry cannot be had, and why."""
        self._ordinal = None
        self._of_entry(number, FeedFindingKind.ENTRY, detail)

    def end(self) -> None:
        """Report what is missing between the events of each stream: the log was read to its end."""
        for key, gaps in self._gaps.items():
            for first, last, number in gaps:
                text = f"{versions(first, last)} not in the log, but later ones are"
                kind = FeedFindingKind.MISSING
                self._report(FeedFinding(kind, text, UUID(int=key), first, number))

    def pop(self, stream_id: UUID) -> tuple[int, int]:
        """Return the highest version of a stream in the log, and its entry; then forget it."""
        return _unpacked(self._heads.pop(stream_id.int, 0))

    def rest(self) -> list[tuple[UUID, int, int]]:
        """Return the streams that are not forgotten: with version and entry, as `pop` does."""
        return [(UUID(int=key), *_unpacked(head)) for key, head in self._heads.items()]

    def _of_entry(self, number: int, kind: FeedFindingKind, detail: str) -> None:
        if self._judges_entries:
            self._report(FeedFinding(kind, detail, entry=number))

    def _take(self, link: Link, number: int) -> None:
        key = link.stream_id.int
        last, _ = _unpacked(self._heads.get(key, 0))
        if link.first > last + 1:
            self._gaps.setdefault(key, []).append((last + 1, link.first - 1, number))
        elif link.first <= last:
            self._take_late(key, link, last, number)
        if link.last > last:
            self._heads[key] = number << _ENTRY_BITS | link.last

    def _take_late(self, key: int, link: Link, last: int, number: int) -> None:
        """Report versions at or below one that came before: they were missing, or come again."""
        left: list[tuple[int, int, int]] = []
        late: list[tuple[int, int]] = []
        for first, end, at in self._gaps.get(key, ()):
            low, high = max(first, link.first), min(end, link.last)
            if low > high:
                left.append((first, end, at))
                continue
            late.append((low, high))
            left += [
                each for each in ((first, low - 1, at), (high + 1, end, at)) if each[0] <= each[1]
            ]
        if left:
            self._gaps[key] = left
        else:
            self._gaps.pop(key, None)
        for low, high in late:
            text = f"{versions(low, high)} in the log after later ones"
            kind = FeedFindingKind.MISPLACED
            self._report(FeedFinding(kind, text, link.stream_id, low, number))
        if sum(high - low + 1 for low, high in late) < min(last, link.last) - link.first + 1:
            text = f"{versions(link.first, min(last, link.last))} in the log again"
            kind = FeedFindingKind.REPEATED
            self._report(FeedFinding(kind, text, link.stream_id, link.first, number))


def versions(first: int, last: int) -> str:
    """Return the words for some versions, with a verb."""
    return f"version {first} is" if first == last else f"versions {first} to {last} are"


def _unpacked(head: int) -> tuple[int, int]:
    return head & _VERSION_MASK, head >> _ENTRY_BITS
