"""Commands: requests to change one aggregate, their results, and how often to try them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias
from uuid import UUID, uuid4, uuid5

from .._typevars import A_co, A_contra, E_co, R_co
from ..checks import (
    check_aggregate_version,
    check_callable,
    check_instance,
    check_int,
    check_stream_id,
)
from ..errors import ConcurrentModification
from ..events import NewEvent, RecordedEvent
from ..retry import Backoff
from ..snapshot import Snapshot
from ..values import value
from ..versions import MAX_VERSION

_COMMAND_ID: Final = "uuid.uuid5(namespace, key) makes a UUID of any str"


@value
class Rejected(Generic[R_co]):
    """
    The command was rejected; nothing was stored.

    `Command.to_events` returns it, and `CommandHandler.handle` passes it on.

    Attributes:
        reason: Why; any value that the application chooses.
    """

    reason: R_co


Decision: TypeAlias = Iterable[E_co | NewEvent[E_co]] | Rejected
"""What a command decides: payloads or `NewEvent`s (possibly none), or a rejection."""


@value
class Command(Generic[A_contra, E_co]):
    """
    A request to change one aggregate: a function that decides on events or a rejection.

    Handing a command with the same `command_id` to a handler again never stores it twice. Do that
    after a crash, after an `AppendOutcomeUnknown`, or when a request arrives twice.

    Every event of a command gets an id made from the command's id and the event's index. An event
    that is given as a `NewEvent` keeps its type and metadata, but not its id.

    Attributes:
        aggregate_id: The aggregate's stream.
        to_events: Decides: takes the aggregate and returns events or `Rejected`, or an awaitable of
            them. It may be called several times for one command, each time with a newer aggregate,
            so it should have no side effects and depend on nothing but the aggregate.
        expected_version: The version that the aggregate must be at; None for any version.
        command_id: The command's identity. Give one (a request's idempotency key, for instance)
            to be able to repeat the command from another process.

    Raises:
        InvalidArgument: an id is not a UUID, or `to_events` is not callable.
    """

    aggregate_id: UUID
    to_events: Callable[[A_contra], Decision[E_co] | Awaitable[Decision[E_co]]]
    expected_version: int | None = None
    command_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        """Check what can be checked before the command is carried out."""
        check_stream_id(self.aggregate_id)
        check_callable("to_events", self.to_events)
        check_aggregate_version(self.expected_version)
        check_instance("command_id", self.command_id, UUID, "a uuid.UUID", hint=_COMMAND_ID)

    def event_id(self, index: int) -> UUID:
        """
        Return the id of the command's event at an index, counted from 0.

        Raises:
            InvalidArgument: *index* is not an int of 0 or more.
        """
        check_int("index", index, at_least=0, at_most=MAX_VERSION)
        return uuid5(self.command_id, str(index))


@value
class CommandHandled(Generic[A_co, E_co]):
    """
    The command's events are stored in the stream, once.

    Attributes:
        before: The aggregate that the command was decided on.
        events: The command's events as recorded, in version order; empty if it decided on none.
        after: The aggregate after these events, and no others.
        handled_earlier: True if an earlier call, in this process or another, had stored the
            command already. Then nothing was added, and the other fields describe that call.
    """

    before: Snapshot[A_co]
    events: tuple[RecordedEvent[E_co], ...]
    after: Snapshot[A_co]
    handled_earlier: bool = False


@value
class InvalidAggregateVersion:
    """
    The aggregate is not at the version that the caller expected; nothing was stored.

    Attributes:
        stream_id: The aggregate's stream.
        expected_version: The version that the caller expected.
        actual_version: The version that it was at during the call, or earlier.
    """

    stream_id: UUID
    expected_version: int
    actual_version: int


CommandResult: TypeAlias = (
    CommandHandled[A_co, E_co] | Rejected | ConcurrentModification | InvalidAggregateVersion
)
"""The closed union that `CommandHandler.handle` returns; ``match`` over the four exhausts it."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    How often to try a command that conflicts with appends of other handlers or processes.

    Attributes:
        attempts: Appends to try at most, including the first.
        backoff: The pauses between them.
        sleep: Waits for a number of seconds.

    Raises:
        InvalidArgument: `attempts` is not an int above 0, `backoff` is not a `Backoff`, or `sleep`
            is not callable.
    """

    attempts: int = 10
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[object]] = field(default=asyncio.sleep, repr=False)

    def __post_init__(self) -> None:
        """Check that there is at least one attempt."""
        check_int("attempts", self.attempts, at_least=1)
        check_instance("backoff", self.backoff, Backoff, "a Backoff")
        check_callable("sleep", self.sleep)
