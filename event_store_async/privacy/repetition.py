"""Repetition: an append that cannot be encrypted again is looked for in its stream."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

from ..events import NewEvent, RecordedEvent
from ..plain import plain_uuid
from ..ports import EventReader
from ..versions import NO_STREAM, ExpectedVersion, StreamState
from .drafts import EventDraft

LOOK_BACK: Final = 100
"""How many of the last versions are searched without an exact version, as stores do by default."""


async def stored_earlier(
    store: EventReader[Any],
    stream_id: UUID,
    made: Sequence[EventDraft],
    expected: ExpectedVersion,
    timeout: float | None,
) -> tuple[RecordedEvent[Any], ...] | None:
    """
    Return the events of an append as an earlier call stored them; None if none did.

    Only events with ids of the caller can be stored already.

    Raises:
        EventStoreError: as `EventReader.read_events` does.
    """
    wanted = [draft.given.event_id for draft in made if isinstance(draft.given, NewEvent)]
    if not wanted or len(wanted) < len(made):
        return None
    first = 0 if expected is NO_STREAM else expected
    if isinstance(first, StreamState):
        backward, start, most = True, None, LOOK_BACK
    else:
        backward, start, most = False, first + 1, len(wanted)
    events = store.read_events(stream_id, start, most, backward=backward, timeout=timeout)
    async with aclosing(events):
        found = [event async for event in events]
    if backward:
        found.reverse()
    ids = [event.event_id for event in found]
    sought = [plain_uuid(each) if isinstance(each, UUID) else each for each in wanted]
    for at in range(len(ids) - len(sought) + 1):
        if ids[at : at + len(sought)] == sought:
            return tuple(found[at : at + len(sought)])
    return None
