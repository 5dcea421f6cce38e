"""Handler: carries out commands, each exactly once."""

from typing import Final, Generic

from ..checks import check_aggregate_version
from ..ports import EventWriter
from .command import Command
from .execution import CommandExecution
from .policy import RetryPolicy
from .repository import Repository
from .results import CommandResult
from .turns import Turns
from .variables import A, E

_RETRY: Final = RetryPolicy()


class CommandHandler(Generic[A, E]):
    """
    Carries out commands: loads the aggregate, lets the command decide, appends its events.

    Commands of one aggregate are carried out one at a time, in the order of the calls; those of
    different aggregates at the same time. Handlers and processes may share aggregates: what they
    append meanwhile is met by deciding again.

    Args:
        repository: Loads the aggregates.
        writer: Appends their events, to the streams that the repository reads.
        retry: How often to try where others append meanwhile.
    """

    def __init__(
        self,
        repository: Repository[A, E],
        writer: EventWriter[E],
        *,
        retry: RetryPolicy = _RETRY,
    ) -> None:
        self._loading = repository.loading
        self._writer = writer
        self._retry = retry
        self._turns = Turns()

    async def handle(self, command: Command[A, E]) -> CommandResult[A, E]:
        """
        Carry out a command; repeating it, here or in another process, never stores it twice.

        A rejection, a decision for no events and what `to_events` raises are answers about an
        aggregate that was read during the call, never about one that was only remembered.

        Returns:
            `CommandHandled` once the events stand in the stream; `Rejected` as the command says;
            `InvalidAggregateVersion` where the aggregate is not at the version that the command
            expects; `ConcurrentModification` where others appended, after the aggregate was
            loaded at that version, or in every attempt. Nothing is stored then.

        Raises:
            AppendOutcomeUnknown: no quorum answered in time; handling the same command again
                settles it.
            InvalidExpectedVersion: the command's expected version is none; nothing is stored.
            InvalidEvent: what `to_events` returns is no list of events; nothing is stored.
            EventStoreError: as `EventReader.read_events` and `EventWriter.persist_events` do.
            Exception: what `to_events` or the reducer raises; nothing is stored.
        """
        check_aggregate_version(command.expected_version)
        async with self._turns.of(command.aggregate_id):
            undertaking = CommandExecution(command, self._loading, self._writer, self._retry)
            return await undertaking.carry_out()
