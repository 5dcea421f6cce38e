"""The repository: loads aggregates from their streams, in one pass."""

from collections import deque
from contextlib import aclosing
from typing import Generic, overload
from uuid import UUID

from .._typevars import A, E
from ..checks import (
    check_aggregate_version,
    check_instance,
    check_methods,
    check_optional_int,
)
from ..errors import StreamError
from ..events import RecordedEvent
from ..ports import EventReader
from ..snapshot import Snapshot
from .cache import Known, SnapshotCache
from .command import Command, CommandHandled, InvalidAggregateVersion
from .reducer import Reducer


class Loading(Generic[A, E]):
    """
    Loads aggregates, and remembers them if there is a cache; repository and handler share it.

    Args:
        reader: Reads the streams.
        reducer: Computes aggregates from their events.
        page_size: Events fetched at once; None lets the store choose.
        cache: Remembers aggregates; None remembers nothing.
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

    async def known(self, aggregate_id: UUID) -> Known[A] | None:
        """Return what is remembered of an aggregate; it may be out of date."""
        return None if self._cache is None else self._cache.get(aggregate_id)

    async def load(
        self, aggregate_id: UUID, known: Known[A] | None, seeking: UUID | None = None
    ) -> tuple[Known[A], bool]:
        """
        Read the events after the known version, or the whole stream if nothing is known.

        Returns what is known afterwards, and whether the event *seeking* was among those read.
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
        """Remember the aggregate after an append at the known version."""
        if self._cache is not None:
            # A command is recognised by its first event. The other ids of a long command would only
            # push out those of other commands.
            recent = (*known.recent, first_id)[-self._cache.recent_events :]
            self._cache.put(aggregate_id, Known(after, recent))

    async def is_stored_at(self, command: Command[A, E], version: int) -> bool:
        """Tell whether a command's first event is at a version of the stream."""
        events = self._reader.read_events(command.aggregate_id, version, 1)
        async with aclosing(events):
            return [event.event_id async for event in events] == [command.event_id(0)]

    async def recall(self, command: Command[A, E]) -> CommandHandled[A, E]:
        """Return the result of a command that is stored, by reading its stream again."""
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
                f"command {command.command_id} was stored in stream {command.aggregate_id}, "
                "but its events are no longer there"
            )
        after = self._following(before, *events)
        return CommandHandled(before, tuple(events), after, handled_earlier=True)

    def _following(self, before: Snapshot[A], *events: RecordedEvent[E]) -> Snapshot[A]:
        payloads = (event.payload for event in events)
        aggregate = self.reducer.reduce(before.aggregate, payloads)
        return Snapshot(aggregate, events[-1].version, events[-1].timestamp)


class Repository(Generic[A, E]):
    """
    Loads aggregates from their streams.

    Streams are read in pages, and only one page is held: memory does not grow with the stream.

    Args:
        reader: Reads the streams; usually a store.
        reducer: Computes aggregates from their events.
        page_size: Events fetched at once; None lets the store choose by their size.
        cache: Remembers aggregates, so that only new events are read. Give each repository a cache
            of its own.

    Raises:
        InvalidArgument: an argument is of the wrong kind, or the cache is another repository's.
    """

    def __init__(
        self,
        reader: EventReader[E],
        reducer: Reducer[A, E],
        *,
        page_size: int | None = None,
        cache: SnapshotCache | None = None,
    ) -> None:
        check_methods("reader", reader, "a store", "read_events", "current_version")
        check_methods("reducer", reducer, "a Reducer", "handle", "reduce")
        check_optional_int("page_size", page_size, at_least=1)
        check_instance("cache", cache, SnapshotCache, "a SnapshotCache", optional=True)
        if cache is not None:
            cache.belong_to(self)
        self._loading = Loading(reader, reducer, page_size, cache)

    @overload
    async def load(self, stream_id: UUID, expected_version: None = None) -> Snapshot[A]: ...

    @overload
    async def load(
        self, stream_id: UUID, expected_version: int | None
    ) -> Snapshot[A] | InvalidAggregateVersion: ...

    async def load(
        self, stream_id: UUID, expected_version: int | None = None
    ) -> Snapshot[A] | InvalidAggregateVersion:
        """
        Return an aggregate as it is now: with every append acknowledged before the call.

        Args:
            stream_id: The aggregate's stream. A stream without events gives the reducer's initial
                aggregate at version 0.
            expected_version: The version that it must be at; None for any version. For an aggregate
                at another version, `InvalidAggregateVersion` is returned.

        Raises:
            InvalidExpectedVersion: *expected_version* is neither None nor a version (an int from
                0 up); nothing is read.
            EventStoreError: as `EventReader.read_events` does.
            Exception: what the reducer raises.
        """
        check_aggregate_version(expected_version)
        known, _ = await self._loading.load(stream_id, await self._loading.known(stream_id))
        version = known.snapshot.version
        if expected_version is not None and version != expected_version:
            return InvalidAggregateVersion(stream_id, expected_version, version)
        return known.snapshot
