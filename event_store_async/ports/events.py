"""The ports of streams: `EventReader`, `EventWriter`, both in one, and `StreamFollower`."""

from collections.abc import AsyncGenerator, Iterable
from typing import Protocol
from uuid import UUID

from .._typevars import E, P_co
from ..events import NewEvent, RecordedEvent
from ..follower import Follower, Polling
from ..results import AppendResult, Persisted, persisted_or_raise
from ..versions import ANY, ExpectedVersion


class EventReader(Protocol[P_co]):
    """
    Reads streams whose payloads are of one type; `Any` by default.

    A read returns consecutive versions of the stream. A missing version is an error; it is never
    skipped.
    """

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent[P_co], None]:
        """
        Iterate over the events of a stream in the order of their versions.

        A step that is cancelled, for example by `asyncio.timeout` around it, ends the read, as if
        there were no more events: a rule of Python for all async generators. Put the timeout around
        the whole loop, or use *timeout*.

        Args:
            stream_id: The stream. A stream without events gives nothing.
            from_version: The first version, inclusive. None is the beginning of the stream, or
                its end when reading backward. 0 is the same as 1. The highest is
                ``MAX_VERSION + 1``, which comes after the version of a closed stream.
            max_count: The most events to return; None is no limit.
            backward: Newest first.
            page_size: Events fetched at once; None lets the store choose by their size.
            serial: False is a quorum read: it sees every append that was acknowledged before it
                began, and may or may not see one that is still in flight. True also completes
                appends that a dead coordinator left unfinished.
            timeout: Seconds in which each page must be answered; None is the store's setting.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StreamHole: a version is missing.
            UndecodableEvent: no codec can decode an event. Reading on after it works.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        raise NotImplementedError

    async def current_version(
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        """
        Return the version of the last event of a stream, 0 for a stream without events.

        Args:
            stream_id: The stream.
            serial: As for `read_events`.
            timeout: Seconds in which the store must answer; None is the store's setting.

        Raises:
            InvalidArgument: before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        raise NotImplementedError


class StreamFollower(EventReader[P_co], Protocol[P_co]):
    """
    Reads streams, and follows them as they grow.

    A subclass inherits `follow`, which polls `read_events`.
    """

    def follow(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent[P_co], None]:
        """
        Iterate over the events of a stream, then over those that are appended to it, without end.

        Each event is given once, in the order of versions, without gaps, as `read_events` gives
        it. The stream need not exist yet. A slow caller delays only itself: nothing is fetched
        ahead but two pages at most.

        Outages are waited out: while the store is unavailable, it goes on trying, with pauses, and
        continues after the last event that it gave. `Polling.max_outage` sets a limit.

        A step may be cancelled, by `asyncio.timeout` around it for example, and nothing is lost:
        the next step goes on. A step that has less time than the store takes to answer gets
        nothing. After `StoreUnavailable`, too, the next step goes on; any other error is the last.

        Args:
            stream_id: The stream.
            from_version: As for `read_events`; a version that the stream has not reached yet is
                waited for. ``await store.current_version(stream_id) + 1`` is what comes from now.
            polling: How often the store is asked; None is `Polling()`.
            page_size: As for `read_events`.
            serial: As for `read_events`; then each poll takes part in Paxos.
            timeout: Seconds in which each page of a poll must be answered; None is the store's
                setting.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StoreUnavailable: the store was unavailable for longer than `Polling.max_outage`.
            StreamHole: a version is missing.
            UndecodableEvent: no codec can decode an event. Following on after it works.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, also while this waits, or belongs to another event
                loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        return Follower(
            self.read_events,
            stream_id,
            from_version,
            polling=polling,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )


class EventWriter(Protocol[E]):
    """
    Appends to streams whose payloads are of one type; `Any` by default.

    An append is all or nothing: its events are stored at consecutive versions, in the order given,
    or none of them is. Appends by one writer to one stream are stored in the order of the calls.

    A subclass inherits `persist_events`, which calls `try_persist_events`.
    """

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted[E]:
        """
        Append events to a stream and return them as recorded.

        Args:
            stream_id: The stream. It begins with its first event.
            events: Payloads or `NewEvent`s. Without any, only the expected version is checked.
            expected_version: The state that the stream must be in: `ANY`, `NO_STREAM`,
                `STREAM_EXISTS` or an exact version.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Raises:
            InvalidArgument: before anything is sent; nothing is stored.
            ConcurrentModification: the stream is not in that state; nothing is stored.
            WrongCategory: the store is a view (`CategoryStore`), and the stream is not of its
                category; nothing is stored.
            AppendOutcomeUnknown: no quorum answered in time. Appending the same events again
                settles it.
            StoreUnavailable: no quorum could be asked in time; nothing is stored.
            StoreOverloaded: too many appends are waiting already; nothing is stored.
            RequestRefused: the server refuses for good (permissions, limits); nothing is stored.
            UndecodableEvent: an earlier call stored these events, and no codec can decode them.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        # Never in a variable: see `persisted_or_raise`.
        return persisted_or_raise(
            await self.try_persist_events(stream_id, events, expected_version, timeout=timeout)
        )

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult[E]:
        """
        Append events like `persist_events`, but return a conflict instead of raising it.

        Returns:
            The events as recorded, or a `ConcurrentModification`: then nothing is stored.

        Raises:
            EventStoreError: as `persist_events` does, except for `ConcurrentModification`.
        """
        raise NotImplementedError


class EventReaderWriter(EventReader[E], EventWriter[E], Protocol[E]):
    """Reads streams and appends to them."""
