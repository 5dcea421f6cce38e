"""The categoriser: gives a category to a stream that has events and none, once."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from ...errors import (
    AlreadyPublished,
    CategoryOutcomeUnknown,
    ConcurrentModification,
    WrongCategory,
)
from ...events import RecordedEvent
from ...retry import Deadline
from ...versions import STREAM_EXISTS
from ..append.plan import Plan, Verdict
from ..append.settler import Settler
from ..driver.answer import Answer
from ..driver.port import Prepared
from ..read.reader import Reader
from ..schema.statements import StatementCache

_NO_VERSION = -1
"""What a plan expects that is not conditioned on a version: no stream is ever at it."""


class CategoryPlan(Plan):
    """
    A category for a stream without one.

    It can be repeated like any plan: a stream that has a category keeps it.

    Args:
        prepared: The statement to send it with.
        stream_id: The stream.
        category: The category.
    """

    __slots__ = ("_prepared", "_wanted")

    def __init__(self, prepared: Prepared, stream_id: UUID, category: str) -> None:
        super().__init__(stream_id, _NO_VERSION, category=category)
        self._prepared = prepared
        self._wanted = category

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"categorising stream {self.stream_id}"

    def statements(self) -> Iterable[tuple[Prepared, Sequence[Any]]]:
        """Return the statement with its values."""
        return [(self._prepared, (self._wanted, self.stream_id))]

    def verdict(self, answer: Answer, *, doubtful: bool) -> Verdict:
        """
        Return what the server's answer proves; "conflict" if there is no such stream.

        An earlier request whose outcome is unknown may still apply as long as the stream does not
        exist: it may begin without a category.
        """
        if answer.applied:
            return Verdict("applied", doubtful=doubtful)
        category = answer.cell("category")
        if category is None:
            return Verdict("behind" if doubtful else "conflict", doubtful=doubtful)
        name: Any = "found" if category == self._wanted else "wrong category"
        return Verdict(name, 0, doubtful, category)

    def unknown(self) -> CategoryOutcomeUnknown:
        """Return the error that says that the stream may have the category."""
        return CategoryOutcomeUnknown(self.stream_id, self._wanted)


class Categoriser:
    """
    Categorises streams.

    Args:
        statements: The store's.
        settler: Settles the requests, as it does for appends.
        reader: The store's.
        is_published: Tells whether events of a stream are in a feed.
    """

    def __init__(
        self,
        statements: StatementCache,
        settler: Settler,
        reader: Reader[RecordedEvent[Any]],
        is_published: Callable[[UUID], Awaitable[bool]],
    ) -> None:
        self._statements = statements
        self._settler = settler
        self._reader = reader
        self._is_published = is_published

    async def categorise(self, stream_id: UUID, category: str, deadline: Deadline) -> bool:
        """Give a stream its category; see `Storage.categorise` for the promises."""
        statements = await self._statements.append_in_category(deadline)  # checks the column
        if statements.has_feed:
            await self._check_unpublished(stream_id, category, deadline)
        prepared = await self._statements.get("categorise", deadline)
        plan = CategoryPlan(prepared, stream_id, category)
        verdict = await self._settler.settle(plan, deadline)
        if verdict.name == "wrong category":
            raise plan.refusal(verdict)
        if verdict.name == "conflict":
            raise ConcurrentModification(stream_id, STREAM_EXISTS, 0)
        return verdict.name == "applied"

    async def _check_unpublished(self, stream_id: UUID, category: str, deadline: Deadline) -> None:
        """Refuse a stream without a category whose events are in the feed already."""
        try:
            await self._reader.head(stream_id, deadline, serial=True, category=category)
        except WrongCategory as error:
            if error.actual is None and await self._is_published(stream_id):
                raise AlreadyPublished(stream_id, category) from None
