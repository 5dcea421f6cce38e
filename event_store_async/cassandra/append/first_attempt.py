"""Attempts: an append's first one is made without a task, and is mostly the only one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ...moments import whole_milliseconds
from ...results import Persisted
from ...settings import Settings
from ..driver.port import applied
from ..driver.session import Session
from ..schema.statements import StatementCache
from .batch import Group, parts
from .known_heads import KnownHeads
from .pending import Append, watch_of
from .plan import Plan
from .settler import Proposal


@dataclass(slots=True)
class Attempts:
    """
    Makes first attempts, where nothing must be waited for before them.

    Whatever is not plainly stored is left to those who settle: an attempt only spares them its
    request. It is called back by the loop instead of waiting in a task, which would cost an append
    much of the client's CPU (``make bench PROFILE=1`` shows where that goes).
    """

    session: Session
    statements: StatementCache
    settings: Settings
    heads: KnownHeads

    def begin(self, appends: Sequence[Append]) -> tuple[Proposal, Sequence[Persisted]] | None:
        """
        Send the events of appends that one batch can hold.

        Args:
            appends: The appends.

        Returns:
            How they are proposed, with the request on its way, and each append's result if that
            is stored. None if nothing was sent: it is not so simple.
        """
        statements = self.statements.ready
        its = appends[0] if len(appends) == 1 else Group(appends)
        watch = watch_of(appends)
        encoded, expected = its.encoded, its.expected_version
        if not isinstance(expected, int):
            # Events that an earlier call may have stored must be looked for first.
            expected = -1 if encoded.identified else self.heads.get(its.stream_id) or -1
        if statements is None or expected < 0 or not encoded.items:
            return None
        timestamp = whole_milliseconds(self.settings.clock())
        plan = Plan(its.stream_id, expected, encoded, timestamp)
        request = self.session.begin_write(plan.statements(statements), its.deadline)
        if request is None:
            return None
        # Made while the server works; where it is not stored, they are made in vain.
        results = parts(appends, plan.persisted())
        return Proposal(plan, statements, request, watch), results

    def finish(
        self, appends: Sequence[Append], proposal: Proposal, results: Sequence[Persisted]
    ) -> bool:
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
        for append, result in zip(appends, results, strict=True):
            append.answer(result)
        return True
