"""Loading: from events to snapshots, in one pass, keeping no more of them than is needed."""

from collections import deque
from contextlib import aclosing
from typing import Generic
from uuid import UUID

from ..errors import StreamError
from ..events import RecordedEvent
from ..ports import EventReader
from .cache import Known, SnapshotCache
from .command import Command
from .reducer import Reducer
from .results import CommandHandled
from .snapshot import Snapshot
from .variables import A, E


class Loading(Generic[A, E]):
    """
    Loads aggregates, and remembers them where there is a cache.

    Args:
        reader: Reads the streams.
        reducer: Makes aggregates of them.
        page_size: Events fetched at once; None lets the store choose.
        cache: Where to remember, if anywhere.
    """

    def __init__(
        self,
        reader: EventReader[E],
        reducer: Reducer[A, E],
        page_size: int | None,
        cache: SnapshotCache | None,
    ) -> None:
        self.reducer = reducer
        self._reader = reader
        self._page_size = page_size
        self._cache = cache

    def cached(self, aggregate_id: UUID) -> Known[A] | None:
        """Return what is remembered of an aggregate: it may be out of date."""
        return None if self._cache is None else self._cache.get(aggregate_id)

    async def load(
        self, aggregate_id: UUID, known: Known[A] | None, seeking: UUID | None = None
    ) -> tuple[Known[A], bool]:
        """
        Read what is new since what is known; from the beginning, where nothing is.

        Returns what is known then, and whether the event *seeking* was among what was read.
        """
        if known is None:
            known = Known(Snapshot(self.reducer.initial, 0, None))
        aggregate, last, found = known.snapshot.aggregate, None, False
        window = 0 if self._cache is None else self._cache.recent_events
        recent = deque(known.recent, maxlen=window)
        events = self._reader.read_events(
            aggregate_id, known.snapshot.version + 1, page_size=self._page_size
        )
        async with aclosing(events):
            async for event in events:
                aggregate, last = self.reducer.handle(aggregate, event.payload), event
                if event.event_id is not None:
                    found = found or event.event_id == seeking
                    recent.append(event.event_id)
        if last is not None:
            known = Known(Snapshot(aggregate, last.version, last.timestamp), tuple(recent))
        if self._cache is not None:
            self._cache.put(aggregate_id, known)
        return known, found

    def remember(
        self, aggregate_id: UUID, known: Known[A], after: Snapshot[A], first_id: UUID
    ) -> None:
        """Remember an append that followed what was known."""
        if self._cache is not None:
            # A command is known by its first event; of a long one, the others would only drive
            # those of other commands out.
            recent = (*known.recent, first_id)[-self._cache.recent_events :]
            self._cache.put(aggregate_id, Known(after, recent))

    async def stands(self, command: Command[A, E], version: int) -> bool:
        """Tell whether a command's first event stands at a version."""
        events = self._reader.read_events(command.aggregate_id, version, 1)
        async with aclosing(events):
            return [event.event_id async for event in events] == [command.event_id(0)]

    async def recall(self, command: Command[A, E]) -> CommandHandled[A, E]:
        """Return what came of a command that stands in its stream, by reading the stream again."""
        before = Snapshot(self.reducer.initial, 0, None)
        events: list[RecordedEvent[E]] = []
        wanted = command.event_id(0)
        stream = self._reader.read_events(command.aggregate_id, page_size=self._page_size)
        async with aclosing(stream):
            async for event in stream:
                if event.event_id == wanted:
                    events.append(event)
                    wanted = command.event_id(len(events))
                elif events:
                    break
                else:
                    before = self._following(before, event)
        if not events:
            raise StreamError(
                f"command {command.command_id} stood in stream {command.aggregate_id}, "
                "and is not found there any more"
            )
        after = self._following(before, *events)
        return CommandHandled(before, tuple(events), after, handled_earlier=True)

    def _following(self, before: Snapshot[A], *events: RecordedEvent[E]) -> Snapshot[A]:
        payloads = (event.payload for event in events)
        aggregate = self.reducer.reduce(before.aggregate, payloads)
        return Snapshot(aggregate, events[-1].version, events[-1].timestamp)
