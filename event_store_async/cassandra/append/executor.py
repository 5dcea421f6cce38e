"""The executor: plan, settle, answer, until every caller has its outcome."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar
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
from .batch import Batch, PendingAppend, results_of, watch_of
from .listener import Listener
from .plan import AppendPlan
from .planner import Planner
from .settler import Settler

_T = TypeVar("_T")

_Begun: TypeAlias = tuple[
    Sequence[PendingAppend], AppendPlan, Deadline, Callable[[_T, AppendPlan], object], _T
]
"""What is needed once an announcement is acknowledged."""

_FINAL: Final = (SchemaError, StreamClosed, ConcurrentModification)
"""Causes of an unknown outcome that stay: by the last two, its events may be erased by now."""


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

    def begin(
        self, appends: Sequence[PendingAppend], ended: Callable[[_T, AppendPlan], object], of: _T
    ) -> bool:
        """
        Send the first request, if nothing must be awaited for it.

        Args:
            appends: As for `carry_out`.
            ended: Called with *of* and the plan when the request has ended, or could not be sent
                after all; never at once.
            of: What the callback needs.

        Returns:
            Whether there will be a callback.
        """
        first = appends[0]
        plannable = first if len(appends) == 1 else Batch(appends)
        watch = None if first.watch is None else watch_of(appends)
        plan = self.planner.at_once(plannable, watch)
        if plan is None:
            return False
        if (turns := self.listener.turns).streams:
            turns.sends(plan.stream_id)
        if plan.prepared.has_feed:  # `must_be_announced` would be a call
            announcing, deadline = self.settler.announcing, plannable.deadline
            begun = appends, plan, deadline, ended, of
            return announcing is not None and announcing.begin(
                plan, deadline, self._announced, begun
            )
        request = plan.request = self.session.begin_write(plan.statements(), plannable.deadline)
        if request is None:
            return False
        # Made while the server works. They are thrown away if the plan is not stored.
        plan.results = results_of(appends, plan.expected, plan.timestamp)
        request.then(ended, of, plan)
        return True

    def _announced(
        self,
        begun: _Begun[_T],
        address: tuple[UUID, int] | None,
        _error: Exception | None,
    ) -> None:
        """Send the request now that the plan's announcement is acknowledged (W5), or has failed."""
        appends, plan, deadline, ended, of = begun
        if address is not None:
            plan.address = address
            plan.request = self.session.begin_write(plan.statements(), deadline)
        if plan.request is None:
            ended(of, plan)
            return
        plan.results = results_of(appends, plan.expected, plan.timestamp)  # as in `begin`
        plan.request.then(ended, of, plan)

    def finish(self, plan: AppendPlan) -> bool:
        """Return whether the first request stored the plan; if so, its results are true."""
        try:
            if plan.request is None or not applied(plan.request.result()):
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
        return True

    async def carry_out(
        self, appends: Sequence[PendingAppend], plan: AppendPlan | None = None
    ) -> None:
        """
        Carry out appends, and answer each caller; raises nothing.

        Args:
            appends: One append of any kind, or several that share a batch (`next_batch`).
            plan: What `begin` has begun with, if it has.
        """
        batch = Batch(appends)
        request = plan.request if plan else None
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
