"""Announcer: what must happen before a plan is sent on a table with a feed."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from ...errors import WrongCategory
from ...retry import Deadline
from ..append.plan import Plan, Verdict
from .announcement import Address, shared_type
from .lane import Lane

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
    """

    def __init__(
        self,
        lane: Lane,
        known: Callable[[UUID], int | None],
        head: Head,
        saw: Callable[[UUID, int], object],
    ) -> None:
        self._lane = lane
        self._known = known
        self._head = head
        self._saw = saw

    def is_committed(self, stream_id: UUID, version: int) -> bool:
        """Return whether a version of a stream is known to be committed."""
        return version == 0 or (self._known(stream_id) or 0) >= version

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

    def settled(self, plan: Plan, verdict: Verdict | None) -> None:
        """Note the outcome of a plan, once it is certain; None if it was never sent."""
        if plan.address is None:
            return
        name = None if verdict is None else verdict.name
        # "Found" is what stands there, not who stored it: an append of another store may begin with
        # the same event, and hold more of them, or fewer. The sequencer reads the address (S5).
        is_news = name in {"applied", "found"}
        self._lane.settled(Address(*plan.address), is_news=is_news, stored=name == "applied")
