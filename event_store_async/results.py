"""Results: what an append comes to, as values to match on."""

from typing import Generic, TypeAlias
from uuid import UUID

from .errors import ConcurrentModification
from .events import P_co, RecordedEvent
from .values import value


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


AppendResult: TypeAlias = Persisted[P_co] | ConcurrentModification
"""The closed union that `try_persist_events` returns; ``match`` over both exhausts it."""
