"""Command: what is wanted of one aggregate, and the ids of the events that come of it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import field
from typing import Generic, TypeAlias
from uuid import UUID, uuid4, uuid5

from ..events import NewEvent
from ..values import value
from .results import Rejected
from .variables import A_contra, E_co

Decision: TypeAlias = Iterable[E_co | NewEvent[E_co]] | Rejected
"""What a decision comes to: payloads or `NewEvent`s, none at all included, or a rejection."""


@value
class Command(Generic[A_contra, E_co]):
    """
    What is wanted of one aggregate.

    Handing the same command, which is one with the same `command_id`, to a handler again never
    stores it twice: that is the remedy for a crash, an `AppendOutcomeUnknown` or a request that
    came twice.

    Every event of a command gets an id made of the command's and its place; one that comes as a
    `NewEvent` keeps its type and metadata, but not its id.

    Attributes:
        aggregate_id: The aggregate's stream.
        to_events: Decides: given the aggregate, returns events or `Rejected`, or something to
            await for them. It may be called several times for one command, with a newer aggregate
            each time, so it should have no effects, and depend on nothing but the aggregate.
        expected_version: The version the aggregate must be at; None for any.
        command_id: The command's identity. Give one (a request's idempotency key, for instance)
            to repeat the command from another process.
    """

    aggregate_id: UUID
    to_events: Callable[[A_contra], Decision[E_co] | Awaitable[Decision[E_co]]]
    expected_version: int | None = None
    command_id: UUID = field(default_factory=uuid4)

    def event_id(self, index: int) -> UUID:
        """Return the id of the command's event at a place, from 0 on."""
        return uuid5(self.command_id, str(index))
