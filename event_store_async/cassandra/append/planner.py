"""Appending: from what the caller expects of a stream to plans at exact versions."""

from dataclasses import dataclass
from uuid import UUID

from ...encoding import EncodedEvents
from ...errors import ConcurrentModification
from ...moments import whole_milliseconds
from ...results import AppendResult, Persisted
from ...retry import Deadline
from ...settings import Settings
from ...versions import ANY, STREAM_EXISTS
from ..read.reader import Reader
from ..schema.statements import StatementCache
from .known_heads import KnownHeads
from .pending import Append, watch_of
from .plan import Plan
from .settler import Proposal, Settler


@dataclass(slots=True)
class Appender:
    """Plans appends, and carries out those that need no plan or only one."""

    statements: StatementCache
    reader: Reader
    settler: Settler
    settings: Settings
    heads: KnownHeads

    async def append(self, append: Append, proposal: Proposal | None = None) -> AppendResult:
        """
        Carry out an append at an exact version, or one without events.

        Args:
            append: The append.
            proposal: How it was proposed already, if it was.

        Raises what `EventWriter.persist_events` does, conflicts excepted.
        """
        if not append.encoded.items:
            return await self._check_only(append)
        expected = append.expected_version
        assert isinstance(expected, int)  # noqa: S101 - the others are grouped
        if proposal is None:
            proposal = await self.propose(
                append.stream_id, expected, append.encoded, append.deadline
            )
            proposal.watch = watch_of((append,))
        result = await self.settler.settle(proposal, append.deadline, expected)
        self.remember(result)
        return result

    async def propose(
        self, stream_id: UUID, expected: int, encoded: EncodedEvents, deadline: Deadline
    ) -> Proposal:
        """
        Return events at their versions, stamped with the time now.

        Raises:
            StoreUnavailable, SchemaError
        """
        statements = await self.statements.append(deadline)
        timestamp = whole_milliseconds(self.settings.clock())
        return Proposal(Plan(stream_id, expected, encoded, timestamp), statements)

    def remember(self, result: AppendResult) -> None:
        """Remember where an outcome shows the stream to be."""
        if isinstance(result, ConcurrentModification):
            self.heads.put(result.stream_id, result.actual_version)
        elif result.stored_earlier:
            self.heads.forget(result.stream_id)
        else:
            self.heads.put(result.stream_id, result.version)

    async def _check_only(self, append: Append) -> AppendResult:
        """Append nothing: only a stated expectation is checked, at the serial level."""
        expected = append.expected_version
        head = await self.reader.head(append.stream_id, append.deadline, serial=expected is not ANY)
        met = bool(head) if expected is STREAM_EXISTS else expected in {ANY, head}
        if not met:
            return ConcurrentModification(append.stream_id, expected, head)
        result = Persisted(append.stream_id, head, ())
        self.remember(result)
        return result
