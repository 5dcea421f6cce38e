"""Wanted: which events of the log a page has, and which of them are read together."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from ...feeds.position import Places, Position, position_at
from .entry import Link

_BETWEEN: Final = 16
"""Events of a stream that nobody wants, read all the same if they stand between wanted ones."""

_first_of = attrgetter("first")
_versions_of = attrgetter("first", "last")


class Wanted(NamedTuple):
    """
    Consecutive events of a link that are to be fetched.

    Attributes:
        link: The link.
        first: The version of the first of them.
        events: How many they are.
        places: Where the events of the link stand in the feed.
        place: Where the first of them stands on the page, from 0.
    """

    link: Link
    first: int
    events: int
    places: Places
    place: int

    def position(self, version: int) -> Position:
        """Return the position after one of them."""
        return position_at(self.places, version)


@dataclass(slots=True)
class Run:
    """
    Wanted events of one stream, read together.

    Attributes:
        stream_id: The stream.
        first: The first version.
        last: The last version.
        parts: The events, by their links, in order.
    """

    stream_id: UUID
    first: int
    last: int
    parts: list[Wanted] = field(default_factory=list)

    def between(self, first: int, end: int) -> Iterator[tuple[Wanted, int, int]]:
        """
        Yield what is wanted of the versions from one on, up to another.

        Each part comes with its first version in that range, and the one after its last.
        """
        at = 0
        if first > self.first:
            at = bisect_right(self.parts, first, key=_first_of) - 1
        for part in islice(self.parts, at, None):
            if part.first >= end:
                break
            start, stop = max(part.first, first), min(part.first + part.events, end)
            if start < stop:  # otherwise the range begins behind a part, where nothing is wanted
                yield part, start, stop

    def part_of(self, version: int) -> Wanted | None:
        """Return the part with a version; None if nobody wants that."""
        found = self.between(version, version + 1)
        return next((part for part, _, _ in found), None)


def runs_of(wanted: Sequence[Wanted]) -> list[Run]:
    """
    Return the runs of wanted events, in the order of the first event of each.

    The versions of a run grow, also in a log that is wrong and holds an event twice.
    """
    open_runs: dict[int, Run] = {}  # by UUID.int; a UUID is slow to hash
    runs: list[Run] = []
    for part in wanted:
        link, first, events, _, _ = part
        stream_id = link.stream_id
        run = open_runs.get(stream_id.int)
        if run is None or not run.last < first <= run.last + _BETWEEN:
            run = Run(stream_id, first, first)
            open_runs[stream_id.int] = run
            runs.append(run)
        run.last = first + events - 1
        run.parts.append(part)
    return runs


def together(runs: Sequence[Run], streams: int, rows: int) -> list[list[Run]]:
    """
    Return runs in groups, each for one request, in the order of the first event of each.

    The streams of a group are read between the same two versions. So its runs have about the same
    versions: at most twice as many rows are read as are wanted.

    Args:
        runs: The runs, of different streams.
        streams: The most streams of a group.
        rows: The most rows that a group of several runs reads.
    """
    groups: list[list[Run]] = []
    group: list[Run] = []
    first = last = wanted = 0
    for run in sorted(runs, key=_versions_of):
        highest = max(last, run.last)
        more = wanted + run.last - run.first + 1
        read = (highest - first + 1) * (len(group) + 1)
        if group and len(group) < streams and read <= min(rows, 2 * more):
            group.append(run)
            last, wanted = highest, more
        else:
            group = [run]
            groups.append(group)
            first, last, wanted = run.first, run.last, run.last - run.first + 1
    for group in groups:
        group.sort(key=_place_of)
    groups.sort(key=_first_place_of)
    return groups


def _place_of(run: Run) -> int:
    return run.parts[0].place


def _first_place_of(group: Sequence[Run]) -> int:
    return group[0].parts[0].place
