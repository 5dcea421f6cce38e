"""Announcer: what must happen before a plan is sent on a table with a feed."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from ...errors import WrongCategory
from ...retry import Deadline
from ..append.plan import AppendPlan, Plan, Verdict, VerdictName
from .announcement import Address, shared_type
from .lane import Lane
from .recent import RecentAppends

_T = TypeVar("_T")

Head = Callable[[UUID, Deadline, bool, str | None], Coroutine[Any, Any, int]]
"""
Reads the version of a stream, at the serial level if the third argument is True.

Raises `WrongCategory` if the last argument is a category, and the stream is of another one.
"""


class Announcer:
    """
    Announces plans, and reports their outcomes.

    A plan is made only on a version that is known to be committed (W2): otherwise an announcement
    could wait for one that comes after it in the same lane.

    Args:
        lane: The store's.
        known: Returns the version at which a stream was last seen; it was committed then.
        head: Reads the version of a stream.
        saw: Remembers the version of a stream.
        recent: Keeps what is stored, for readers of the feed in this process.
    """

    def __init__(
        self,
        lane: Lane,
        known: Callable[[UUID], int | None],
        head: Head,
        saw: Callable[[UUID, int], object],
        recent: RecentAppends,
    ) -> None:
        self._recent = recent
        self._lane = lane
        self._known = known
        self._head = head
        self._saw = saw

    def is_committed(self, stream_id: UUID, version: int) -> bool:
        """Return whether a version of a stream is known to be committed."""
        return version == 0 or (self._known(stream_id) or 0) >= version

    def begin(
        self,
        plan: Plan,
        deadline: Deadline,
        told: Callable[[_T, Address | None, Exception | None], object],
        of: _T,
    ) -> bool:
        """
        Announce a plan, if nothing must be read before that.

        Args:
            plan: The plan.
            deadline: Until when.
            told: Called with *of*, the address and None once it is acknowledged; or with *of*, None
                and an error. Never at once.
            of: What *told* needs.

        Returns:
            Whether *told* will be called.
        """
        if not self.is_committed(plan.stream_id, plan.expected):
            return False
        self._lane.begin(
            plan.stream_id,
            plan.expected,
            plan.last - plan.expected,
            shared_type(plan.types),
            plan.category,
            deadline,
            told,
            of,
        )
        return True

    async def announce(self, plan: Plan, deadline: Deadline) -> Verdict | None:
        """
        Announce a plan, unless it has been.

        Returns:
            None if it may be sent now. If its stream is not at the expected version, or not of its
            category, a verdict that says so, and nothing was announced.

        Raises:
            StoreUnavailable, StoreClosed, RequestRefused, SchemaError: it must not be sent.
        """
        if plan.address is not None:
            return None
        if not self.is_committed(plan.stream_id, plan.expected):
            try:
                head = await self._head(plan.stream_id, deadline, False, plan.category)
                if head < plan.expected:
                    head = await self._head(plan.stream_id, deadline, True, plan.category)
            except WrongCategory as error:
                return Verdict("wrong category", actual_category=error.actual)
            if head < plan.expected:
                return Verdict("conflict", head)
            self._saw(plan.stream_id, head)
        plan.address = await self._lane.announce(
            plan.stream_id,
            plan.expected,
            plan.last - plan.expected,
            shared_type(plan.types),
            plan.category,
            deadline,
        )
        return None

    def settled(self, plan: Plan, outcome: VerdictName) -> None:
        """
        Note the outcome of a plan, once it is certain.

        Only "applied" is a fact about its announcement (S5). Events that were found may have been
        stored under another one, by a process that repeated the call with more or fewer of them.
        """
        address = plan.address
        if address is not None:
            applied = outcome == "applied"
            if applied and self._recent.is_wanted and isinstance(plan, AppendPlan):
                self._recent.note(plan)
            self._lane.settled(address, applied=applied, news=outcome == "found")
