"""A builder of readings made by hand, with moments in seconds."""

from dataclasses import replace
from typing import Self

from ..builder import SECOND, HistoryBuilder
from ..history import History, of_operations
from ..operations import Mark, Operation
from .deliveries import Delivery, Item, Line, Located, Trouble
from .readings import Readings, of_values

LAST = 100.0
"""The moment of the last reading."""


class FeedBuilder:
    """
    Builds appends to two streams, *s* and *t*, and readings of their feed.

    An event is a word: its stream's name, its version, and anything that tells it from another. In
    a reading, its ordinal and a colon may come before it, and "!" after it if its type is "even".
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._values: list[Line] = []
        self._marks: list[Mark] = []

    @property
    def history(self) -> History:
        """The appends, and the last reads of the streams."""
        return of_operations(self._operations, self._marks)

    @property
    def readings(self) -> Readings:
        """The readings."""
        return of_values(self._values)

    def append(
        self,
        began: float,
        ended: float | None,
        events: str,
        *,
        end: str | None = "stored",
        earlier: bool = False,
        by: str = "w",
    ) -> Self:
        """Add an append of events to one stream."""
        words = events.split()
        first = int(words[0][1:]) if end == "stored" else None
        made = HistoryBuilder().append(
            began, ended, events, end=end, first=first, earlier=earlier, by=by
        )
        return self._add(made, words[0][0])

    def streams(self, *events: str) -> Self:
        """Add the last read of a stream for each of these lists of events."""
        for each in events:
            self._add(HistoryBuilder().read(90, 91, each, final=True), each[0])
        return self

    def quiet(self, at: float) -> Self:
        """Add the moment from which everything was quiet."""
        self._marks.append(Mark(int(at * SECOND), "phase", "quiet"))
        return self

    def log(self, events: str) -> Self:
        """Add the last reading of the feed."""
        return self.read(LAST, events, by="settler", final=True)

    def read(
        self,
        at: float,
        events: str,
        *,
        after: int = 0,
        position: int | None = None,
        head: int | None = None,
        types: tuple[str, ...] = (),
        by: str = "r.1",
        final: bool = False,
    ) -> Self:
        """Add a delivery to the reader whose process is *by*."""
        items = _items(events, after)
        last = items[-1].ordinal if items else after
        self._values.append(
            Delivery(
                int(at * SECOND),
                by,
                by.split(".", maxsplit=1)[0],
                after,
                items,
                last if position is None else position,
                head,
                types,
                final,
            )
        )
        return self

    def locate(self, at: float, event: str, ordinal: int) -> Self:
        """Add a position that was given for an event."""
        self._values.append(Located(int(at * SECOND), "r.1", event[0], int(event[1:]), ordinal))
        return self

    def trouble(self, at: float, what: str, *, alarm: bool = False) -> Self:
        """Add an error."""
        self._values.append(Trouble(int(at * SECOND), "r.1", alarm, what))
        return self

    def _add(self, made: HistoryBuilder, stream: str) -> Self:
        (operation,) = made.operations
        span = replace(operation.span, op=len(self._operations) + 1)
        self._operations.append(replace(operation, span=span, stream=stream))
        return self


def _items(events: str, after: int) -> tuple[Item, ...]:
    found: list[Item] = []
    ordinal = after
    for word in events.split():
        place, _, event = word.rpartition(":")
        ordinal = int(place) if place else ordinal + 1
        kind = "even" if event.endswith("!") else "odd"
        name = event.rstrip("!")
        found.append(Item(ordinal, name[0], int(name[1]), name, kind))
    return tuple(found)
