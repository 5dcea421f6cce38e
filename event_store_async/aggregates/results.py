"""Results: what a command comes to, as values to match on."""

from typing import Generic, TypeAlias
from uuid import UUID

from ..errors import ConcurrentModification
from ..events import RecordedEvent
from ..values import value
from .snapshot import Snapshot
from .variables import A_co, E_co, R_co


@value
class CommandHandled(Generic[A_co, E_co]):
    """
    The command's events stand in the stream, once.

    Attributes:
        before: The aggregate that the command was decided on.
        events: The command's events as recorded, in version order; none, if it decided on none.
        after: The aggregate after these events, and no others.
        handled_earlier: True where an earlier call, here or in another process, had stored the
            command already: nothing was added, and the other fields tell of that call.
    """

    before: Snapshot[A_co]
    events: tuple[RecordedEvent[E_co], ...]
    after: Snapshot[A_co]
    handled_earlier: bool = False


@value
class Rejected(Generic[R_co]):
    """
    The command may not be carried out; nothing was stored.

    `Command.to_events` returns it, and `CommandHandler.handle` hands it on.

    Attributes:
        reason: Why not; whatever the application makes of it.
    """

    reason: R_co


@value
class InvalidAggregateVersion:
    """
    The aggregate is not at the version that the caller expected; nothing was stored.

    Attributes:
        stream_id: The aggregate's stream.
        expected_version: Where the caller expected it.
        actual_version: Where it was instead, at some moment during the call or before.
    """

    stream_id: UUID
    expected_version: int
    actual_version: int


CommandResult: TypeAlias = (
    CommandHandled[A_co, E_co] | Rejected | ConcurrentModification | InvalidAggregateVersion
)
"""The closed union that `CommandHandler.handle` returns; ``match`` over the four exhausts it."""
