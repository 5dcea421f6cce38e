"""Settling: a plan is sent, and sent again, until its one true outcome is known."""

from dataclasses import dataclass
from typing import Final

import anyio

from ...errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStoreError,
    StoreUnavailable,
    StreamInconsistent,
)
from ...hooks import AttemptOutcome
from ...hooks.append_watch import BatchWatch
from ...results import AppendResult, Persisted
from ...retry import Deadline
from ...settings import Settings
from ...versions import ExpectedVersion
from ..driver.faults import Certainty, Fault
from ..driver.port import Page
from ..driver.request import Request
from ..driver.session import Session
from ..read.reader import Reader
from ..schema.statements import AppendStatements
from .plan import Answer, Plan

_WORDS: Final[dict[Certainty, AttemptOutcome]] = {
    Certainty.UNKNOWN: "unknown",
    Certainty.UNSENT: "unsent",
    Certainty.REFUSED: "refused",
}


@dataclass(slots=True)
class Proposal:
    """
    A plan on its way.

    Attributes:
        plan: The plan.
        statements: What it is sent with.
        request: How it was sent first, if it was; it has ended by the time it is settled.
        watch: Who collects the facts of its attempts, where a hook is to be told.
    """

    plan: Plan
    statements: AppendStatements
    request: Request | None = None
    watch: BatchWatch | None = None


@dataclass(slots=True)
class Settler:
    """
    Finds the truth about plans.

    The rules, each with its reason:

    - A fault is never believed to mean "not stored" unless the request cannot have reached a
      replica. Under contention one in eight of the server's write timeouts had been applied.
    - The plan is repeated unchanged: it applies once at most, and the answer to the repetition
      tells what became of the earlier attempts.
    - A conflict settles earlier attempts only where the stream has moved beyond the expected
      version: it can never come back to it. A stream that is still behind could yet reach it while
      an earlier attempt is on its way, so then the plan is repeated until the deadline.
    """

    session: Session
    reader: Reader
    settings: Settings

    async def settle(
        self,
        proposal: Proposal,
        deadline: Deadline,
        expected_version: ExpectedVersion,
        *,
        doubtful: bool = False,
    ) -> AppendResult:
        """
        Store a plan, or learn why it is not stored.

        Args:
            proposal: The plan.
            deadline: Until when.
            expected_version: What the caller expects, for a conflict to tell.
            doubtful: This plan was sent before, and its outcome is unknown.

        Raises:
            AppendOutcomeUnknown: the deadline came before the truth.
            StoreUnavailable: the deadline came, and no attempt can have been stored.
            RequestRefused: the server refuses for good, and no attempt can have been stored.
        """
        plan, request, watch = proposal.plan, proposal.request, proposal.watch
        elsewhere = False  # the node first asked may hang, or be cut from the others
        for pause in self.settings.backoff.pauses():
            try:
                if request is None:
                    page = await self._send(proposal, deadline, elsewhere=elsewhere)
                else:
                    page = self.session.page(request)
            except Fault as fault:
                elsewhere = True
                if watch is not None:
                    watch.ended(_WORDS[fault.certainty], fault.name)
                doubtful = doubtful or fault.certainty is Certainty.UNKNOWN
                if fault.certainty is Certainty.REFUSED or not deadline.allows(pause):
                    raise self._failure(plan, expected_version, fault, doubtful) from fault
            except Exception as error:  # the session's owner closed it, for one
                if not doubtful:
                    raise
                raise self._unknown(plan, expected_version) from error
            else:
                answer = plan.read_answer(page)
                if watch is not None:
                    watch.ended(plan.said_by(answer, doubtful=doubtful))
                result = await self._judge(plan, answer, deadline, expected_version, doubtful)
                if result is not None:
                    return result
                if not deadline.allows(pause):
                    raise self._unknown(plan, expected_version)
            request = None
            await anyio.sleep(pause)
        raise AssertionError("pauses never end")

    async def _send(self, proposal: Proposal, deadline: Deadline, *, elsewhere: bool) -> Page:
        if proposal.watch is not None:
            proposal.watch.sent()
        batch = proposal.plan.statements(proposal.statements)
        return await self.session.write(batch, deadline, elsewhere=elsewhere)

    async def _judge(
        self,
        plan: Plan,
        answer: Answer,
        deadline: Deadline,
        expected_version: ExpectedVersion,
        doubtful: bool,
    ) -> AppendResult | None:
        if answer.applied:
            return plan.persisted()
        if answer.event_id == plan.encoded.event_ids[0]:
            return await self._stored(plan, answer, deadline, expected_version, doubtful)
        if answer.actual_version == plan.expected:
            raise StreamInconsistent(plan.stream_id, answer.actual_version)
        if doubtful and answer.actual_version < plan.expected:
            return None
        return ConcurrentModification(plan.stream_id, expected_version, answer.actual_version)

    async def _stored(
        self,
        plan: Plan,
        answer: Answer,
        deadline: Deadline,
        expected_version: ExpectedVersion,
        doubtful: bool,
    ) -> AppendResult:
        """Tell an attempt of this call from an earlier call with the same event ids."""
        if not plan.encoded.identified:
            return plan.persisted()
        try:
            found = await self.reader.read_exactly(
                plan.stream_id, plan.expected + 1, plan.encoded.event_ids, deadline
            )
        except StoreUnavailable as error:
            # It is stored, but what is stored cannot be told; the same call again will tell.
            raise self._unknown(plan, expected_version) from error
        if found is None:
            return ConcurrentModification(plan.stream_id, expected_version, answer.actual_version)
        if doubtful and found[0].timestamp == plan.timestamp:
            return plan.persisted()
        return Persisted(plan.stream_id, plan.last, found, stored_earlier=True)

    @staticmethod
    def _unknown(plan: Plan, expected_version: ExpectedVersion) -> AppendOutcomeUnknown:
        return AppendOutcomeUnknown(plan.stream_id, expected_version, plan.encoded.events)

    def _failure(
        self, plan: Plan, expected_version: ExpectedVersion, fault: Fault, doubtful: bool
    ) -> EventStoreError:
        if doubtful:
            return self._unknown(plan, expected_version)
        return fault.as_error(f"appending to stream {plan.stream_id}")
