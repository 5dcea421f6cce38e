"""The settler: it sends a plan, and sends it again, until the plan's one true outcome is known."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID

from ...errors import (
    AppendOutcomeUnknown,
    RestoreOutcomeUnknown,
    SchemaError,
    StreamInconsistent,
)
from ...hooks import AttemptOutcome
from ...retry import Backoff, Deadline, Retry
from ..driver.answer import answer_of
from ..driver.faults import Certainty, Fault
from ..driver.port import Page
from ..driver.repeat import Explain
from ..driver.request import Request
from ..driver.session import Session
from .plan import Plan, Verdict, VerdictName

_T = TypeVar("_T")

_WORDS: Final[dict[Certainty, AttemptOutcome]] = {
    Certainty.UNKNOWN: "unknown",
    Certainty.UNSENT: "unsent",
    Certainty.REFUSED: "refused",
}

_ATTEMPTS: Final[dict[VerdictName, AttemptOutcome]] = {
    "applied": "applied",
    "found": "found",
    "conflict": "conflict",
    "behind": "behind",
    "wrong category": "conflict",
    "closed": "conflict",
}


class Announcing(Protocol):
    """Announces plans on a table with a feed, before they are sent."""

    def begin(
        self,
        plan: Plan,
        deadline: Deadline,
        told: Callable[[_T, tuple[UUID, int] | None, Exception | None], object],
        of: _T,
    ) -> bool:
        """
        Announce a plan, if nothing must be read before that.

        Args:
            plan: The plan.
            deadline: Until when.
            told: Called with *of*, the announcement's address and None once it is acknowledged; or
                with *of*, None and an error if it is not. Never called at once.
            of: What *told* needs.

        Returns:
            Whether *told* will be called.
        """

    async def announce(self, plan: Plan, deadline: Deadline) -> Verdict | None:
        """Announce a plan, unless it has been; or return why it need not be sent."""

    def settled(self, plan: Plan, outcome: VerdictName) -> None:
        """Note the outcome of an announced plan, once it is certain."""


@dataclass(slots=True)
class Settler:
    """
    Finds out whether a plan was stored. The same rules hold for appends and restores.

    The rules, each with its reason:

    - A fault is never taken to mean "not stored" unless the request cannot have reached a replica.
      Under contention one in eight of the server's write timeouts had been applied (measured; see
      docs/explanation/append-protocol.md).
    - The plan is repeated unchanged. It applies once at most, and the answer to a repetition shows
      what became of the earlier requests.
    - A conflict settles earlier requests only if the stream has moved beyond the expected version,
      to which it never comes back. While the stream is below it, an earlier request may still
      apply, so the plan is repeated until the deadline (`Plan.verdict`).
    - Once an outcome is in doubt, no error may promise that nothing is stored, whatever its cause.
    """

    session: Session
    backoff: Backoff
    explain: Explain
    announcing: Announcing | None = None

    async def settle(
        self,
        plan: Plan,
        deadline: Deadline,
        *,
        request: Request | None = None,
        doubtful: bool = False,
    ) -> Verdict:
        """
        Store a plan, or learn why it is not stored; the verdict is never "behind".

        Args:
            plan: The plan.
            deadline: When its outcome must be known.
            request: The first request with it, if it was sent already; it has ended.
            doubtful: It was sent before, and the outcome is unknown.

        Raises:
            AppendOutcomeUnknown, RestoreOutcomeUnknown: the deadline passed, or the session was
                closed, before the outcome was known (`Plan.unknown`).
            StoreUnavailable: the deadline passed, and no request can have been stored.
            StoreOverloaded: the same, and the last of them was not sent: too many others were.
            RequestRefused: the server refuses for good, and no request can have been stored.
            StoreClosed: the session is closed, and nothing was sent.
            StreamInconsistent: an event stands after the stream's own version.
            SchemaError: the table is gone, and no request can have been stored.
        """
        announcing = self.announcing
        if announcing is None or not plan.must_be_announced:
            return await self._settle(plan, deadline, request, doubtful=doubtful)
        verdict = await announcing.announce(plan, deadline)
        if verdict is not None:
            return verdict
        try:
            verdict = await self._settle(plan, deadline, request, doubtful=doubtful)
        except (AppendOutcomeUnknown, RestoreOutcomeUnknown):
            raise  # its announcement stays undecided until the stream moves
        except Exception:
            announcing.settled(plan, "conflict")
            raise
        announcing.settled(plan, verdict.name)
        return verdict

    async def _settle(
        self, plan: Plan, deadline: Deadline, request: Request | None, *, doubtful: bool
    ) -> Verdict:
        elsewhere = False  # the node that was asked first may hang, or be cut off from the others
        retry = Retry(self.backoff, deadline)
        while True:
            try:
                page = await self._answer(plan, request, deadline, elsewhere=elsewhere)
            except Fault as fault:
                elsewhere = True
                doubtful = doubtful or fault.certainty is Certainty.UNKNOWN
                try:
                    await self.explain(fault, deadline)
                except SchemaError as error:
                    if not doubtful:
                        raise
                    raise plan.unknown() from error
                if fault.certainty is Certainty.REFUSED or not retry.allows():
                    certain = fault.as_error(plan.doing, writing=True)
                    raise (plan.unknown() if doubtful else certain) from fault
            except Exception as error:  # the session was closed, for one
                if not doubtful:
                    raise
                raise plan.unknown() from error
            else:
                verdict = self._judge(plan, page, doubtful=doubtful)
                if verdict.name != "behind":
                    return verdict
                if not retry.allows():
                    raise plan.unknown()
            request = None
            await retry.pause()

    async def _answer(
        self, plan: Plan, request: Request | None, deadline: Deadline, *, elsewhere: bool
    ) -> Page:
        """Return the answer to the request that was sent already, or to one sent now."""
        try:
            if request is not None:
                return self.session.page(request)
            if plan.watch is not None:
                plan.watch.sent()
            return await self.session.write(plan.statements(), deadline, elsewhere=elsewhere)
        except Fault as fault:
            if plan.watch is not None:
                plan.watch.ended(_WORDS[fault.certainty], fault.name)
            raise

    @staticmethod
    def _judge(plan: Plan, page: Page, *, doubtful: bool) -> Verdict:
        verdict = plan.verdict(answer_of(page), doubtful=doubtful)
        if plan.watch is not None:
            plan.watch.ended(_ATTEMPTS[verdict.name])
        if verdict.name == "conflict" and verdict.actual_version == plan.expected:
            # The version is as expected, and yet an event stands at the next one.
            raise StreamInconsistent(plan.stream_id, plan.expected)
        return verdict
