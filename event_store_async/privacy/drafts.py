"""Drafts: events as they are given, and as they are appended with encrypted values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ..codec import JsonCodec
from ..errors import AppendTooLarge, InvalidArgument, InvalidEvent, PayloadNotEncodable
from ..events import FreshEvent, NewEvent, RecordedEvent, UnidentifiedEvent
from ..personal import (
    FORGOTTEN,
    RESERVED,
    PersonalFields,
    PersonalValue,
    unencrypted,
)
from ..plain import plain_uuid
from ..subject_key import check_subject
from .envelope import FORGOTTEN_ENVELOPE, pointer, sealed
from .key_cache import ReadyKey
from .payload import Path, Unsealable, personal_parts, replaced

VALUES: Final = JsonCodec()
"""Encodes personal values before they are encrypted, whatever the codec of the store is."""

_RESERVED: Final = RESERVED.encode()

MOST_EVENTS: Final = 10_000
"""More events than this are not one append, whatever the settings of the store are."""


@dataclass(frozen=True, slots=True)
class SealedPart:
    """
    A personal value, encoded.

    Attributes:
        subject: Whom it is about.
        encoded: The value as JSON.
    """

    subject: str
    encoded: bytes


def sealed_part(found: PersonalValue[Any] | Any) -> SealedPart | None:
    """
    Return a personal value with its subject checked and its value encoded; None for `FORGOTTEN`.

    Raises:
        InvalidArgument: the subject is not one.
        Exception: the value has no JSON form, or holds the reserved key.
    """
    if found is FORGOTTEN or found.value is FORGOTTEN:
        return None
    encoded = VALUES.encode(found.value)
    if _RESERVED in encoded:  # as a key, or in a text, where it does no harm
        personal_parts(found.value)
    return SealedPart(check_subject(found.subject), encoded)


@dataclass(slots=True)
class EventDraft:
    """
    An event of an append.

    Attributes:
        given: As the caller gave it.
        payload: Its payload, with a `PersonalValue` in the place of each personal value.
        parts: The personal values, encoded, by their paths; None stands for a forgotten one.
        event_id: Its id; None if nothing in it is personal and it has none.
    """

    given: Any
    payload: Any
    parts: Mapping[Path, SealedPart | None]
    event_id: UUID | None

    def event(self, stream_id: UUID, keys: Mapping[str, ReadyKey]) -> Any:
        """Return the event to append, with envelopes."""
        if not self.parts:
            return self.given
        event_id = self.event_id
        stored: dict[Path, Any] = {}
        for path, part in self.parts.items():
            if part is None:
                stored[path] = dict(FORGOTTEN_ENVELOPE)
                continue
            ready = keys[part.subject]
            place = ("event", str(stream_id), str(event_id), pointer(path))
            stored[path] = sealed(ready.key, ready.cipher, part.encoded, *place)
        payload, given = replaced(self.payload, stored), self.given
        if isinstance(given, NewEvent):
            return type(given)(payload, given.type, given.metadata, given.event_id)
        assert event_id is not None  # noqa: S101 - events with parts have one
        if isinstance(given, UnidentifiedEvent):
            return FreshEvent(payload, given.type, given.metadata, event_id=event_id)
        return FreshEvent(payload, event_id=event_id)


def drafts(
    events: Iterable[Any],
    fields: Mapping[str, PersonalFields],
    new_event_id: Callable[[], UUID],
) -> list[EventDraft]:
    """
    Return the events of an append as drafts.

    Raises:
        InvalidEvent: a subject is not valid, a payload has the reserved key, or a personal value
            cannot be encoded.
        AppendTooLarge: there is no end to them.
    """
    found: list[EventDraft] = []
    for index, given in enumerate(events):
        if index >= MOST_EVENTS:
            raise AppendTooLarge("events", index + 1, MOST_EVENTS)
        found.append(_draft(index, given, fields, new_event_id))
    return found


def _draft(
    index: int,
    given: Any,
    fields: Mapping[str, PersonalFields],
    new_event_id: Callable[[], UUID],
) -> EventDraft:
    if isinstance(given, RecordedEvent):
        return EventDraft(given, None, {}, None)  # the other store refuses it, and says why
    payload, type_ = given, None
    if isinstance(given, NewEvent | UnidentifiedEvent):
        payload, type_ = given.payload, given.type
    marked = fields.get(type_) if isinstance(type_, str) else None
    if marked is not None:
        payload = _with_marks(index, payload, marked)
    try:
        parts = personal_parts(payload)
    except Unsealable as error:
        raise InvalidEvent(index, str(error), hint=error.hint) from None
    if not parts:
        return EventDraft(given, payload, {}, None)
    event_id = given.event_id if isinstance(given, NewEvent | FreshEvent) else new_event_id()
    if not isinstance(event_id, UUID):
        raise InvalidEvent(index, f"event_id must be a uuid.UUID, not {type(event_id).__name__}")
    encoded = {path: _encoded(index, path, part) for path, part in parts.items()}
    return EventDraft(given, payload, encoded, plain_uuid(event_id))


def _with_marks(index: int, payload: Any, marked: PersonalFields) -> Any:
    if not isinstance(payload, dict):
        raise InvalidEvent(
            index,
            f"its type has personal fields, so it must be a dict, not {type(payload).__name__}",
        )
    personal = {
        key: PersonalValue(payload.get(marked.subject), payload[key])  # type: ignore[arg-type] # checked with the others
        for key in marked.fields
        if key in payload and not isinstance(payload[key], PersonalValue)
    }
    return {**payload, **personal}


def _encoded(index: int, path: Path, part: Any) -> SealedPart | None:
    try:
        return sealed_part(part)
    except InvalidArgument as error:
        place = pointer(path)
        raise InvalidEvent(index, f"payload{place}: {error.message}", hint=error.hint) from None
    except Exception as error:
        reason = "it holds another personal value" if unencrypted(error) else str(error)
        raise PayloadNotEncodable(
            index, f"payload{pointer(path)} cannot be encoded: {reason}"
        ) from error
