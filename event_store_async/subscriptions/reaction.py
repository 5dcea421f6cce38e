"""Reaction: events lead to commands; the heart of a process manager."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar
from uuid import uuid5

from ..aggregates import Command, CommandHandled, CommandHandler
from ..checks import check_callable, check_instance
from ..correlation import caused_by
from ..errors import CommandNotHandled
from ..feeds import FeedEvent
from ..ports.slices import check_subscription_name
from .delivery import Handler

_A = TypeVar("_A")
_C = TypeVar("_C")
_E = TypeVar("_E")


def reacting(
    name: str,
    react: Callable[[FeedEvent[_E]], Iterable[Command[_A, _C]]],
    handler: CommandHandler[_A, _C],
) -> Handler[_E]:
    """
    Return a handler of events that carries out the commands to which they lead.

    The ids of the commands are made of the event's id, the name and their index. So an event that
    is delivered again, after a crash or a reset, stores nothing twice. What the commands append is
    marked as caused by the event.

    Args:
        name: The name of the reaction: usually that of the subscription. Another name makes other
            commands.
        react: Takes an event and returns commands: a pure function. Their own ids are replaced.
        handler: Carries them out, one after the other.

    Returns:
        A handler for a `Subscription`. It raises `CommandNotHandled` if a command is rejected, or
        lost too many conflicts: let an aggregate that says no decide on an event that says so.

    Raises:
        InvalidArgument: an argument is not valid.
    """
    check_subscription_name(name)
    check_callable("react", react)
    check_instance("handler", handler, CommandHandler, "a CommandHandler")

    async def handle(event: FeedEvent[_E]) -> None:
        with caused_by(event):
            for index, command in enumerate(react(event)):
                # caused_by has refused an event without an id.
                command_id = uuid5(event.event_id, f"{name}/{index}")  # type: ignore[arg-type]
                result = await handler.handle(replace(command, command_id=command_id))
                if not isinstance(result, CommandHandled):
                    raise CommandNotHandled(result)

    return handle
