"""Attempts: an append's first one is made without a task, and is mostly the only one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..drafts import whole_milliseconds
from ..results import Persisted
from ..settings import Settings
from .callers import Caller, watch_of
from .driver import applied
from .groups import Group
from .heads import Heads
from .plan import Plan
from .session import Session
from .settling import Proposal
from .statements import LazyStatements


@dataclass(slots=True)
class Attempts:
    """
    Makes first attempts, where nothing must be waited for before them.

    Whatever is not plainly stored is left to those who settle: an attempt only spares them its
    request. It is called back by the loop instead of waiting in a task, which would cost an append
    much of the client's CPU (``make bench PROFILE=1`` shows where that goes).
    """

    session: Session
    statements: LazyStatements
    settings: Settings
    heads: Heads

    def begin(self, callers: Sequence[Caller], then: Callable[[Proposal, Persisted], None]) -> bool:
        """
        Send the events of callers whom one batch can serve.

        Args:
            callers: The callers.
            then: Called when an answer or a fault is there, with the result if it is stored.

        Returns:
            False if nothing was sent: it is not so simple.
        """
        statements = self.statements.ready
        its = callers[0].append if len(callers) == 1 else Group(callers)
        watch = None if callers[0].append.watch is None else watch_of(callers)
        drafts, expected = its.drafts, its.expected_version
        if not isinstance(expected, int):
            # Events that an earlier call may have stored must be looked for first.
            expected = -1 if drafts.identified else self.heads.get(its.stream_id) or -1
        if statements is None or expected < 0 or not drafts.items:
            return False
        timestamp = whole_milliseconds(self.settings.clock())
        plan = Plan(its.stream_id, expected, drafts, timestamp)
        request = self.session.try_write(plan.statements(statements), its.deadline)
        if request is None:
            return False
        # Made while the server works; where it is not stored, it is made in vain.
        result = plan.persisted()
        request.then(partial(then, Proposal(plan, statements, request, watch), result))
        return True

    def finish(self, callers: Sequence[Caller], proposal: Proposal, result: Persisted) -> bool:
        """Tell the callers of a proposal that has an answer, if it is stored; returns whether."""
        plan = proposal.plan
        assert proposal.request is not None  # noqa: S101 - `begin` gave it
        try:
            if not applied(proposal.request.result()):
                return False
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whoever settles it is told
            return False
        if proposal.watch is not None:
            proposal.watch.ended("applied")
        self.heads.put(plan.stream_id, plan.last)
        if len(callers) == 1:
            callers[0].answer(result)
        else:
            Group(callers).share(callers, result)
        return True
