"""Deciding: what a command makes of an aggregate, its failures included."""

import inspect
from dataclasses import dataclass
from typing import Any, Generic

from ..checks import is_event_list
from ..errors import InvalidEvent
from ..events import NewEvent, UnidentifiedEvent
from .command import Command
from .reducer import Reducer
from .results import Rejected
from .variables import A, E


@dataclass(frozen=True, slots=True)
class Decided(Generic[A, E]):
    """
    What was decided; only an append proves that it was decided on the newest aggregate.

    Attributes:
        aggregate: What becomes of the aggregate by the events.
        events: The events to be appended, with their ids.
        otherwise: Where there are none: the rejection or the exception, if it was either.
    """

    aggregate: A
    events: tuple[NewEvent[E], ...] = ()
    otherwise: Rejected | Exception | None = None


async def decide(command: Command[A, E], reducer: Reducer[A, E], aggregate: A) -> Decided[A, E]:
    """Return what a command makes of an aggregate; raises nothing that deciding does."""
    try:
        decision: Any = command.to_events(aggregate)
        if inspect.isawaitable(decision):
            decision = await decision
        if isinstance(decision, Rejected):
            return Decided(aggregate, otherwise=decision)
        # Generators decide while they are iterated over, so it belongs in here.
        events = tuple(_identified(command, decision))
        # Before the append: events that the reducer fails on would make the stream unloadable.
        after = reducer.reduce(aggregate, (event.payload for event in events))
        return Decided(after, events)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is for the caller
        return Decided(aggregate, otherwise=error)


def _identified(command: Command[A, E], events: Any) -> list[NewEvent[E]]:
    if not is_event_list(events):
        raise InvalidEvent(
            None,
            f"to_events must return a list of events or Rejected, not one {type(events).__name__}",
            hint="[event] is a list, [] one of none",
        )
    identified: list[NewEvent[E]] = []
    for index, event in enumerate(events):
        event_id = command.event_id(index)
        if isinstance(event, NewEvent | UnidentifiedEvent):
            identified.append(NewEvent(event.payload, event.type, event.metadata, event_id))
        else:
            identified.append(NewEvent(event, event_id=event_id))
    return identified
