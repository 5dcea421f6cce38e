"""Events: as a caller appends them, and as the store records them."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias
from uuid import UUID, uuid4

from ._typevars import P_co
from .ids import parse_uuid
from .values import draft_of, make_late, value


@value
class NewEvent(Generic[P_co]):
    """
    An event to be appended, with an id.

    Appending the same `NewEvent` again does not store it twice, as long as the store can find the
    first one by its id. A payload that is appended without one becomes an event with a new id.

    Attributes:
        payload: What happened: anything that the store's codec can encode.
        type: A name for the type of event, stored with it.
        metadata: A JSON object stored with the payload (correlation, user, …).
        event_id: The identity of the event; random by default. Pass one (the idempotency key of a
            command, for instance) to make the append repeatable from other processes too.
    """

    payload: P_co
    type: str | None = None
    metadata: Mapping[str, Any] | None = None
    event_id: UUID = field(default_factory=uuid4)


@value
class SoughtEvent(NewEvent[P_co]):
    """
    A `NewEvent` whose id the caller has searched for in the stream itself, up to its version.

    Private: a command handler reads its stream before it appends, so the store need not.
    """


@value
class UnidentifiedEvent(Generic[P_co]):
    """
    An event to be appended, without an id: the store gives it a new one.

    For wrappers of a store that add a type or metadata to a payload. Unlike a `NewEvent`, it cannot
    be stored already, so the store need not look for it.

    Attributes:
        payload: What happened.
        type: As for `NewEvent`.
        metadata: As for `NewEvent`.
    """

    payload: P_co
    type: str | None = None
    metadata: Mapping[str, Any] | None = None

    def identified(self, event_id: UUID) -> NewEvent[P_co]:
        """Return the event with an id."""
        return new_event(self.payload, self.type, self.metadata, event_id)


@value
class FreshEvent(UnidentifiedEvent[P_co]):
    """
    An `UnidentifiedEvent` whose new id is chosen already.

    Private: what is encrypted is bound to the id. As nobody else knows it, no store need look for
    it.

    Attributes:
        event_id: The id.
    """

    event_id: UUID = field(kw_only=True)

    def identified(self, event_id: UUID) -> NewEvent[P_co]:
        """Return the event with its own id."""
        del event_id
        return new_event(self.payload, self.type, self.metadata, self.event_id)


@value
class RecordedEvent(Generic[P_co]):
    """
    An event in its stream. A recorded event never changes.

    Attributes:
        stream_id: The stream that it belongs to.
        version: Its position in the stream: 1, 2, 3 … without gaps.
        payload: What happened, decoded. In the result of an append it is the caller's own object.
        timestamp: When it was appended, by the clock of the appending client: aware, in UTC, in
            whole milliseconds. The same for all events of one append.
        event_id: The identity of the event; None for events that the Clojure original wrote.
        type: The name of the type of event, if any.
        metadata: The JSON object stored with it, if any.
    """

    stream_id: UUID
    version: int
    payload: P_co
    timestamp: datetime
    event_id: UUID | None = None
    type: str | None = None
    metadata: Mapping[str, Any] | None = None


_event_id: Final = make_late(RecordedEvent, "event_id", str, lambda _, text: parse_uuid(text))

_NewDraft: Final = draft_of(NewEvent)
RecordedDraft: Final = draft_of(RecordedEvent)
"""Private: becomes a `RecordedEvent` once it is filled, see `draft_of`."""


def new_event(
    payload: Any, type_: str | None, metadata: Mapping[str, Any] | None, event_id: UUID
) -> NewEvent[Any]:
    """Make a `NewEvent` without the cost of its constructor; see `recorded_event`."""
    draft = _NewDraft()
    draft.payload = payload
    draft.type = type_
    draft.metadata = metadata
    draft.event_id = event_id
    draft.__class__ = NewEvent
    event: NewEvent[Any] = draft
    return event


def with_payload(
    event: RecordedEvent[Any], payload: Any, metadata: Mapping[str, Any] | None
) -> RecordedEvent[Any]:
    """Return an event with another payload and other metadata."""
    return recorded_event(
        event.stream_id,
        event.version,
        payload,
        event.timestamp,
        _event_id.held(event),
        event.type,
        metadata,
    )


RecordedFields: TypeAlias = tuple[
    UUID, int, Any, datetime, UUID | str | None, str | None, Mapping[str, Any] | None
]
"""The fields of a `RecordedEvent`, in order. The id may be a text: it is parsed when it is used."""

EventFields: TypeAlias = tuple[
    int, Any, datetime, UUID | str | None, str | None, Mapping[str, Any] | None
]
"""`RecordedFields` without the stream."""


def fields_of(event: RecordedEvent[Any]) -> EventFields:
    """Return the fields of an event, its id as it is held."""
    return (
        event.version,
        event.payload,
        event.timestamp,
        _event_id.held(event),
        event.type,
        event.metadata,
    )


def recorded_event(*fields: *RecordedFields) -> RecordedEvent[Any]:
    """Make a `RecordedEvent` without the cost of its constructor; see `recorded_events`."""
    (event,) = recorded_events((fields,))
    return event


def recorded_events(events: Iterable[RecordedFields]) -> list[RecordedEvent[Any]]:
    """
    Make `RecordedEvent`s without the cost of their constructor: see `draft_of`.

    That would be a considerable part of the time of a read. So would be a call for each of them.
    """
    made: list[RecordedEvent[Any]] = []
    for stream_id, version, payload, timestamp, event_id, type_, metadata in events:
        draft = RecordedDraft()
        draft.stream_id = stream_id
        draft.version = version
        draft.payload = payload
        draft.timestamp = timestamp
        draft.event_id = event_id
        draft.type = type_
        draft.metadata = metadata
        draft.__class__ = RecordedEvent
        made.append(draft)
    return made
