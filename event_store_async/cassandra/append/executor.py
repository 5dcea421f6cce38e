"""The executor: plan, settle, answer, until every caller has its outcome."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ...errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStoreError,
    RequestRefused,
    SchemaError,
    StoreOverloaded,
    StoreUnavailable,
    StreamClosed,
)
from ...results import Persisted
from ...retry import Deadline
from ..driver.answer import applied
from ..driver.faults import Certainty, Fault
from ..driver.request import Request
from ..driver.session import Session
from .batch import Batch, PendingAppend, split_result, watch_of
from .listener import Listener
from .plan import AppendPlan
from .planner import Planner
from .settler import Settler

_FINAL: Final = (SchemaError, StreamClosed, ConcurrentModification)
"""Causes of an unknown outcome that stay: by the last two, its events may be erased by now."""


@dataclass(slots=True)
class FirstAttempt:
    """
    A plan whose first request is on its way.

    Attributes:
        plan: The plan.
        results: Each append's result if the plan is stored.
        request: The request; None if it could not be sent.
    """

    plan: AppendPlan
    results: Sequence[Persisted]
    request: Request | None

    def then(self, callback: Callable[[], object]) -> None:
        """Call back when the request has ended; never at once."""
        assert self.request is not None  # noqa: S101 - only an announced one may lack it
        self.request.then(callback)


@dataclass(slots=True)
class AnnouncedAttempt(FirstAttempt):
    """
    A plan that is being announced: its first request is sent once that is acknowledged (W5).

    Attributes:
        session: Sends the request.
        deadline: That of the request.
    """

    session: Session
    deadline: Deadline
    _callback: Callable[[], object] | None = field(default=None, init=False)

    def then(self, callback: Callable[[], object]) -> None:
        """Call back when the request has ended, or cannot be sent; never at once."""
        self._callback = callback

    def announced(self, address: tuple[UUID, int] | None) -> None:
        """Send the request, if the plan has an address now."""
        if address is not None:
            self.plan.address = address
            self.request = self.session.begin_write(self.plan.statements(), self.deadline)
        # The callback refers to this attempt: kept, it would be left to the garbage collector.
        callback, self._callback = self._callback, None
        assert callback is not None  # noqa: S101 - `then` comes first, and this comes once
        if self.request is None:
            callback()
        else:
            self.request.then(callback)


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
    listener: Listener

    def begin(self, appends: Sequence[PendingAppend]) -> FirstAttempt | None:
        """Send the first request, if nothing must be awaited for it; otherwise return None."""
        plannable = appends[0] if len(appends) == 1 else Batch(appends)
        plan = self.planner.at_once(plannable, watch_of(appends))
        if plan is None:
            return None
        if (turns := self.listener.turns).streams:
            turns.sends(plan.stream_id)
        if plan.must_be_announced:
            return self._announce(appends, plan, plannable.deadline)
        request = self.session.begin_write(plan.statements(), plannable.deadline)
        if request is None:
            return None
        # Made while the server works. They are thrown away if the plan is not stored.
        return FirstAttempt(plan, split_result(appends, plan.persisted()), request)

    def _announce(
        self, appends: Sequence[PendingAppend], plan: AppendPlan, deadline: Deadline
    ) -> FirstAttempt | None:
        announcing = self.settler.announcing
        if announcing is None or not announcing.can_begin(plan):
            return None
        results = split_result(appends, plan.persisted())
        attempt = AnnouncedAttempt(plan, results, None, self.session, deadline)
        announcing.begin(plan, deadline, attempt.announced)
        return attempt

    def finish(self, appends: Sequence[PendingAppend], attempt: FirstAttempt) -> bool:
        """Answer the callers if the first request stored the plan; return whether it did."""
        plan, request = attempt.plan, attempt.request
        try:
            if request is None or not applied(request.result()):
                return False
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - the settler raises it again
            return False
        if plan.watch is not None:
            plan.watch.ended("applied")
        self.planner.known_heads.put(plan.stream_id, plan.last)
        if (turns := self.listener.turns).streams:
            turns.stored(plan.stream_id)
        if plan.address is not None and self.settler.announcing is not None:
            self.settler.announcing.settled(plan, "applied")
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
        while batch.waiting:
            try:
                if plan is None:
                    plan = await self.planner.next(batch)
                if plan is not None:
                    await self._settle(batch, plan, request)
                if batch.waiting:
                    await self._lost(batch)
            except (StoreUnavailable, StoreOverloaded) as error:
                # Nothing of the batch is stored, so those that have time left start afresh.
                batch.fail_expired(_as_overload(batch, error))
                batch.head = None
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
        turns = self.listener.turns
        if request is None:
            turns.sends(batch.stream_id)
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
                if refused or isinstance(cause, _FINAL):  # another attempt is of no use
                    batch.fail(batch.waiting, error)
                else:
                    batch.fail_expired(error)
            else:
                self.planner.take(batch, appends, result)
                if isinstance(result, Persisted):
                    turns.stored(batch.stream_id)
                return

    async def _lost(self, batch: Batch) -> None:
        """Go on after a conflict: another writer was faster, so plan where the stream is now."""
        if self.listener.turns.lost(batch.stream_id):
            await self.listener.wait(batch.stream_id, batch.deadline)
            batch.head = None  # it is among the known heads
        elif not batch.deadline.allows(0):
            raise StoreOverloaded(
                f"others append to stream {batch.stream_id} without a pause; "
                "nothing of this append is stored"
            )


def _as_overload(batch: Batch, error: StoreUnavailable | StoreOverloaded) -> EventStoreError:
    """Return the error of a batch for which not even a read was sent: too much else was."""
    cause = error.__cause__
    if isinstance(error, StoreUnavailable) and isinstance(cause, Fault) and cause.is_overload:
        overload = cause.as_error(f"appending to stream {batch.stream_id}", writing=True)
        overload.__cause__ = cause
        return overload
    return error
