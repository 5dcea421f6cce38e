"""The executor: plan, settle, answer, until every caller has its outcome."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from ...errors import (
    AppendOutcomeUnknown,
    EventStoreError,
    RequestRefused,
    SchemaError,
    StoreOverloaded,
    StoreUnavailable,
)
from ...results import Persisted
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.port import applied
from ..driver.request import Request
from ..driver.session import Session
from .batch import Batch, PendingAppend, split_result, watch_of
from .plan import AppendPlan
from .planner import Planner
from .settler import Settler


@dataclass(slots=True)
class FirstAttempt:
    """
    A plan whose first request is on its way.

    Attributes:
        plan: The plan.
        request: The request.
        results: Each append's result if the plan is stored.
    """

    plan: AppendPlan
    request: Request
    results: Sequence[Persisted]


@dataclass(slots=True)
class Executor:
    """
    Carries out the appends of one stream whose turn it is: one, or a batch of them.

    The first attempt needs no task (`begin`, `finish`): the event loop calls back when it is
    answered. A task would cost an append much of the client's CPU; ``make bench PROFILE=1`` shows
    it. Everything but a plain "applied" goes to `carry_out`, which starts from that answer.
    """

    planner: Planner
    settler: Settler
    session: Session
    settings: Settings

    def begin(self, appends: Sequence[PendingAppend]) -> FirstAttempt | None:
        """Send the first request, if nothing must be awaited for it; otherwise return None."""
        plannable = appends[0] if len(appends) == 1 else Batch(appends)
        plan = self.planner.at_once(plannable, watch_of(appends))
        if plan is None or plan.must_be_announced:
            return None
        request = self.session.begin_write(plan.statements(), plannable.deadline)
        if request is None:
            return None
        # Made while the server works. They are thrown away if the plan is not stored.
        return FirstAttempt(plan, request, split_result(appends, plan.persisted()))

    def finish(self, appends: Sequence[PendingAppend], attempt: FirstAttempt) -> bool:
        """Answer the callers if the first request stored the plan; return whether it did."""
        plan = attempt.plan
        try:
            if not applied(attempt.request.result()):
                return False
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the settler raises it again
            return False
        if plan.watch is not None:
            plan.watch.ended("applied")
        self.planner.known_heads.put(plan.stream_id, plan.last)
        for append, result in zip(appends, attempt.results, strict=True):
            append.answer(result)
        return True

    async def carry_out(
        self, appends: Sequence[PendingAppend], attempt: FirstAttempt | None = None
    ) -> None:
        """
        Carry out appends, and answer each caller; raises nothing.

        Args:
            appends: One append of any kind, or several that share a batch (`next_batch`).
            attempt: Their first attempt, if there was one.
        """
        batch = Batch(appends)
        plan, request = (attempt.plan, attempt.request) if attempt else (None, None)
        pauses = self.settings.backoff.pauses()
        while batch.waiting:
            try:
                if plan is None:
                    plan = await self.planner.next(batch)
                if plan is not None:
                    await self._settle(batch, plan, request)
                if batch.waiting:  # another writer was faster: plan again where the stream is now
                    await self._pause(batch, next(pauses))
            except (StoreUnavailable, StoreOverloaded) as error:
                # Nothing of the batch is stored, so those that have time left start afresh.
                batch.fail_expired(_as_overload(batch, error))
                batch.head = None
                pauses = self.settings.backoff.pauses()
            except RequestRefused as error:
                if len(batch.waiting) == 1:
                    batch.fail(batch.waiting, error)
                # One by one, so that only the append that causes the refusal fails.
                for append in batch.waiting:
                    await self.carry_out([append])
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers raise it
                batch.fail(batch.waiting, error)
            plan = request = None

    async def _settle(self, batch: Batch, plan: AppendPlan, request: Request | None) -> None:
        """Settle the plan for those in the batch who wait, and hand the result to the planner."""
        appends = tuple(batch.waiting)
        doubtful = False
        while batch.waiting:
            try:
                deadline = batch.deadline
                verdict = await self.settler.settle(
                    plan, deadline, request=request, doubtful=doubtful
                )
                result = await self.planner.result(plan, verdict, deadline)
            except AppendOutcomeUnknown as error:
                # It may be stored, so no other plan may follow: this one goes on for those in the
                # batch who have time left.
                doubtful, request = True, None
                cause = error.__cause__
                refused = isinstance(cause, Fault) and cause.certainty is Certainty.REFUSED
                if refused or isinstance(cause, SchemaError):  # another attempt is of no use
                    batch.fail(batch.waiting, error)
                else:
                    batch.fail_expired(error)
            else:
                self.planner.take(batch, appends, result)
                return

    async def _pause(self, batch: Batch, seconds: float) -> None:
        if not batch.deadline.allows(seconds):
            raise StoreOverloaded(
                f"others append to stream {batch.stream_id} without a pause; "
                "nothing of this append is stored"
            )
        await anyio.sleep(seconds)


def _as_overload(batch: Batch, error: StoreUnavailable | StoreOverloaded) -> EventStoreError:
    """Return the error of a batch for which not even a read was sent: too much else was."""
    cause = error.__cause__
    if isinstance(error, StoreUnavailable) and isinstance(cause, Fault) and cause.is_overload:
        overload = cause.as_error(f"appending to stream {batch.stream_id}", writing=True)
        overload.__cause__ = cause
        return overload
    return error
