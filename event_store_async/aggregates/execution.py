"""CommandExecution: one command on its way to its result."""

from typing import Generic

from ..ports import EventWriter
from ..results import Persisted
from .cache import Known
from .command import Command
from .deciding import Decided, decide
from .loading import Loading
from .policy import RetryPolicy
from .results import CommandHandled, CommandResult, InvalidAggregateVersion
from .snapshot import Snapshot
from .variables import A, E


class CommandExecution(Generic[A, E]):
    """
    Carries out one command, while no other of this handler's is carried out on the aggregate.

    It begins with what is remembered, which may be out of date. An append at that version proves
    that it was not; any other answer is given only after what is new has been read.

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
        self._known = loading.cached(command.aggregate_id)
        self._stored = self._known is not None and self._first_id in self._known.recent
        self._read = False
        self._attempts_left = 1 if command.expected_version is not None else retry.attempts
        self._pauses = retry.backoff.pauses()
        self._sleep = retry.sleep

    async def carry_out(self) -> CommandResult[A, E]:
        """Return what the command comes to; raises as `CommandHandler.handle` does."""
        while True:
            known = self._known or await self._read_on()
            result = await self._attempt(known)
            if self._stored:
                return await self._loading.recall(self._command)
            if result is not None:
                return result

    async def _attempt(self, known: Known[A]) -> CommandResult[A, E] | None:
        """Return the result; None where more is known now than when the attempt began."""
        version, expected = known.snapshot.version, self._command.expected_version
        if self._stored:
            return None
        if expected is not None and version != expected:
            return await self._elsewhere(known, expected)
        decided = await decide(self._command, self._loading.reducer, known.snapshot.aggregate)
        if decided.events:
            return await self._append(known, decided)
        if await self._is_outdated(known):
            return None
        if isinstance(decided.otherwise, Exception):
            raise decided.otherwise
        return decided.otherwise or CommandHandled(known.snapshot, (), known.snapshot)

    async def _elsewhere(self, known: Known[A], expected: int) -> InvalidAggregateVersion | None:
        version = known.snapshot.version
        if version > expected:
            # Versions only grow, so no second look is needed; but it may have been this very
            # command that brought the aggregate there.
            self._stored = await self._loading.stands(self._command, expected + 1)
        if self._stored or (version < expected and await self._is_outdated(known)):
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
            self._loading.remember(stream_id, known, after, self._first_id)
            return CommandHandled(before, result.events, after)
        self._attempts_left -= 1
        if self._attempts_left:
            await self._sleep(next(self._pauses))
        # After the last attempt too: what was in the way may have been this very command.
        await self._read_on()
        return None if self._attempts_left else result

    async def _is_outdated(self, known: Known[A]) -> bool:
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
