"""The repository: loads aggregates from their streams, in one pass."""

from collections import deque
from contextlib import aclosing
from typing import Generic, overload
from uuid import UUID

from .._typevars import A, E
from ..checks import (
    check_aggregate_version,
    check_instance,
    check_int,
    check_methods,
    check_optional_int,
)
from ..errors import (
    EventStoreError,
    InvalidArgument,
    StreamClosed,
    StreamError,
    StreamHole,
    StreamTruncated,
    UndecodableSnapshot,
)
from ..events import RecordedEvent
from ..ports import EventReader, SnapshotStore
from ..ports.snapshots import check_sealed
from ..snapshot import Snapshot, StoredSnapshot, check_kind
from ..versions import MAX_VERSION
from .cache import RECENT, Known, SnapshotCache
from .command import Command, CommandHandled, InvalidAggregateVersion
from .proof import Disproved, Proof, check_head
from .reducer import Reducer
from .stored import StoredAggregates


class Loading(Generic[A, E]):
    """
    Loads aggregates, and remembers them if there is a cache; repository and handler share it.

    Args:
        reader: Reads the streams.
        reducer: Computes aggregates from their events.
        page_size: Events fetched at once; None lets the store choose.
        cache: Remembers aggregates; None remembers nothing.
        stored: Keeps snapshots of aggregates; None keeps none.
    """

    def __init__(
        self,
        reader: EventReader[E],
        reducer: Reducer[A, E],
        page_size: int | None,
        cache: SnapshotCache | None,
        stored: StoredAggregates[A] | None,
    ) -> None:
        self.reducer = reducer
        self._reader = reader
        self._page_size = page_size
        self._cache = cache
        self._stored = stored
        self._window = RECENT if cache is None else cache.recent_events
        if cache is None and stored is None:
            self._window = 0

    async def known(self, aggregate_id: UUID) -> Known[A] | None:
        """Return what is remembered of an aggregate; it may be out of date."""
        return None if self._cache is None else self._cache.get(aggregate_id)

    async def load(
        self, aggregate_id: UUID, known: Known[A] | None, seeking: UUID | None = None
    ) -> tuple[Known[A], bool]:
        """
        Read the events after the known version, or those after the stored snapshot if none is.

        Returns what is known afterwards, and whether the event *seeking* is in the stream: among
        those read, or among the last ones before the stored snapshot.

        If the stream was truncated behind the known version, or is meanwhile, it is read again,
        once: from the stored snapshot, or where it begins.
        """
        return await self._load_again(aggregate_id, known, seeking)

    async def load_emptied(
        self, aggregate_id: UUID, known: Known[A], version: int, seeking: UUID | None
    ) -> tuple[Known[A], bool]:
        """
        Load an aggregate whose stream has reached a version, though a read gave nothing up to it.

        An append may be half-way through its commit, so the rest is read at the serial level. If
        that gives nothing either, the events are gone: the aggregate is the stored snapshot's, or
        the initial one at that version.

        Raises:
            StreamHole: the event at that version is there, so those before it are lost.
        """
        before = known.snapshot.version
        known, found = await self._load_again(aggregate_id, known, seeking, serial=True)
        if known.snapshot.version > before:
            return known, found
        known, found = await self._load_again(aggregate_id, None, seeking, serial=True)
        if known.snapshot.version:
            return known, found
        event = await self._first_from(aggregate_id, version, serial=True)
        if event is None:
            known = Known(Snapshot(self.reducer.initial, version, None))
            if self._cache is not None:
                self._cache.put(aggregate_id, known)
        elif event.version == version:
            raise StreamHole(aggregate_id, 1)
        return known, found

    async def is_emptied_at(self, aggregate_id: UUID, known: Known[A], version: int) -> bool:
        """
        Tell whether a stream without events after the known version is at a later one.

        Raises:
            StreamClosed: the stream is closed for ever.
        """
        last = known.snapshot.version
        event = await self._first_from(aggregate_id, last) if last else None
        if event is not None and event.version == last:
            return False  # it is kept, so all after it are
        found = await self._reader.current_version(aggregate_id, serial=True)
        if found == MAX_VERSION:
            raise StreamClosed(aggregate_id)
        return found == version

    async def _load_again(
        self,
        aggregate_id: UUID,
        known: Known[A] | None,
        seeking: UUID | None,
        *,
        serial: bool = False,
    ) -> tuple[Known[A], bool]:
        try:
            return await self._load(aggregate_id, known, seeking, serial=serial)
        except StreamTruncated:
            return await self._load(aggregate_id, None, seeking, serial=serial)

    async def _load(
        self, aggregate_id: UUID, known: Known[A] | None, seeking: UUID | None, *, serial: bool
    ) -> tuple[Known[A], bool]:
        stored = self._stored if known is None else None
        snapshot = None if stored is None else await stored.find(aggregate_id)
        if stored is None or snapshot is None:
            return await self._read(aggregate_id, known, seeking, serial=serial)
        passed = snapshot.version
        if isinstance(snapshot, UndecodableSnapshot):
            found = await self._read(aggregate_id, None, seeking, passed=passed, serial=serial)
            await self._reject_above_head(aggregate_id, stored, snapshot.version, found[0])
            return found
        proof = Proof(snapshot, self._reader, aggregate_id)
        from_snapshot = Known(
            Snapshot(snapshot.aggregate, snapshot.version, snapshot.timestamp), snapshot.recent
        )
        try:
            return await self._read(aggregate_id, from_snapshot, seeking, proof, serial=serial)
        except Disproved as disproof:
            # Read first: an error that has nothing to do with the snapshot happens again here.
            found = await self._read(aggregate_id, None, seeking, passed=passed, serial=serial)
            await stored.reject(aggregate_id, snapshot.version, str(disproof))
            return found

    async def _reject_above_head(
        self, aggregate_id: UUID, stored: StoredAggregates[A], version: int, known: Known[A]
    ) -> None:
        """Reject what no newer snapshot would ever replace: it would cost every load its time."""
        if version <= known.snapshot.version:
            return
        try:
            await check_head(self._reader, aggregate_id, version)
        except Disproved as disproof:
            await stored.reject(aggregate_id, version, str(disproof))
        except EventStoreError as error:  # the aggregate is loaded; the next load looks again
            stored.warn(aggregate_id, error)

    async def _read(
        self,
        aggregate_id: UUID,
        known: Known[A] | None,
        seeking: UUID | None,
        proof: Proof | None = None,
        *,
        passed: int = 0,
        serial: bool = False,
    ) -> tuple[Known[A], bool]:
        # A gap after what is known, or a stored snapshot above the one that was passed over: the
        # aggregate is not to be computed from the events that are left.
        from_known = known is not None
        if known is None:
            known = Known(Snapshot(self.reducer.initial, 0, None))
        aggregate, last = known.snapshot.aggregate, None
        found = proof is not None and seeking in known.recent
        recent = deque(known.recent, maxlen=self._window)
        # With a proof, the event at the snapshot's version is read as well.
        first = known.snapshot.version + (proof is None)
        events = self._reader.read_events(
            aggregate_id, first, page_size=self._page_size, serial=serial
        )
        async with aclosing(events):
            async for event in events:
                if (
                    last is None
                    and proof is None
                    and event.version != first
                    and (from_known or await self._has_newer(aggregate_id, passed))
                ):
                    raise StreamTruncated(aggregate_id, first, event.version)
                if proof is not None and not proof.is_complete and proof.takes(event):
                    continue
                if proof is None:
                    aggregate = self.reducer.handle(aggregate, event.payload)
                else:
                    aggregate = proof.handled(self.reducer, aggregate, event)
                last = event
                if event.event_id is not None:
                    found = found or event.event_id == seeking
                    recent.append(event.event_id)
        if proof is not None and not proof.is_complete and await proof.asks_again():
            return await self._read(aggregate_id, known, seeking, proof, serial=serial)
        before = known.snapshot.version
        if last is not None:
            known = Known(Snapshot(aggregate, last.version, last.timestamp), tuple(recent))
        if self._cache is not None:
            self._cache.put(aggregate_id, known)
        if self._stored is not None:
            self._stored.loaded(aggregate_id, before, known)
        return known, found

    async def _has_newer(self, aggregate_id: UUID, passed: int) -> bool:
        """Tell whether a stored snapshot was saved since one was looked for."""
        snapshot = None if self._stored is None else await self._stored.find(aggregate_id)
        return isinstance(snapshot, StoredSnapshot) and snapshot.version > passed

    def remember(
        self, aggregate_id: UUID, known: Known[A], after: Snapshot[A], first_id: UUID, last_id: UUID
    ) -> None:
        """Remember the aggregate after an append at the known version, of events with these ids."""
        if self._window:
            # A command is recognised by its first event. The other ids of a long command would only
            # push out those of other commands.
            now = Known(after, (*known.recent, first_id)[-self._window :])
            if self._cache is not None:
                self._cache.put(aggregate_id, now)
            if self._stored is not None:
                self._stored.appended(aggregate_id, known.snapshot.version, now, last_id)

    async def is_stored_at(self, command: Command[A, E], version: int) -> bool:
        """Tell whether a command's first event is at a version of the stream."""
        event = await self._first_from(command.aggregate_id, version)
        return event is not None and event.event_id == command.event_id(0)

    async def _first_from(
        self, aggregate_id: UUID, version: int, *, serial: bool = False
    ) -> RecordedEvent[E] | None:
        """Return the first event at a version or above it."""
        events = self._reader.read_events(aggregate_id, version, 1, serial=serial)
        async with aclosing(events):
            async for event in events:
                return event
        return None

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
        snapshots: Keeps snapshots of aggregates, so that another process, too, reads only the
            events after them; usually ``store.snapshots``, or `typed_snapshots` of them. They
            are saved in the background, by loads and by commands. One that does not fit its stream
            is reported to the hooks of the store, and the stream is read from its beginning.
        kind: The name of the aggregate and the revision of its reducer, as in ``"account/1"``.
            Required with *snapshots*. Change it whenever the reducer computes something else.
        every: A snapshot is saved once in so many events, or a few more.

    Raises:
        InvalidArgument: an argument is of the wrong kind, or the cache is another repository's, or
            *snapshots* and *kind* are not given together, or the snapshots would hold in plain text
            what a `PrivateEventStore` encrypts.
    """

    def __init__(
        self,
        reader: EventReader[E],
        reducer: Reducer[A, E],
        *,
        page_size: int | None = None,
        cache: SnapshotCache | None = None,
        snapshots: SnapshotStore[A] | None = None,
        kind: str | None = None,
        every: int = 100,
    ) -> None:
        check_methods("reader", reader, "a store", "read_events", "current_version")
        check_methods("reducer", reducer, "a Reducer", "handle", "reduce")
        check_optional_int("page_size", page_size, at_least=1)
        check_instance("cache", cache, SnapshotCache, "a SnapshotCache", optional=True)
        check_int("every", every, at_least=1)
        stored = None
        if snapshots is not None:
            stored = StoredAggregates(snapshots, check_kind(kind), every)
            check_sealed(reader, snapshots, check_kind(kind))
        elif kind is not None:
            raise InvalidArgument("kind is for stored snapshots", hint="snapshots=store.snapshots")
        if cache is not None:
            cache.belong_to(self)
        self._loading = Loading(reader, reducer, page_size, cache, stored)

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
