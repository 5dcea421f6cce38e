"""Appends: personal values are encrypted before events are appended to another store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from ..checks import check_expected_version, check_stream_id, check_timeout, is_event_list
from ..errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStoreError,
    StoreUnavailable,
    StreamError,
    SubjectForgotten,
)
from ..events import (
    NewEvent,
    RecordedEvent,
    UnidentifiedEvent,
    new_event,
    with_payload,
)
from ..personal import PersonalFields
from ..ports import EventReaderWriter
from ..results import AppendResult, persisted
from ..retry import Deadline
from ..versions import ExpectedVersion
from .arrival_order import ArrivalOrder
from .deadline import within
from .drafts import EventDraft, drafts
from .key_cache import KeyCache
from .opener import opened_events
from .repetition import stored_earlier

_LEAST: Final = 0.001


class PrivateAppends:
    """
    The appends of a private store, and of its views of categories.

    Args:
        cache: The keys of the subjects.
        fields: The personal fields of payloads that are bare dicts, by the type of event.
        new_event_id: Returns an id for an event with personal values that has none.
    """

    def __init__(
        self,
        cache: KeyCache,
        fields: Mapping[str, PersonalFields],
        new_event_id: Callable[[], UUID],
    ) -> None:
        self._cache = cache
        self._fields = fields
        self._new_event_id = new_event_id
        self._order = ArrivalOrder()

    async def append(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
    ) -> AppendResult:
        """
        Append to a store, as `EventWriter.try_persist_events` does.

        Args:
            store: The store, or its view of a category.
            stream_id: The stream.
            events: The events, with personal values.
            expected: The expected version.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Raises:
            EventStoreError: as the store does, and as `KeyStore.key_for` does.
        """
        if not is_event_list(events):  # the other store refuses it, and says why
            return await store.try_persist_events(stream_id, events, expected, timeout=timeout)
        stream = check_stream_id(stream_id)
        check_timeout(timeout)
        made = drafts(events, self._fields, self._new_event_id)
        check_expected_version(expected, len(made))
        subjects = dict.fromkeys(
            part.subject for draft in made for part in draft.parts.values() if part is not None
        )
        keys = self._cache.known_of(subjects)
        if len(keys) == len(subjects) and self._order.is_free(stream):
            sealed = [draft.event(stream, keys) for draft in made]
            asked = store.try_persist_events(stream, sealed, expected, timeout=timeout)
            return await self._answered(made, stream, expected, asked)
        deadline = None if timeout is None else Deadline(timeout)
        place = self._order.take(stream)
        try:
            if len(keys) < len(subjects):
                keys = await within(timeout, self._cache.ready(tuple(subjects)))
            await within(_left(deadline), place.come())
            sealed = [draft.event(stream, keys) for draft in made]
            left = _left(deadline)
        except SubjectForgotten as forgotten:
            place.end()
            return await self._repeated(store, made, stream, expected, _left(deadline), forgotten)
        except BaseException:
            place.end()
            raise
        # The next one is woken later than this one takes its place in the queue of the store.
        place.end()
        asked = store.try_persist_events(stream, sealed, expected, timeout=left)
        return await self._answered(made, stream, expected, asked)

    async def _repeated(
        self,
        store: EventReaderWriter,
        made: Sequence[EventDraft],
        stream_id: UUID,
        expected: ExpectedVersion,
        timeout: float | None,
        forgotten: SubjectForgotten,
    ) -> AppendResult:
        """Return the result of an append that was stored before its subject was forgotten."""
        try:
            found = await stored_earlier(store, stream_id, made, expected, timeout)
        except StoreUnavailable as error:
            # Whether they are stored is not known, and the error says that they are not.
            raise AppendOutcomeUnknown(
                stream_id, expected, tuple(new_event(*each) for each in map(_parts, made))
            ) from error
        if found is None:
            raise forgotten
        events = await self._opened(found, made, stream_id, expected)
        return persisted(stream_id, found[-1].version, events, stored_earlier=True)

    async def _answered(
        self, made: Sequence[EventDraft], stream_id: UUID, expected: ExpectedVersion, asked: Any
    ) -> AppendResult:
        try:
            result = await asked
        except AppendOutcomeUnknown as unknown:
            again = tuple(map(_again, made, unknown.events))
            raise AppendOutcomeUnknown(stream_id, unknown.expected_version, again) from unknown
        if isinstance(result, ConcurrentModification):
            return result
        if not result.stored_earlier:
            events = tuple(map(_as_given, made, result.events))
            return persisted(result.stream_id, result.version, events)
        events = await self._opened(result.events, made, stream_id, expected)
        return persisted(result.stream_id, result.version, events, stored_earlier=True)

    async def _opened(
        self,
        stored: Sequence[RecordedEvent[Any]],
        made: Sequence[EventDraft],
        stream_id: UUID,
        expected: ExpectedVersion,
    ) -> tuple[RecordedEvent[Any], ...]:
        try:
            return await opened_events(self._cache, stored)
        except StreamError:
            raise
        except EventStoreError as error:
            # They are stored, so "nothing is stored", as the error says, would not be true.
            again = tuple(map(_again, made, map(_new, stored)))
            raise AppendOutcomeUnknown(stream_id, expected, again) from error


def _left(deadline: Deadline | None) -> float | None:
    return None if deadline is None else max(deadline.remaining(), _LEAST)


def _new(event: RecordedEvent[Any]) -> NewEvent[Any]:
    # Only a stored event that was found by its id comes here.
    return new_event(event.payload, event.type, event.metadata, event.event_id or UUID(int=0))


def _payload(draft: EventDraft) -> Any:
    given = draft.given
    return given.payload if isinstance(given, NewEvent | UnidentifiedEvent) else given


def _parts(draft: EventDraft) -> tuple[Any, str | None, Mapping[str, Any] | None, UUID]:
    given: NewEvent[Any] = draft.given  # others cannot be stored already
    return given.payload, given.type, given.metadata, given.event_id


def _again(draft: EventDraft, event: NewEvent[Any]) -> NewEvent[Any]:
    return new_event(_payload(draft), event.type, event.metadata, event.event_id)


def _as_given(draft: EventDraft, event: RecordedEvent[Any]) -> RecordedEvent[Any]:
    if not draft.parts:
        return event
    return with_payload(event, _payload(draft), event.metadata)
