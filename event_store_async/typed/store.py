"""Store: a store whose payloads are of an application's own types."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeVar, overload
from uuid import UUID

from ..checks import check_choice, check_instance, is_event_list
from ..errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidEvent,
    LossyPayload,
    PayloadNotEncodable,
)
from ..events import NewEvent, RecordedEvent, UnidentifiedEvent, with_payload
from ..follower import Follower, Mapped, Polling
from ..ports import EventReaderWriter, StreamFollower
from ..ports.wrapped_store import WrappedStore
from ..results import AppendResult, Persisted
from ..versions import ANY, ExpectedVersion
from .difference import Difference
from .marks import Unmarkable
from .payload import REVISION, own_metadata, typed_payload
from .types import EventTypes, UnknownEvent

E = TypeVar("E")


class TypedEventStore(WrappedStore[E], EventReaderWriter[E], StreamFollower[E]):
    """
    A store whose payloads are of one union of types, kept in any other store.

    It keeps the promises of the ports, with two more reasons for an `InvalidEvent`: the type of an
    event is not registered, or it is not the one that a `NewEvent` names. An event that could not
    be read back is refused with `PayloadNotEncodable`, and one that would be read back as another
    with `LossyPayload`.

    The name of an event's type is stored as its `type`, its revision (from the second on) in its
    metadata. The other store belongs to the caller, who closes it.

    Args:
        store: The other store. Its codec must encode plain data, like `JsonCodec`.
        types: The types, by their stored names.
    """

    is_typed: Final = True
    """A `PrivateEventStore` takes no such store."""

    def __init__(self, store: EventReaderWriter, types: EventTypes[E]) -> None:
        check_instance("types", types, EventTypes, "an EventTypes")
        self._store = store
        self._types = types

    async def try_persist_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult[E]:
        given: list[E | NewEvent[E]] = []
        try:
            result = await self._store.try_persist_events(
                stream_id, self._plain_events(events, given), expected_version, timeout=timeout
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
        serial: bool = False,
        timeout: float | None = None,
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
        serial: bool = False,
        timeout: float | None = None,
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
        serial: bool = False,
        timeout: float | None = None,
        unknown: Literal["raw"] | None = None,
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        """
        Iterate over the events of a stream, as `EventReader.read_events` does.

        A step that is cancelled ends the read there, too.

        Args:
            stream_id: As for `EventReader.read_events`.
            from_version: As for `EventReader.read_events`.
            max_count: As for `EventReader.read_events`.
            backward: As for `EventReader.read_events`.
            page_size: As for `EventReader.read_events`.
            serial: As for `EventReader.read_events`.
            timeout: As for `EventReader.read_events`.
            unknown: What to do with an event that has no type, or whose type or revision is not
                registered. None raises `UnknownEventType`; ``"raw"`` returns an `UnknownEvent` as
                its payload.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            UnknownEventType: the type or revision of an event is not registered.
            MistypedEvent: a payload does not fit its type, or an upcaster failed.
            EventStoreError: as `EventReader.read_events` does.
        """
        _check_unknown(unknown)
        events = self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )
        return self._read(events, raw=unknown == "raw")

    @overload
    def follow(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent[E], None]: ...

    @overload
    def follow(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
        unknown: Literal["raw"],
    ) -> AsyncGenerator[RecordedEvent[E | UnknownEvent], None]: ...

    def follow(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
        unknown: Literal["raw"] | None = None,
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        """
        Iterate over the events of a stream as it grows, as `StreamFollower.follow` does.

        Args:
            stream_id: As for `StreamFollower.follow`.
            from_version: As for `StreamFollower.follow`.
            polling: As for `StreamFollower.follow`.
            page_size: As for `StreamFollower.follow`.
            serial: As for `StreamFollower.follow`.
            timeout: As for `StreamFollower.follow`.
            unknown: As for `read_events`.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            UnknownEventType: the type or revision of an event is not registered. Following on
                after it works.
            MistypedEvent: a payload does not fit its type, or an upcaster failed.
            EventStoreError: as `StreamFollower.follow` does.
        """
        _check_unknown(unknown)
        follow = getattr(self._store, "follow", None) or partial(Follower, self._store.read_events)
        events = follow(
            stream_id,
            from_version,
            polling=polling,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )
        return Mapped(events, partial(self._typed, raw=unknown == "raw"))

    async def _read(
        self, events: AsyncGenerator[RecordedEvent, None], *, raw: bool
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        try:
            async for event in events:
                yield self._typed(event, raw=raw)
        finally:
            await events.aclose()

    def _plain_events(self, events: Any, given: list[E | NewEvent[E]]) -> Any:
        """Return the events as plain data, and collect them; too many are for the store to stop."""
        if not is_event_list(events):
            return events  # The other store refuses it, and says why.

        def plain_events() -> Iterator[UnidentifiedEvent | NewEvent]:
            for index, event in enumerate(events):
                given.append(event)
                yield self._plain(index, event)

        return plain_events()

    def _plain(self, index: int, given: E | NewEvent[E]) -> UnidentifiedEvent | NewEvent:
        event: E = given.payload if isinstance(given, NewEvent) else given
        try:
            name, revision, plain = self._types.stored(event)
        except LookupError as error:
            raise InvalidEvent(index, str(error)) from error
        except Unmarkable as error:
            raise InvalidEvent(index, str(error)) from error
        except Difference as found:
            raise LossyPayload(index, found.path, found.name, found.reason) from None
        except Exception as error:
            raise PayloadNotEncodable(index, f"could not be read back: {error}") from error
        metadata = None if revision == 1 else {REVISION: revision}
        if not isinstance(given, NewEvent):
            return UnidentifiedEvent(plain, name, metadata)
        if given.type not in {None, name}:
            raise InvalidEvent(index, f"its type is {name!r}, but the NewEvent says {given.type!r}")
        if isinstance(given.metadata, Mapping):
            metadata = {**given.metadata, **(metadata or {})}
        elif given.metadata is not None:
            raise InvalidEvent(index, "metadata must be a mapping or None")
        if REVISION in (given.metadata or {}):
            raise InvalidEvent(index, f"{REVISION!r} in metadata is reserved for the store")
        return type(given)(plain, name, metadata, given.event_id)

    def _typed(self, event: RecordedEvent, *, raw: bool = False) -> RecordedEvent[Any]:
        payload = typed_payload(self._types, event, raw=raw)
        return with_payload(event, payload, own_metadata(event.metadata))


def _check_unknown(unknown: object) -> None:
    check_choice("unknown", unknown, "raw", optional=True)


def _as_given(given: Any, event: RecordedEvent) -> RecordedEvent[Any]:
    payload = given.payload if isinstance(given, NewEvent) else given
    return with_payload(event, payload, own_metadata(event.metadata))


def _again(given: Any, event: NewEvent) -> NewEvent[Any]:
    payload = given.payload if isinstance(given, NewEvent) else given
    return NewEvent(payload, event.type, own_metadata(event.metadata), event.event_id)
