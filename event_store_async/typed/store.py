"""Store: a store whose payloads are events of an application's own types."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from typing import Any, Final, Generic, Literal, TypeVar, overload
from uuid import UUID

from ..errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidArgument,
    InvalidEvent,
    MistypedEvent,
    PayloadNotEncodable,
    UnknownEventType,
)
from ..events import NewEvent, RecordedEvent, UnidentifiedEvent
from ..ports import EventReaderWriter, ReadConsistency
from ..results import AppendResult, Persisted, persisted_or_raise
from ..versions import ANY, ExpectedVersion
from .types import EventTypes, UnknownEvent

E = TypeVar("E")

REVISION: Final = "$revision"
"""The key in the stored metadata of what was written in another revision than the first."""


class TypedEventStore(Generic[E]):
    """
    A store that takes and gives events of one union of types, over any other store.

    The promises are those of the ports, which it is one of: `EventReader[E]` and `EventWriter[E]`.
    The name of an event's type is stored as its `type`, its revision (from the second on) in its
    metadata. The store below is the caller's, who closes it.

    Args:
        store: The store below; its codec must write plain data, as JSON's does.
        types: The types, by their stored names.
    """

    def __init__(self, store: EventReaderWriter, types: EventTypes[E]) -> None:
        self._store = store
        self._types = types

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted[E]:
        """
        Append events to a stream; see `EventWriter.persist_events` for every promise.

        Raises:
            InvalidEvent: an event's type is not registered, or is not the one it is said to be.
            PayloadNotEncodable: an event could not be read back.
            EventStoreError: as the port says.
        """
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
        """Append events, a conflict being a value; see `EventWriter.try_persist_events`."""
        given: list[E | NewEvent[E]] = []
        try:
            result = await self._store.try_persist_events(
                stream_id, self._drafts(events, given), expected_version, timeout=timeout
            )
        except AppendOutcomeUnknown as unknown:
            again = tuple(map(_again, given, unknown.events))
            error = AppendOutcomeUnknown(unknown.stream_id, unknown.expected_version, again)
            raise error from unknown
        if isinstance(result, ConcurrentModification):
            return result
        if result.stored_earlier:
            recorded = tuple(map(self._typed, result.events))
        else:
            recorded = tuple(map(_as_given, given, result.events))
        return Persisted(result.stream_id, result.version, recorded, result.stored_earlier)

    @overload
    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
    ) -> AsyncGenerator[RecordedEvent[E], None]: ...

    @overload
    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
        unknown: Literal["raw"],
    ) -> AsyncGenerator[RecordedEvent[E | UnknownEvent], None]: ...

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
        unknown: Literal["raw"] | None = None,
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        """
        Iterate over a stream's events; see `EventReader.read_events` for every promise.

        Args:
            stream_id: As the port says.
            from_version: As the port says.
            max_count: As the port says.
            backward: As the port says.
            page_size: As the port says.
            consistency: As the port says.
            unknown: ``"raw"`` gives an `UnknownEvent` for what is of no type, of one that is not
                registered, or of a later revision.

        Raises:
            InvalidArgument: at the call, as the port says.
            UnknownEventType: an event is of such a type, and was not asked for raw.
            MistypedEvent: a payload is not what its type says, or an upcaster failed.
            EventStoreError: as the port says.
        """
        if unknown not in {None, "raw"}:
            raise InvalidArgument(f"unknown is None or 'raw', not {unknown!r}")
        events = self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            consistency=consistency,
        )
        return self._read(events, raw=unknown == "raw")

    async def current_version(self, stream_id: UUID) -> int:
        """Return a stream's version; see `EventReader.current_version`."""
        return await self._store.current_version(stream_id)

    async def _read(
        self, events: AsyncGenerator[RecordedEvent, None], *, raw: bool
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        try:
            async for event in events:
                yield self._typed(event, raw=raw)
        finally:
            await events.aclose()

    def _drafts(self, events: Any, given: list[E | NewEvent[E]]) -> Any:
        """Return the events for the store below, which stops where there are too many."""
        if isinstance(events, str | bytes | bytearray | Mapping | NewEvent) or not isinstance(
            events, Iterable
        ):
            return events  # The store below says what is wrong with it.

        def drafts() -> Iterator[UnidentifiedEvent | NewEvent]:
            for index, event in enumerate(events):
                given.append(event)
                yield self._draft(index, event)

        return drafts()

    def _draft(self, index: int, given: E | NewEvent[E]) -> UnidentifiedEvent | NewEvent:
        event: E = given.payload if isinstance(given, NewEvent) else given
        try:
            name, revision, plain = self._types.stored(event)
        except LookupError as error:
            raise InvalidEvent(index, str(error)) from error
        except Exception as error:
            raise PayloadNotEncodable(index, f"could not be read back: {error}") from error
        metadata = None if revision == 1 else {REVISION: revision}
        if not isinstance(given, NewEvent):
            return UnidentifiedEvent(plain, name, metadata)
        if given.type not in {None, name}:
            raise InvalidEvent(index, f"it is of the type {name!r}, and said to be {given.type!r}")
        if isinstance(given.metadata, Mapping):
            metadata = {**given.metadata, **(metadata or {})}
        elif given.metadata is not None:
            raise InvalidEvent(index, "metadata must be a mapping, or None")
        if REVISION in (given.metadata or {}):
            raise InvalidEvent(index, f"{REVISION!r} in metadata is the store's own")
        return NewEvent(plain, name, metadata, given.event_id)

    def _typed(self, event: RecordedEvent, *, raw: bool = False) -> RecordedEvent[Any]:
        name, revision = event.type, (event.metadata or {}).get(REVISION, 1)
        known = self._types.revision(name)
        payload: Any
        if name is not None and isinstance(revision, int) and 1 <= revision <= known:
            try:
                payload = self._types.event(name, revision, event.payload)
            except Exception as error:
                raise MistypedEvent(
                    event.stream_id, event.version, name, revision, event.payload, str(error)
                ) from error
        elif raw:
            payload = UnknownEvent(name, revision, event.payload)
        else:
            raise UnknownEventType(event.stream_id, event.version, name, revision, known)
        return _with_payload(event, payload)


def _as_given(given: Any, event: RecordedEvent) -> RecordedEvent[Any]:
    return _with_payload(event, given.payload if isinstance(given, NewEvent) else given)


def _with_payload(event: RecordedEvent, payload: Any) -> RecordedEvent[Any]:
    return RecordedEvent(
        event.stream_id,
        event.version,
        payload,
        event.timestamp,
        event.event_id,
        event.type,
        _own(event.metadata),
    )


def _again(given: Any, event: NewEvent) -> NewEvent[Any]:
    payload = given.payload if isinstance(given, NewEvent) else given
    return NewEvent(payload, event.type, _own(event.metadata), event.event_id)


def _own(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return an event's metadata without what this store wrote there."""
    if metadata is None or REVISION not in metadata:
        return metadata
    return {key: item for key, item in metadata.items() if key != REVISION} or None
