"""The execution of one command: decides it and appends its events."""

import inspect
from dataclasses import dataclass
from typing import Any, Generic

from .._typevars import A, E
from ..checks import is_event_list
from ..errors import InvalidEvent
from ..events import NewEvent, SoughtEvent, UnidentifiedEvent
from ..ports import EventWriter
from ..results import Persisted
from ..snapshot import Snapshot
from ..versions import MAX_VERSION
from .cache import Known
from .command import (
    Command,
    CommandHandled,
    CommandResult,
    InvalidAggregateVersion,
    Rejected,
    RetryPolicy,
)
from .reducer import Reducer
from .repository import Loading


@dataclass(frozen=True, slots=True)
class Decided(Generic[A, E]):
    """
    What a command decided. Only an append proves that it was decided on the newest aggregate.

    Attributes:
        aggregate: The aggregate after the events.
        events: The events to append, with their ids.
        otherwise: The rejection or the exception, if there was either; then there are no events.
    """

    aggregate: A
    events: tuple[NewEvent[E], ...] = ()
    otherwise: Rejected | Exception | None = None


async def decide(command: Command[A, E], reducer: Reducer[A, E], aggregate: A) -> Decided[A, E]:
    """Return what a command decides; an exception is returned as `Decided.otherwise`."""
    try:
        decision: Any = command.to_events(aggregate)
        if inspect.isawaitable(decision):
            decision = await decision
        if isinstance(decision, Rejected):
            return Decided(aggregate, otherwise=decision)
        # Inside the try, since a generator decides only while it is iterated over.
        events = tuple(_identified(command, decision))
        # Before the append: events that the reducer fails on would make the stream unloadable.
        after = reducer.reduce(aggregate, (event.payload for event in events))
        return Decided(after, events)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it
        return Decided(aggregate, otherwise=error)


class CommandExecution(Generic[A, E]):
    """
    Carries out one command. Its handler runs no other on the same aggregate at the same time.

    It starts from the remembered aggregate, which may be out of date. A successful append at that
    version proves that it was not. Any other result is returned only after a read of the stream.

    Args:
        command: The command.
        loading: Loads the aggregate.
        writer: Appends.
        retry: How often to try.
    """

    def __init__(
        self,
        command: Command[A, E],
        loading: Loading[A, E],
        writer: EventWriter[E],
        retry: RetryPolicy,
    ) -> None:
        self._command = command
        self._loading = loading
        self._writer = writer
        self._first_id = command.event_id(0)
        self._known: Known[A] | None = None
        self._stored = False  # whether the command is known to be stored already
        self._read = False  # whether the stream has been read during this call
        self._attempts_left = 1 if command.expected_version is not None else retry.attempts
        self._pauses = retry.backoff.pauses()
        self._sleep = retry.sleep

    async def carry_out(self) -> CommandResult[A, E]:
        """Return the command's result; raises as `CommandHandler.handle` does."""
        self._known = await self._loading.known(self._command.aggregate_id)
        self._stored = self._known is not None and self._first_id in self._known.recent
        while True:
            # If the aggregate is remembered, nothing is read before the first append.
            known = self._known or await self._read_on()
            result = await self._attempt(known)
            if self._stored:
                return await self._loading.recall(self._command)
            if result is not None:
                return result

    async def _attempt(self, known: Known[A]) -> CommandResult[A, E] | None:
        """Return the result, or None if more is known now than when the attempt began."""
        version, expected = known.snapshot.version, self._command.expected_version
        if self._stored:
            return None
        if expected is not None and version != expected:
            return await self._at_other_version(known, expected)
        decided = await decide(self._command, self._loading.reducer, known.snapshot.aggregate)
        if decided.events:
            return await self._append(known, decided)
        if await self._is_outdated(known):
            return None
        if isinstance(decided.otherwise, Exception):
            raise decided.otherwise
        return decided.otherwise or CommandHandled(known.snapshot, (), known.snapshot)

    async def _at_other_version(
        self, known: Known[A], expected: int
    ) -> InvalidAggregateVersion | None:
        version = known.snapshot.version
        if version > expected:
            # Versions only grow, so reading on would change nothing. But the event after the
            # expected version may be this command's own, stored by an earlier call.
            self._stored = await self._loading.is_stored_at(self._command, expected + 1)
        if self._stored or (version < expected and await self._is_outdated(known)):
            return None
        if version < expected < MAX_VERSION and await self._loading.is_emptied_at(
            self._command.aggregate_id, known, expected
        ):
            await self._read_emptied(expected)
            return None
        return InvalidAggregateVersion(self._command.aggregate_id, expected, version)

    async def _append(self, known: Known[A], decided: Decided[A, E]) -> CommandResult[A, E] | None:
        before, stream_id = known.snapshot, self._command.aggregate_id
        result = await self._writer.try_persist_events(stream_id, decided.events, before.version)
        if isinstance(result, Persisted):
            if result.stored_earlier:
                self._stored = True
                return None
            after = Snapshot(decided.aggregate, result.version, result.events[-1].timestamp)
            last_id = decided.events[-1].event_id
            self._loading.remember(stream_id, known, after, self._first_id, last_id)
            return CommandHandled(before, result.events, after)
        self._attempts_left -= 1
        if self._attempts_left:
            await self._sleep(next(self._pauses))
        # After the last attempt too: the conflict may have been with this very command.
        version = (await self._read_on()).snapshot.version
        if not self._attempts_left:
            return result
        if version <= before.version < result.actual_version and not self._stored:
            await self._read_emptied(result.actual_version)
        return None

    async def _is_outdated(self, known: Known[A]) -> bool:
        # A read during this call is recent enough for a result; the cache alone is not.
        if self._read:
            return False
        return (await self._read_on()).snapshot.version > known.snapshot.version

    async def _read_on(self) -> Known[A]:
        self._known, found = await self._loading.load(
            self._command.aggregate_id, self._known, self._first_id
        )
        self._read = True
        self._stored = self._stored or found
        return self._known

    async def _read_emptied(self, version: int) -> None:
        """Go on at a version that the stream has reached, though a read gave no event up to it."""
        assert self._known is not None  # noqa: S101 - it has just been read
        self._known, found = await self._loading.load_emptied(
            self._command.aggregate_id, self._known, version, self._first_id
        )
        self._stored = self._stored or found


def _identified(command: Command[A, E], events: Any) -> list[NewEvent[E]]:
    if not is_event_list(events):
        raise InvalidEvent(
            None,
            f"to_events must return a list of events or Rejected, not {type(events).__name__}",
            hint="return [event] for one event, [] for none",
        )
    identified: list[NewEvent[E]] = []
    for index, event in enumerate(events):
        event_id = command.event_id(index)
        if isinstance(event, NewEvent | UnidentifiedEvent):
            identified.append(SoughtEvent(event.payload, event.type, event.metadata, event_id))
        else:
            identified.append(SoughtEvent(event, event_id=event_id))
    return identified
