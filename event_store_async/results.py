"""Results: the outcomes of appends and of erasures, as values to match on."""

from typing import Any, Final, Generic, TypeAlias
from uuid import UUID

from ._typevars import P_co
from .errors import ConcurrentModification
from .events import RecordedEvent
from .values import draft_of, value


@value
class Persisted(Generic[P_co]):
    """
    The append is stored.

    Attributes:
        stream_id: The stream appended to.
        version: The version of the last event of this append; for an append without events, the
            version of the stream.
        events: The events of this append as recorded, in the order of their versions.
        stored_earlier: True if an earlier call had stored these very events (the same event ids).
            Then nothing was added, and `events` are those that the stream has.
    """

    stream_id: UUID
    version: int
    events: tuple[RecordedEvent[P_co], ...]
    stored_earlier: bool = False


PersistedDraft: Final = draft_of(Persisted)
"""Private: becomes a `Persisted` once it is filled, see `draft_of`."""


def persisted(
    stream_id: UUID,
    version: int,
    events: tuple[RecordedEvent[Any], ...],
    stored_earlier: bool = False,
) -> Persisted[Any]:
    """Make a `Persisted` without the cost of its constructor; see `recorded_event`."""
    draft = PersistedDraft()
    draft.stream_id = stream_id
    draft.version = version
    draft.events = events
    draft.stored_earlier = stored_earlier
    draft.__class__ = Persisted
    result: Persisted[Any] = draft
    return result


AppendResult: TypeAlias = Persisted[P_co] | ConcurrentModification
"""What `try_persist_events` returns: one of these two, so a ``match`` over both is exhaustive."""


def persisted_or_raise(result: AppendResult[P_co]) -> Persisted[P_co]:
    """
    Return the result of an append that is stored; raise a conflict.

    The caller must not keep the result in a variable. The traceback of a conflict holds the
    caller's frame; if the frame held the conflict, only the garbage collector could free them.

    Raises:
        ConcurrentModification: the result is one.
    """
    if isinstance(result, Persisted):
        return result
    try:
        raise result
    finally:
        del result


@value
class Truncated:
    """
    The beginning of the stream is gone for good.

    Attributes:
        stream_id: The stream.
        kept_from: The version of the first event that is kept. It may be higher than the call asked
            for, if the stream was truncated further. If no event is left, it is that of the next
            one.
        version: The version of the stream, which truncation does not change.
    """

    stream_id: UUID
    kept_from: int
    version: int


@value
class Deleted:
    """
    All events of the stream are gone for good. It can be appended to again.

    Attributes:
        stream_id: The stream.
        version: The version of the stream, which deletion does not change: the next event has the
            version after it. 0 for a stream that never had an event.
    """

    stream_id: UUID
    version: int


@value
class Closed:
    """
    All events of the stream are gone for good, and it can never be appended to again.

    Attributes:
        stream_id: The stream.
        version: The version that the stream had when it was closed; 0 if it never had an event.
    """

    stream_id: UUID
    version: int


TruncateResult: TypeAlias = Truncated | ConcurrentModification
"""What `StreamEraser.truncate_stream` returns; a ``match`` over both is exhaustive."""

DeleteResult: TypeAlias = Deleted | ConcurrentModification
"""What `StreamEraser.delete_stream` returns; a ``match`` over both is exhaustive."""
