"""EncodedEvents: the events of an append, checked and encoded before anything is sent."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from .codec import Codec, JsonCodec
from .codec.compression import SUFFIX, compressed
from .correlation import with_correlation
from .errors import AppendTooLarge, InvalidEvent, PayloadNotEncodable
from .events import (
    NewEvent,
    RecordedEvent,
    UnidentifiedEvent,
    new_event,
    recorded_event,
)
from .settings import Settings

_METADATA: Final = JsonCodec()
_WRAPPED: Final = (NewEvent, UnidentifiedEvent, RecordedEvent)


# Not frozen, as nothing is that an append makes for itself alone: a frozen dataclass takes three
# times as long to make, and an append makes a handful.
@dataclass(slots=True)
class EncodedEvent:
    """
    An event with everything that is stored of it, save its version and timestamp.

    Attributes:
        event_id: Its identity.
        payload: What happened, as the caller gave it.
        type: The name of its kind, if any.
        metadata: Its metadata, with the ids of its correlation, if any.
        encoded_payload: Its payload, encoded and perhaps compressed.
        encoded_metadata: Its metadata as a JSON object, if any.
        content_type: The codec that encoded the payload, and whether it is compressed.
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
        """The event as it can be appended again."""
        return new_event(self.payload, self.type, self.metadata, self.event_id)

    def recorded(self, stream_id: UUID, version: int, timestamp: datetime) -> RecordedEvent:
        """Return the event as it stands in its stream."""
        return recorded_event(
            stream_id, version, self.payload, timestamp, self.event_id, self.type, self.metadata
        )


@dataclass(slots=True)
class EncodedEvents:
    """
    All the events of one append.

    Attributes:
        items: The events, in order.
        identified: True where one of them came as a `NewEvent`: an earlier call may have stored
            it, so its id must be looked for.
        size: Bytes of payload and metadata, encoded.
    """

    items: tuple[EncodedEvent, ...]
    identified: bool
    size: int

    @property
    def event_ids(self) -> tuple[UUID, ...]:
        """The ids, in order."""
        return tuple([item.event_id for item in self.items])

    @property
    def events(self) -> tuple[NewEvent, ...]:
        """The events with their ids, in order."""
        return tuple([item.event for item in self.items])


def encode_events(
    events: Iterable[Any | NewEvent], codec: Codec, settings: Settings
) -> EncodedEvents:
    """
    Check and encode the events of one append.

    Raises:
        InvalidEvent: no list of events, a field of a wrong type, or an id used twice.
        PayloadNotEncodable: the codec refuses a payload, or JSON a metadata.
        AppendTooLarge: more bytes or events than the settings allow.
    """
    if not isinstance(events, list | tuple):
        _check_list(events)
    items: list[EncodedEvent] = []
    identified = False
    size = 0
    for index, given in enumerate(events):
        if index >= settings.max_append_events:
            count = len(events) if isinstance(events, Sized) else index + 1
            raise AppendTooLarge("events", count, settings.max_append_events)
        if not isinstance(given, _WRAPPED):
            event_id, payload, type_, metadata = settings.new_event_id(), given, None, None
        elif isinstance(given, RecordedEvent):
            raise InvalidEvent(
                index,
                "a RecordedEvent stands in a stream already",
                hint="make a NewEvent of its payload, type and metadata",
            )
        else:
            payload, type_, metadata = given.payload, given.type, given.metadata
            if isinstance(given, NewEvent):
                event_id, identified = given.event_id, True
            else:
                event_id = settings.new_event_id()
        item = _encode_one(
            index, event_id, payload, type_, metadata, codec, settings.compress_above
        )
        size += len(item.encoded_payload) + len(item.encoded_metadata or b"")
        items.append(item)
    if len(items) > 1:
        _check_ids(items)
    if size > settings.max_append_bytes:
        raise AppendTooLarge("bytes", size, settings.max_append_bytes)
    return EncodedEvents(tuple(items), identified, size)


def _check_list(events: object) -> None:
    if isinstance(events, str | bytes | bytearray | Mapping | NewEvent) or not isinstance(
        events, Iterable
    ):
        raise InvalidEvent(
            None,
            f"a list of events is needed, not one {type(events).__name__}",
            hint="[event] is one",
        )


def _check_ids(items: Sequence[EncodedEvent]) -> None:
    seen: set[UUID] = set()
    for index, item in enumerate(items):
        event_id = item.event_id
        if event_id in seen:
            raise InvalidEvent(index, f"event id {event_id} is used twice in one append")
        seen.add(event_id)


def _encode_one(
    index: int,
    event_id: UUID,
    payload: Any,
    type_: str | None,
    metadata: Mapping[str, Any] | None,
    codec: Codec,
    compress_above: int | None,
) -> EncodedEvent:
    if not isinstance(event_id, UUID):
        raise InvalidEvent(index, f"an event id must be a uuid.UUID, not {type(event_id).__name__}")
    if type_ is not None and (not isinstance(type_, str) or not type_):
        raise InvalidEvent(index, "a type must be a text that is not empty, or None")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidEvent(index, "metadata must be a mapping, or None")
    metadata = with_correlation(metadata)
    try:
        if type_ is not None:
            type_.encode()
        encoded = codec.encode(payload)
        encoded_metadata = None if metadata is None else _METADATA.encode(dict(metadata))
    except Exception as error:
        raise PayloadNotEncodable(index, f"cannot be encoded: {error}") from error
    if type(encoded) is not bytes:
        raise PayloadNotEncodable(index, f"the codec made {type(encoded).__name__}, not bytes")
    content_type = codec.content_type
    if compress_above is not None and len(encoded) > compress_above:
        smaller = compressed(encoded)
        if smaller is not None:
            encoded, content_type = smaller, content_type + SUFFIX
    return EncodedEvent(event_id, payload, type_, metadata, encoded, encoded_metadata, content_type)


def decode_metadata(data: bytes | None) -> Mapping[str, Any] | None:
    """Return the metadata that stands in a row."""
    if data is None:
        return None
    metadata: Mapping[str, Any] = orjson.loads(data)
    return metadata
