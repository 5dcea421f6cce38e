"""The handler: carries out commands, each exactly once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, Generic
from uuid import UUID

from .._typevars import A, E
from ..checks import check_aggregate_version, check_instance, check_methods
from ..ports import EventWriter
from .command import Command, CommandResult, RetryPolicy
from .execution import CommandExecution
from .repository import Repository

_RETRY: Final = RetryPolicy()


class CommandHandler(Generic[A, E]):
    """
    Carries out commands: loads the aggregate, lets the command decide, appends its events.

    Commands of one aggregate are carried out one at a time, in the order of the calls; those of
    different aggregates run concurrently. Handlers and processes may share aggregates: if another
    one appends in the meantime, the command decides again.

    Args:
        repository: Loads the aggregates.
        writer: Appends their events, to the streams that the repository reads.
        retry: How often to try if others append in the meantime.

    Raises:
        InvalidArgument: an argument is of the wrong kind.
    """

    def __init__(
        self,
        repository: Repository[A, E],
        writer: EventWriter[E],
        *,
        retry: RetryPolicy = _RETRY,
    ) -> None:
        check_instance("repository", repository, Repository, "a Repository")
        check_methods("writer", writer, "a store", "try_persist_events")
        check_instance("retry", retry, RetryPolicy, "a RetryPolicy")
        self._loading = repository._loading  # noqa: SLF001 - the two share it
        self._writer = writer
        self._retry = retry
        self._turns = Turns()

    async def handle(self, command: Command[A, E]) -> CommandResult[A, E]:
        """
        Carry out a command. Repeating it, here or in another process, never stores it twice.

        A rejection, a decision for no events and an exception of `to_events` are always based on
        a read during the call, never on the cache alone.

        Returns:
            `CommandHandled` if the events are stored, or if the command decided on none. In the
            other cases nothing is stored: `Rejected` if `to_events` returned it;
            `InvalidAggregateVersion` if the aggregate is not at the version that the command
            expects; `ConcurrentModification` if others appended during every attempt, of which a
            command with an expected version has only one.

        Raises:
            AppendOutcomeUnknown: no quorum answered in time; handling the same command again
                settles it.
            InvalidExpectedVersion: the command's expected version is neither None nor a version
                (an int from 0 up); nothing is stored.
            InvalidEvent: what `to_events` returns is not a list of events; nothing is stored.
            EventStoreError: as `EventReader.read_events` and `EventWriter.persist_events` do.
            Exception: what `to_events` or the reducer raises; this call stored nothing.
        """
        check_instance("command", command, Command, "a Command")
        check_aggregate_version(command.expected_version)
        async with self._turns.of(command.aggregate_id):
            execution = CommandExecution(command, self._loading, self._writer, self._retry)
            return await execution.carry_out()


class Turns:
    """Lets the commands of one aggregate take turns, in the order of the calls."""

    def __init__(self) -> None:
        self._turns: dict[UUID, _Turn] = {}

    def __len__(self) -> int:
        """Return how many aggregates are in use."""
        return len(self._turns)

    @asynccontextmanager
    async def of(self, aggregate_id: UUID) -> AsyncGenerator[None, None]:
        """Wait for the aggregate's turn and keep it; a cancelled caller leaves the queue."""
        turn = self._turns.setdefault(aggregate_id, _Turn())
        # Counted before the wait, so that an entry in use is never replaced by another lock.
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[aggregate_id]


class _Turn:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
