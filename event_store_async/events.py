"""Events: as a caller appends them, and as the store records them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Generic
from uuid import UUID, uuid4

from ._typevars import P_co
from .values import setters, value


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


_new: Final = object.__new__
_set_new_payload, _set_new_type, _set_new_metadata, _set_new_event_id = setters(NewEvent)
(
    _set_stream_id,
    _set_version,
    _set_payload,
    _set_timestamp,
    _set_event_id,
    _set_type,
    _set_metadata,
) = setters(RecordedEvent)


def new_event(
    payload: Any, type_: str | None, metadata: Mapping[str, Any] | None, event_id: UUID
) -> NewEvent[Any]:
    """Make a `NewEvent` without the cost of its constructor; see `recorded_event`."""
    event: NewEvent[Any] = _new(NewEvent)
    _set_new_payload(event, payload)
    _set_new_type(event, type_)
    _set_new_metadata(event, metadata)
    _set_new_event_id(event, event_id)
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
        event.event_id,
        event.type,
        metadata,
    )


def recorded_event(
    stream_id: UUID,
    version: int,
    payload: Any,
    timestamp: datetime,
    event_id: UUID | None,
    type_: str | None,
    metadata: Mapping[str, Any] | None,
) -> RecordedEvent[Any]:
    """
    Make a `RecordedEvent` without the cost of its constructor.

    The constructor of a frozen dataclass sets each field by ``object.__setattr__``, which looks the
    field up by name: a considerable part of the time of a read. The descriptors of the slots need
    no lookup. ``make bench ONLY=representation`` measures both.
    """
    event: RecordedEvent[Any] = _new(RecordedEvent)
    _set_stream_id(event, stream_id)
    _set_version(event, version)
    _set_payload(event, payload)
    _set_timestamp(event, timestamp)
    _set_event_id(event, event_id)
    _set_type(event, type_)
    _set_metadata(event, metadata)
    return event
