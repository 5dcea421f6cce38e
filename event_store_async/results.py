"""Results: what an append comes to, as values to match on."""

from typing import Any, Final, Generic, TypeAlias
from uuid import UUID

from .errors import ConcurrentModification
from .events import P_co, RecordedEvent
from .values import setters, value


@value
class Persisted(Generic[P_co]):
    """
    The append stands in the stream.

    Attributes:
        stream_id: The stream appended to.
        version: The version of the last event of this append (for an append without events:
            of the stream).
        events: The events of this append as recorded, in version order.
        stored_earlier: True where an earlier call had already stored these very events (the
            same event ids): nothing was added, and `events` is what stands there.
    """

    stream_id: UUID
    version: int
    events: tuple[RecordedEvent[P_co], ...]
    stored_earlier: bool = False


_new: Final = object.__new__
_set_stream_id, _set_version, _set_events, _set_stored_earlier = setters(Persisted)


def persisted(
    stream_id: UUID,
    version: int,
    events: tuple[RecordedEvent[Any], ...],
    stored_earlier: bool = False,
) -> Persisted[Any]:
    """Return `Persisted` of the same arguments, sooner; see `recorded_event`."""
    result: Persisted[Any] = _new(Persisted)
    _set_stream_id(result, stream_id)
    _set_version(result, version)
    _set_events(result, events)
    _set_stored_earlier(result, stored_earlier)
    return result


AppendResult: TypeAlias = Persisted[P_co] | ConcurrentModification
"""The closed union that `try_persist_events` returns; ``match`` over both exhausts it."""


def persisted_or_raise(result: AppendResult[P_co]) -> Persisted[P_co]:
    """
    Return a result that is stored; raise a conflict.

    The result must not stand in a variable of the caller: a conflict's traceback would hold the
    caller's frame, and the frame the conflict, until the garbage collector comes.

    Raises:
        ConcurrentModification: the result is one.
    """
    if isinstance(result, ConcurrentModification):
        try:
            raise result
        finally:
            del result
    return result
