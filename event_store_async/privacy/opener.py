"""Opener: stored payloads with their envelopes opened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..errors import UndecryptableField
from ..events import RecordedEvent, with_payload
from ..personal import FORGOTTEN, Encrypted
from .drafts import VALUES
from .envelope import Envelope, opened, pointer
from .key_cache import KeyCache, OpeningKeys
from .payload import DEEPEST, FoundEnvelopes, Path, envelopes, replaced


@dataclass(slots=True)
class ClosedPayload:
    """
    A payload whose envelopes are not yet opened.

    Attributes:
        payload: As the other store gives it.
        place: Where it is: the first parts of the context of its ciphertexts.
        stream_id: Its stream.
        version: The version of the event or snapshot.
        parts: Its envelopes, by their paths; None stands for a value that was forgotten before.
        size: How many characters it has, roughly.
        broken: The first envelope that is not valid.
    """

    payload: Any
    place: tuple[str, ...]
    stream_id: UUID
    version: int
    parts: dict[Path, Envelope | None]
    size: int
    broken: UndecryptableField | None

    @property
    def wanted(self) -> set[tuple[str, UUID]]:
        """The subjects and the keys of its envelopes."""
        return {(part.subject, part.key_id) for part in self.parts.values() if part is not None}

    def open(self, opening: OpeningKeys) -> Any:
        """
        Return the payload in plain text.

        Raises:
            UndecryptableField: an envelope was changed, or moved from elsewhere.
        """
        if self.broken is not None:
            raise self.broken
        return replaced(
            self.payload,
            {path: self._value(path, part, opening) for path, part in self.parts.items()},
        )

    def _value(self, path: Path, part: Envelope | None, opening: OpeningKeys) -> Any:
        if part is None:
            return FORGOTTEN
        named = part.subject, part.key_id
        if named in opening.destroyed:
            return FORGOTTEN
        ready = opening.ready.get(named)
        if ready is None:
            return Encrypted(part.subject, part.key_id)
        try:
            return VALUES.decode(opened(part, ready.cipher, *self.place, pointer(path)))
        except ValueError as error:
            raise self._undecryptable(path, str(error)) from None

    def _undecryptable(self, path: Path, reason: str) -> UndecryptableField:
        return UndecryptableField(self.stream_id, self.version, pointer(path), reason)

    def take(self, found: FoundEnvelopes) -> None:
        """Read the envelopes; one that is not valid is an error when the payload is opened."""
        self.size = found.size
        for path, plain in found.at.items():
            try:
                if len(path) > DEEPEST:
                    raise ValueError("it is too deep")
                self.parts[path] = Envelope.of(plain)
            except ValueError as error:
                self.broken = self.broken or self._undecryptable(path, str(error))


def closed(payload: Any, place: tuple[str, ...], stream_id: UUID, version: int) -> ClosedPayload:
    """Return a payload as another store gives it, with its envelopes found."""
    made = ClosedPayload(payload, place, stream_id, version, {}, 0, None)
    made.take(envelopes(payload))
    return made


def closed_event(event: RecordedEvent[Any]) -> ClosedPayload:
    """Return the payload of an event, with its envelopes found."""
    place = ("event", str(event.stream_id), str(event.event_id))
    return closed(event.payload, place, event.stream_id, event.version)


async def opening_of(keys: KeyCache, payloads: Iterable[ClosedPayload]) -> OpeningKeys:
    """
    Return the keys of payloads: one request, or none.

    Raises:
        EventStoreError: as `KeyStore.get` does.
    """
    wanted = {named for payload in payloads for named in payload.wanted}
    return await keys.opening(wanted) if wanted else NOTHING


NOTHING = OpeningKeys({}, ())


def known_to(keys: KeyCache, payload: ClosedPayload) -> OpeningKeys | None:
    """Return the keys of a payload if all are in the cache, so that nothing need be asked for."""
    return keys.known_opening(payload.wanted) if payload.parts else NOTHING


def opened_event(
    event: RecordedEvent[Any], payload: ClosedPayload, opening: OpeningKeys
) -> RecordedEvent[Any]:
    """
    Return an event with its payload in plain text.

    Raises:
        UndecryptableField: an envelope was changed, or moved from elsewhere.
    """
    if not payload.parts and payload.broken is None:
        return event
    return with_payload(event, payload.open(opening), event.metadata)


async def opened_events(
    keys: KeyCache, events: Sequence[RecordedEvent[Any]]
) -> tuple[RecordedEvent[Any], ...]:
    """
    Return events with their payloads in plain text.

    Raises:
        UndecryptableField: an envelope was changed, or moved from elsewhere.
        EventStoreError: as `KeyStore.get` does.
    """
    payloads: Mapping[int, ClosedPayload] = dict(enumerate(map(closed_event, events)))
    opening = await opening_of(keys, payloads.values())
    return tuple(
        opened_event(event, payloads[index], opening) for index, event in enumerate(events)
    )
