"""Encoding: the events of an append are checked and encoded before anything is sent."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from .checks import is_event_list
from .codec import Codec, JsonCodec
from .codec.compression import as_stored
from .codec.refused import refused_part
from .correlation import CURRENT, with_correlation
from .errors import AppendTooLarge, InvalidEvent, PayloadNotEncodable
from .events import (
    FreshEvent,
    NewEvent,
    RecordedEvent,
    SoughtEvent,
    UnidentifiedEvent,
    new_event,
    recorded_events,
)
from .personal import UNENCRYPTED_HINT, unencrypted
from .plain import plain_str, plain_uuid
from .settings import Settings

_METADATA: Final = JsonCodec()
_LISTS: Final = (list, tuple)  # as a union, it would be made for each append
_WRAPPED: Final = (NewEvent, UnidentifiedEvent, RecordedEvent)


# Neither frozen nor with a constructor, like the other objects that an append makes for itself
# alone: before Python 3.13, one takes more instructions than a function that assigns the fields.
@dataclass(slots=True, init=False)
class EncodedEvent:
    """
    An event with all that is stored of it, except its version and timestamp.

    Attributes:
        event_id: The identity of the event.
        payload: What happened, as the caller gave it.
        type: The name of the type of event, if any.
        metadata: Its metadata, including the ids of `correlated`, if any.
        encoded_payload: The payload, encoded and perhaps compressed.
        encoded_metadata: The metadata as a JSON object, if any.
        content_type: The codec of the payload, and whether it is compressed.
    """

    event_id: UUID
    payload: Any
    type: str | None
    metadata: Mapping[str, Any] | None
    encoded_payload: bytes
    encoded_metadata: bytes | None
    content_type: str

    @property
    def event(self) -> NewEvent:
        """The event, ready to be appended again."""
        return new_event(self.payload, self.type, self.metadata, self.event_id)


@dataclass(slots=True, init=False)
class EncodedEvents:
    """
    All the events of one append, or of several that share a batch.

    Attributes:
        items: The events, in order.
        identified: Whether one of them came as a `NewEvent`. An earlier call may have stored it.
        sought: Whether the caller has searched the stream for all of these ids already.
        size: Bytes of encoded payloads and metadata.
    """

    items: tuple[EncodedEvent, ...]
    identified: bool
    size: int
    sought: bool

    @property
    def event_ids(self) -> tuple[UUID, ...]:
        """The ids, in order."""
        return tuple([item.event_id for item in self.items])

    @property
    def events(self) -> tuple[NewEvent, ...]:
        """The events with their ids, in order."""
        return tuple([item.event for item in self.items])

    def recorded(
        self, stream_id: UUID, after: int, timestamp: datetime
    ) -> tuple[RecordedEvent, ...]:
        """Return the events as they are in their stream, after a version."""
        fields = [
            (stream_id, at, item.payload, timestamp, item.event_id, item.type, item.metadata)
            for at, item in enumerate(self.items, after + 1)
        ]
        return tuple(recorded_events(fields))


def encode_events(
    events: Iterable[Any | NewEvent], codec: Codec, settings: Settings
) -> EncodedEvents:
    """
    Check and encode the events of one append.

    All of it is in one function: calls for each event would be felt.

    Raises:
        InvalidEvent: not a list of events, a field of a wrong type, or an id used twice.
        PayloadNotEncodable: the codec refuses a payload, or JSON cannot hold the metadata.
        AppendTooLarge: more bytes or events than the settings allow.
    """
    if not isinstance(events, _LISTS):
        _check_list(events)
    items: list[EncodedEvent] = []
    identified = sought = False
    size, limit, above = 0, settings.max_append_events, settings.compress_above
    for given in events:
        index = len(items)  # `enumerate` is felt by an append of one event
        if index >= limit:
            count = len(events) if isinstance(events, Sized) else index + 1
            raise AppendTooLarge("events", count, limit)
        # Most payloads are dicts, and `isinstance` takes longer when the answer is no.
        if type(given) is dict or not isinstance(given, _WRAPPED):
            payload, type_, metadata = given, None, None
            event_id = settings.new_event_id()
            if type(event_id) is not UUID:
                event_id = _checked_id(index, event_id)
        else:
            event_id, payload, type_, metadata = _unwrapped(index, given, codec, settings)
            if isinstance(given, NewEvent):
                sought = isinstance(given, SoughtEvent) and (sought or not identified)
                identified = True
        if CURRENT.get():  # an iterator may have entered a block for this event alone
            metadata = with_correlation(metadata)
        try:
            encoded = codec.encode(payload)
            about = None if metadata is None else _METADATA.encode(dict(metadata))
        except Exception as error:
            raise _not_encodable(index, payload, type_, metadata, codec, error) from error
        content_type = codec.content_type
        if type(encoded) is not bytes or type(content_type) is not str or above is not None:
            encoded, content_type = _as_stored(index, encoded, content_type, settings)
        size += len(encoded) if about is None else len(encoded) + len(about)
        item = EncodedEvent()
        item.event_id = event_id
        item.payload = payload
        item.type = type_
        item.metadata = metadata
        item.encoded_payload = encoded
        item.encoded_metadata = about
        item.content_type = content_type
        items.append(item)
    if len(items) > 1:
        _check_ids(items)
    if size > settings.max_append_bytes:
        raise AppendTooLarge("bytes", size, settings.max_append_bytes)
    made = EncodedEvents()
    made.items = tuple(items)
    made.identified = identified
    made.size = size
    made.sought = sought
    return made


def _check_list(events: object) -> None:
    if not is_event_list(events):
        raise InvalidEvent(
            None,
            f"events must be a list of events, not {type(events).__name__}",
            hint="for a single event: [event]",
        )


def _check_ids(items: Sequence[EncodedEvent]) -> None:
    seen: set[UUID] = set()
    for index, item in enumerate(items):
        event_id = item.event_id
        if event_id in seen:
            raise InvalidEvent(index, f"event id {event_id} is used twice in one append")
        seen.add(event_id)


def _unwrapped(
    index: int,
    given: NewEvent | UnidentifiedEvent | RecordedEvent,
    codec: Codec,
    settings: Settings,
) -> tuple[UUID, Any, str | None, Mapping[str, Any] | None]:
    """Return the id, payload, type and metadata of an event that is more than a payload."""
    if isinstance(given, RecordedEvent):
        raise InvalidEvent(
            index,
            "a RecordedEvent is in a stream already",
            hint="to append it again, make a NewEvent of its payload, type and metadata",
        )
    if isinstance(given, NewEvent | FreshEvent):
        event_id = given.event_id
    else:
        event_id = settings.new_event_id()
    payload, type_, metadata = given.payload, given.type, given.metadata
    if type(event_id) is not UUID:
        event_id = _checked_id(index, event_id)
    if type_ is not None and (type(type_) is not str or not type_):
        type_ = _checked_type(index, type_)
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidEvent(index, "metadata must be a mapping or None")
    if type_ is not None:
        try:
            type_.encode()
        except UnicodeEncodeError as error:
            raise _not_encodable(index, payload, type_, metadata, codec, error) from error
    return event_id, payload, type_, metadata


def _checked_id(index: int, event_id: object) -> UUID:
    if not isinstance(event_id, UUID):
        raise InvalidEvent(index, f"event_id must be a uuid.UUID, not {type(event_id).__name__}")
    return plain_uuid(event_id)


def _checked_type(index: int, type_: object) -> str:
    if not isinstance(type_, str) or not type_:
        raise InvalidEvent(index, "type must be None or a str that is not empty")
    return plain_str(type_)


def _as_stored(
    index: int, encoded: bytes, content_type: str, settings: Settings
) -> tuple[bytes, str]:
    """Check what a codec returned; return what is stored of it, perhaps compressed."""
    if type(encoded) is not bytes:
        raise PayloadNotEncodable(index, f"the codec returned {type(encoded).__name__}, not bytes")
    if isinstance(content_type, str):
        content_type = plain_str(content_type)
    return as_stored(encoded, content_type, settings.compress_above, settings.max_payload_bytes)


def _not_encodable(
    index: int,
    payload: Any,
    type_: str | None,
    metadata: Mapping[str, Any] | None,
    codec: Codec,
    error: Exception,
) -> PayloadNotEncodable:
    """Return the error that names the field which was refused, and the way to store it."""
    parts: list[tuple[str, Any, Callable[[Any], object]]] = [
        ("type", type_ or "", str.encode),
        ("payload", payload, codec.encode),
        ("metadata", dict(metadata or {}), _METADATA.encode),
    ]
    name, path = "event", ""
    for part, value, encode in parts:
        try:
            encode(value)
        except Exception:  # noqa: BLE001 - see `Codec.encode`
            name, path = part, refused_part(value, encode)
            break
    hint = None
    refused = unencrypted(error)
    if refused is not None:
        return PayloadNotEncodable(index, f"{name}{path}: {refused}", hint=UNENCRYPTED_HINT)
    if str(error).startswith("Type is not JSON serializable"):
        hint = "convert it to a value that JSON has"
        if name == "payload" and isinstance(codec, JsonCodec):
            hint += ", or give the store codec=JsonCodec(default=…), a function that converts it"
    return PayloadNotEncodable(index, f"{name}{path} cannot be encoded: {error}", hint=hint)


def decode_metadata(data: bytes | None) -> Mapping[str, Any] | None:
    """Return the metadata of a row."""
    if data is None:
        return None
    metadata: Mapping[str, Any] = _METADATA.decode(data)
    return metadata
