"""Drafts: the documents of an input as events, checked one by one."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ..checks import is_int
from ..codec import Codec, JsonCodec, RawCodec
from ..encoding import EncodedEvent, encode_events
from ..errors import AppendTooLarge, InvalidEvent
from ..events import NewEvent
from ..settings import Settings
from .documents import parsed, utf8
from .failures import wrong_usage

_ENVELOPE_KEYS: Final = {"payload", "payload_base64", "type", "metadata", "event_id"}
_RECORDED_KEYS: Final = {"stream_id", "version", "timestamp"}


@dataclass(frozen=True, slots=True)
class Draft:
    """
    An event of an input, checked.

    Attributes:
        number: Its place in the input, from 1.
        event: The event; its id is a random one if none was given.
        identified: Whether its id was given.
        encoded: How it will be stored.
    """

    number: int
    event: NewEvent
    identified: bool
    encoded: EncodedEvent

    @property
    def size(self) -> int:
        """Its bytes of payload and metadata."""
        return len(self.encoded.encoded_payload) + len(self.encoded.encoded_metadata or b"")


class Drafts:
    """
    Makes drafts of documents, in their order.

    Args:
        settings: The store's: its limits.
        envelopes: Whether each document is an envelope, as `event-store read` prints it; otherwise
            it is a payload.
        types: Empty, one type for all, or one for each.
        metadata: A JSON object for all of them; None for no metadata.
        event_ids: Empty, or one for each.
        counted: Whether all drafts are made, and `end` is called, before any is sent. Otherwise a
            document for which there is no type or id is refused at once.

    Attributes:
        codec: Encodes the payloads: all of them are bytes, or all of them are JSON.

    Raises:
        CommandFailed: the metadata is not a JSON object.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        envelopes: bool,
        types: Sequence[str],
        metadata: str | None,
        event_ids: Sequence[UUID],
        counted: bool,
    ) -> None:
        self.codec: Codec = JsonCodec()
        self._settings = settings
        self._envelopes = envelopes
        self._types = [utf8(name).decode("utf-8", "surrogateescape") for name in types]
        self._metadata = None if metadata is None else parsed(metadata, "--metadata")
        self._event_ids = event_ids
        self._counted = counted
        self._number = 0
        self._begin: int | None = None
        """What the first version would be, if envelopes have any."""

        self._stream: UUID | None = None
        if self._metadata is not None and not isinstance(self._metadata, dict):
            raise wrong_usage("--metadata must be a JSON object")

    def add(self, document: Any) -> Draft:
        """
        Return the draft of the next document.

        Raises:
            CommandFailed: it is not an envelope, does not follow the one before, or cannot be
                stored.
        """
        self._number += 1
        number = self._number
        given = self._option("--event-id", self._event_ids)
        if self._envelopes:
            event, identified = self._opened(document, given)
        else:
            kind = self._types[0] if len(self._types) == 1 else self._option("--type", self._types)
            event = _new_event(document, kind, self._metadata, given)
            identified = given is not None
        if number == 1 and isinstance(event.payload, bytes):
            self.codec = RawCodec()
        try:
            encoded = encode_events([event], self.codec, self._settings).items[0]
        except InvalidEvent as error:
            words = error.message.removeprefix("event 1: ")
            raise wrong_usage(f"event {number}: {words}", error.hint) from error
        except AppendTooLarge as error:
            raise wrong_usage(
                f"event {number}: its {error.size:,} {error.unit} are above the limit of "
                f"{error.limit:,} for an append",
                "store large content elsewhere, and its address in the event",
            ) from error
        return Draft(number, event, identified, encoded)

    def end(self) -> None:
        """
        Note that there are no more documents.

        Raises:
            CommandFailed: the number of types or ids is not that of the events.
        """
        self._check_count("--event-id", self._event_ids, self._number)
        if len(self._types) != 1:
            self._check_count("--type", self._types, self._number)

    def _option(self, name: str, given: Sequence[Any]) -> Any:
        """Return this document's value of an option that is given once for each."""
        if self._number <= len(given):
            return given[self._number - 1]
        if given and not self._counted:
            self._check_count(name, given, f"{self._number} or more")
        return None

    def _check_count(self, name: str, given: Sequence[Any], count: object) -> None:
        if given and len(given) != count:
            one = "give one, or one" if name == "--type" else "give one"
            raise wrong_usage(
                f"the number of {name} options ({len(given)}) is not that of events ({count})",
                f"{one} for each event",
            )

    def _opened(self, envelope: Any, given: UUID | None) -> tuple[NewEvent, bool]:
        name = f"event {self._number}"
        payloads = {"payload", "payload_base64"}
        if not isinstance(envelope, Mapping) or len(envelope.keys() & payloads) != 1:
            raise wrong_usage(
                f"{name} is not an envelope, which is a JSON object with a payload or a "
                "payload_base64",
                'for example: {"type": "deposited", "payload": {"amount": 50}}',
            )
        if unknown := sorted(envelope.keys() - _ENVELOPE_KEYS - _RECORDED_KEYS):
            raise wrong_usage(f"{name} has unknown keys: {', '.join(unknown)}")
        event_id = _uuid_in(envelope, "event_id", name)
        if event_id is not None and given not in {None, event_id}:
            raise wrong_usage(
                f"{name} has the event id {event_id}, but --event-id is {given}",
                "give the ids in the order of the events, or none if each event has its own",
            )
        self._check_order(envelope, name)
        self._check_stream(envelope, name)
        raw = "payload" not in envelope
        if self._number > 1 and raw is not isinstance(self.codec, RawCodec):
            raise wrong_usage(
                "some events have a payload, others payload_base64",
                "append them separately: one append has one codec",
            )
        payload = _bytes_in(envelope, name) if raw else envelope["payload"]
        known = event_id or given
        event = _new_event(payload, envelope.get("type"), envelope.get("metadata"), known)
        return event, known is not None

    def _check_order(self, envelope: Mapping[str, Any], name: str) -> None:
        version = envelope.get("version")
        if version is None:
            return
        if not is_int(version) or version < 1:
            raise wrong_usage(f"{name}: {version!r} is not a version")
        before = self._number - 1
        self._begin = version - before if self._begin is None else self._begin
        if version != self._begin + before:
            raise wrong_usage(
                f"{name} has version {version}, where {self._begin + before} is due",
                "versions, if given, must rise by one: give the events in the order of their "
                "stream, without gaps, or remove version from each",
            )

    def _check_stream(self, envelope: Mapping[str, Any], name: str) -> None:
        stream_id = _uuid_in(envelope, "stream_id", name)
        self._stream = self._stream or stream_id
        if stream_id not in {None, self._stream}:
            raise wrong_usage(
                f"{name} is of stream {stream_id}, those before it are of {self._stream}",
                "append each stream separately",
            )


def _new_event(payload: Any, kind: Any, metadata: Any, event_id: UUID | None) -> NewEvent:
    if event_id is None:
        return NewEvent(payload, kind, metadata)
    return NewEvent(payload, kind, metadata, event_id)


def _bytes_in(envelope: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(envelope["payload_base64"], validate=True)
    except (ValueError, TypeError):
        raise wrong_usage(f"{name}: payload_base64 is not base64") from None


def _uuid_in(envelope: Mapping[str, Any], key: str, name: str) -> UUID | None:
    text = envelope.get(key)
    try:
        return None if text is None else UUID(text)
    except (ValueError, AttributeError, TypeError):
        raise wrong_usage(f"{name}: {key} {text!r} is not a UUID") from None
