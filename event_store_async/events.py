"""Events: as the caller hands them over, and as the store recorded them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic
from uuid import UUID, uuid4

from .values import setters, value

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    P_co = TypeVar("P_co", default=Any, covariant=True)
else:
    from typing import TypeVar

    P_co = TypeVar("P_co", covariant=True)  # Python has defaults of type variables from 3.13 on.


@value
class NewEvent(Generic[P_co]):
    """
    An event that is to be appended.

    Appending the same `NewEvent` again never stores it twice where the store can know of the
    first time: the event id tells. Bare payloads handed to an append are wrapped in a
    `NewEvent` with a fresh id.

    Attributes:
        payload: What happened; whatever the store's codec can encode.
        type: A name for the kind of event, stored beside it.
        metadata: A JSON object stored beside the payload (correlation, user, …).
        event_id: The event's identity. Give one (a command's idempotency key, for instance) to
            make an append repeatable from another process too.
    """

    payload: P_co
    type: str | None = None
    metadata: Mapping[str, Any] | None = None
    event_id: UUID = field(default_factory=uuid4)


@value
class UnidentifiedEvent(Generic[P_co]):
    """
    An event to be appended, whose id the store makes: nobody can have stored it before.

    It is what wrappers of a store make of a bare payload that they name a type for.

    Attributes:
        payload: What happened.
        type: As of a `NewEvent`.
        metadata: As of a `NewEvent`.
    """

    payload: P_co
    type: str | None = None
    metadata: Mapping[str, Any] | None = None

    def identified(self, event_id: UUID) -> NewEvent[P_co]:
        """Return the event with an id."""
        return new_event(self.payload, self.type, self.metadata, event_id)


@value
class RecordedEvent(Generic[P_co]):
    """
    An event as it stands in its stream. Immutable: the fields never change once recorded.

    Attributes:
        stream_id: The stream it belongs to.
        version: Its place in the stream: 1, 2, 3 … without gaps.
        payload: What happened, decoded; in the result of an append, the object handed over.
        timestamp: When it was appended, by the appending client's clock: aware, UTC, with
            millisecond precision. Equal for all the events of one append.
        event_id: Its identity; None for events that the Clojure original wrote.
        type: The name given to its kind, if any.
        metadata: The JSON object stored beside it, if any.
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
    """Return `NewEvent` of the same arguments, sooner; see `recorded_event`."""
    event: NewEvent[Any] = _new(NewEvent)
    _set_new_payload(event, payload)
    _set_new_type(event, type_)
    _set_new_metadata(event, metadata)
    _set_new_event_id(event, event_id)
    return event


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
    Return `RecordedEvent` of the same arguments, sooner.

    A frozen dataclass sets its fields by ``object.__setattr__``, which looks each of them up by
    name, a good part of what reading an event takes. The slots' own descriptors need no look-up:
    ``make bench ONLY=representation`` measures both.
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
