"""Draft of a page: the places of the wanted events, filled in any order."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from ...errors import StreamError
from ...events import RecordedEvent
from ...feeds.page import BrokenEvent, FeedEvent, LateEvents, placed_events
from ..driver.port import Row
from ..read.rows import VERSION, RowDecoder
from .wanted import Run, Wanted

_GONE: Final = object()
"""In the place of an event that is gone."""

_PORTION: Final = 100
"""Events that are made together; less than twice as many if they belong to several links."""


class DraftPage:
    """
    What is found of the events of a page, put in any order.

    Args:
        wanted: The events, in order.
        size: How many bytes of payloads may come; the page is cut after what exceeds them.
        decoder: Decodes what is found.

    Attributes:
        left: How many bytes of payloads may still come.
    """

    __slots__ = ("_decoder", "_found", "_some_are_gone", "_wanted", "left")

    def __init__(self, wanted: Sequence[Wanted], size: int, decoder: RowDecoder) -> None:
        # For each place a row, an event that is made already, or `_GONE`; None: not fetched.
        count = wanted[-1].place + wanted[-1].events if wanted else 0
        self._found: list[Any] = [None] * count
        self._wanted = wanted
        self._decoder = decoder
        self._some_are_gone = False
        self.left = size

    def put(self, run: Run, rows: Sequence[Row]) -> None:
        """Put the rows of consecutive events of a run, at least one."""
        version: int = rows[0][VERSION]
        end = version + len(rows)
        found = self._found
        if version == run.first and end > run.last:  # the whole run, as mostly
            for part in run.parts:
                at, start, count = part.place, part.first - version, part.events
                found[at : at + count] = rows[start : start + count]
            return
        for part, first, stop in run.between(version, end):
            at = part.place + first - part.first
            found[at : at + stop - first] = rows[first - version : stop - version]

    def leave_out(self, run: Run, first: int, end: int) -> None:
        """Note that the versions from one on, up to another, are gone."""
        self._some_are_gone = True
        for part, start, stop in run.between(first, end):
            for version in range(start, stop):
                self._found[part.place + version - part.first] = _GONE

    def put_event(self, run: Run, event: RecordedEvent[Any]) -> None:
        """Put an event that is decoded already, if it is wanted."""
        part = run.part_of(event.version)
        if part is not None:
            self._found[part.place + event.version - part.first] = _placed(part, event)

    def put_broken(self, run: Run, version: int, error: StreamError) -> None:
        """Put the error of an event that cannot be read, if it is wanted."""
        part = run.part_of(version)
        if part is not None:
            self._found[part.place + version - part.first] = _broken(part, version, error)

    def finished(self) -> tuple[LateEvents, int]:
        """Return the events before the first that is not fetched, and how many were wanted."""
        found, count = self._found, len(self._found)
        if not all(found):  # what is fetched is true
            count = next(at for at, item in enumerate(found) if item is None)
            found = found[:count]
        gone = found.count(_GONE) if self._some_are_gone else 0
        return _FoundEvents(found, gone, self._wanted, self._decoder), count


class _FoundEvents(LateEvents):
    """
    What was found for a page.

    Args:
        found: For each place a row, an event that is made already, or `_GONE`.
        gone: How many are gone.
        wanted: The events, in order, these and maybe more.
        decoder: Decodes rows.
    """

    __slots__ = ("_decoder", "_found", "_gone", "_wanted")

    def __init__(
        self, found: Sequence[Any], gone: int, wanted: Sequence[Wanted], decoder: RowDecoder
    ) -> None:
        self._found = found
        self._gone = gone
        self._wanted = wanted
        self._decoder = decoder

    def __len__(self) -> int:
        return len(self._found) - self._gone

    def portions(self) -> Iterator[Sequence[FeedEvent[Any] | BrokenEvent]]:
        """Make the events, some at a time, in order."""
        items: list[Any] = []
        parts: list[tuple[Wanted, int]] = []
        for part in self._wanted:
            end = part.place + part.events
            for at in range(part.place, end, _PORTION):
                some = self._found[at : min(at + _PORTION, end)]
                if self._gone:
                    some = [item for item in some if item is not _GONE]
                items += some
                parts.append((part, len(some)))
                if len(items) >= _PORTION:
                    yield self._made(parts, items)
                    items, parts = [], []
        if items:
            yield self._made(parts, items)

    def _made(
        self, parts: Sequence[tuple[Wanted, int]], items: Sequence[Any]
    ) -> list[FeedEvent[Any] | BrokenEvent]:
        """Make the events of some parts; how many are found is given for each."""
        made: list[FeedEvent[Any] | BrokenEvent] = []
        try:  # all at once: for short runs, that is half the work
            fields = zip(*self._decoder.columns(items), strict=True)
            for part, count in parts:
                of_part = islice(fields, count)
                made += placed_events(part.link.stream_id, part.places, part.link.category, of_part)
        except Exception:  # noqa: BLE001 - a codec may raise anything, and not all may be rows
            return list(self._one_at_a_time(parts, iter(items)))
        return made

    def _one_at_a_time(
        self, parts: Sequence[tuple[Wanted, int]], items: Iterator[Any]
    ) -> Iterator[FeedEvent[Any] | BrokenEvent]:
        for part, count in parts:
            for item in islice(items, count):
                if isinstance(item, (FeedEvent, BrokenEvent)):
                    yield item
                    continue
                events, error = self._decoder.decode(part.link.stream_id, (item,))
                if error is not None:
                    yield _broken(part, error.version, error)
                for event in events:
                    yield _placed(part, event)


def _placed(part: Wanted, event: RecordedEvent[Any]) -> FeedEvent[Any]:
    return FeedEvent.of(event, part.position(event.version), part.link.category)


def _broken(part: Wanted, version: int, error: StreamError) -> BrokenEvent:
    link, position = part.link, part.position(version)
    type_ = link.type_at(version - link.first)
    return BrokenEvent(position, link.stream_id, version, type_, link.category, error)
