"""Prepared statements: each is prepared once, after a look at the schema."""

import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final, TypeVar

from ...errors import EventStoreError, FeedDisabled, SchemaError
from ...retry import Backoff, Deadline
from ...tasks import side_by_side
from ..driver.faults import Certainty, Fault
from ..driver.hedge import hedged
from ..driver.port import Prepared
from ..driver.session import Session
from .explainer import Explainer
from .preparation import Preparation
from .state import inspect
from .tables import StoreTables

_LOG: Final = logging.getLogger("event_store_async")
_APPEND: Final = (
    "append_head",
    "append_first",
    "append_bare_first",
    "append_rest",
    "append_bare_rest",
)
_ANNOUNCED: Final = ("feed/append_first", "feed/append_bare_first")

_LASTS: Final = 1.0
"""Seconds for which a look for a column is valid."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class EventStatement:
    """
    A statement that stores an event, in two forms.

    Attributes:
        whole: Binds all columns; the values of those that the event lacks are not sent.
        bare: Names neither type nor metadata, for an event that has none of them.
    """

    whole: Prepared
    bare: Prepared


@dataclass(frozen=True, slots=True)
class AppendStatements:
    """
    The statements of an append's batch.

    Attributes:
        head: Moves the stream's version on, if it is the expected one.
        first: Stores the first event, if none stands at its version.
        rest: Stores one of the other events.
        announced_first: As `first`, with the address of the append's announcement. On a table
            without a feed, it is `first`.
        has_feed: Whether the table has a feed, so that every append must be announced.
    """

    head: Prepared
    first: EventStatement
    rest: EventStatement
    announced_first: EventStatement
    has_feed: bool = False


@dataclass(frozen=True, slots=True)
class EraseStatements:
    """
    The statements of the batches that erase events.

    Attributes:
        truncate: Moves a stream's beginning on, if it is where it was.
        empty: The same for a stream of which nothing is left.
        mark: Marks a truncated stream.
        delete: Deletes events.
        blank: Blanks the last event.
        begin: Begins a truncated stream that is restored.
        place: Puts a blank row there.
    """

    truncate: Prepared
    empty: Prepared
    mark: Prepared
    delete: Prepared
    blank: Prepared
    begin: Prepared
    place: Prepared


class StatementCache:
    """
    Prepares the statements of a store's tables when they are first needed.

    The schema is checked before the first of them. A failure is not remembered: the next call
    tries again.

    Args:
        session: Where to prepare them.
        tables: The tables that they are for.
        backoff: The pauses between attempts.

    Attributes:
        ready: The statements of appends, once the schema has been checked; None before. For a
            caller that cannot wait.
        ready_in_category: Those of appends in a category, once one of them was asked for; None
            before.
    """

    def __init__(self, session: Session, tables: StoreTables, backoff: Backoff) -> None:
        self._session = session
        self._tables = tables
        self._preparation = Preparation(f"preparing statements for table {tables}", backoff)
        self._prepared: dict[str, Prepared] = {}
        self.ready: AppendStatements | None = None
        self.ready_in_category: AppendStatements | None = None
        self._has_categories = False
        self._has_truncation = False
        self._looked_at = -math.inf
        self._after_fault = Explainer()

    async def get(self, name: str, deadline: Deadline) -> Prepared:
        """
        Return one of the statements in ``cql/statements/``.

        Raises:
            SchemaError: a table cannot be used as it is, or lacks the feed that this needs.
            StoreUnavailable: there was no answer before the deadline.
            RequestRefused: the server refuses to prepare it.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        prepared = self._prepared.get(name)
        if prepared is None or self.ready is None:
            return await self._locked(lambda: self._checked(name, deadline), deadline)
        return prepared

    def at_once(self, name: str) -> Prepared | None:
        """Return one of them if it is prepared; None otherwise."""
        return None if self.ready is None else self._prepared.get(name)

    async def append(self, deadline: Deadline) -> AppendStatements:
        """Return the statements of appends; raises what `get` does."""
        if self.ready is None:
            return await self._locked(lambda: self._get_ready(deadline), deadline)
        return self.ready

    async def append_in_category(self, deadline: Deadline) -> AppendStatements:
        """
        Return the statements of appends in a category; raises what `get` does, and for this table.

        Raises:
            CategoriesMissing: the table has no column for categories yet.
        """
        if self.ready_in_category is None:
            return await self._locked(lambda: self._get_ready_in_category(deadline), deadline)
        return self.ready_in_category

    async def append_to(self, category: str | None, deadline: Deadline) -> AppendStatements:
        """Return the statements of appends in a category, or in none; raises what they do."""
        if category is None:
            return await self.append(deadline)
        return await self.append_in_category(deadline)

    async def has_categories(self, deadline: Deadline) -> bool:
        """Tell whether the table had a column for categories when it was looked at last."""
        await self.append(deadline)
        return self._has_categories

    async def erase(self, deadline: Deadline) -> EraseStatements:
        """
        Return the statements of batches that erase events; raises what `get` does, and for a table.

        Raises:
            TruncationMissing: the table has no column for truncated streams yet.
        """
        await self.append(deadline)
        if not self._has_truncation:
            state = await self._locked(
                lambda: inspect(self._session, self._tables, deadline), deadline
            )
            state.tables[0].check_truncatable()
            self.forget()  # it has been migrated meanwhile
        names = ("truncate", "empty", "mark", "delete", "blank", "begin", "place")
        return EraseStatements(*[await self.get(f"erase/{name}", deadline) for name in names])

    async def look_for_truncation(self, deadline: Deadline) -> bool:
        """
        Look whether the table has been given the column for truncated streams since the last look.

        Returns True if it has: then what was read without the column can be read again.
        """
        if self._has_truncation:
            return False
        before = self.ready
        if monotonic() < self._looked_at + _LASTS:
            return False
        self._looked_at = monotonic()
        if before is not None:
            state = await self._locked(
                lambda: inspect(self._session, self._tables, deadline), deadline
            )
            if not state.has_truncation:
                return False
            self.forget()
        await self.append(deadline)
        return self._has_truncation and before is not None

    async def prepare(self, name: str, deadline: Deadline) -> Prepared:
        """Return a statement without a check of the schema; a single attempt, raises `Fault`."""
        prepared = self._prepared.get(name)
        if prepared is None:
            kept_from = ", kept_from" if self._has_truncation else ""
            statement = self._tables.statement(f"statements/{name}", kept_from=kept_from)
            prepared = self._prepared[name] = await hedged(
                lambda _: self._session.prepare(statement, deadline)
            )
        return prepared

    async def explain(self, fault: Fault, deadline: Deadline) -> None:
        """Look at the schema if a fault may be due to it; see `Explainer.explain`."""
        await self._after_fault.explain(fault, deadline, self._look)

    async def _look(self, deadline: Deadline) -> SchemaError | None:
        """Return what is missing; None if nothing is, or if it cannot be found out."""
        try:
            state = await inspect(self._session, self._tables, deadline)
            broken = any(table.differences(table.spec.needed_columns) for table in state.tables)
            uncategorised = self.ready_in_category is not None and not state.has_categories
            if not broken and not uncategorised:
                return None
            self.forget()
            state.check_usable()
            if uncategorised:
                state.tables[0].check_categorised()
        except SchemaError as error:
            return error
        except (Fault, EventStoreError):  # the caller has met a fault already
            return None
        return None

    def forget(self) -> None:
        """Check the schema and prepare again when next needed: the schema has changed."""
        self.ready = self.ready_in_category = None
        self._prepared.clear()
        self._after_fault.forget()

    async def _locked(self, load: Callable[[], Awaitable[_T]], deadline: Deadline) -> _T:
        return await self._preparation.run(load, deadline, self.explain)

    async def _checked(self, name: str, deadline: Deadline) -> Prepared:
        ready = await self._get_ready(deadline)
        unannounced = name.startswith("feed/") and not ready.has_feed
        try:
            prepared = await self.prepare(name, deadline)
        except Fault as fault:
            if unannounced and fault.certainty is Certainty.REFUSED:
                raise FeedDisabled(str(self._tables)) from fault
            raise
        if unannounced:
            self._begin_to_announce()
        return prepared

    def _begin_to_announce(self) -> None:
        """Look at the schema again: the feed was enabled after this store had looked at it."""
        self.ready = self.ready_in_category = None
        _LOG.warning(
            "the feed of table %s was enabled while this store was in use: it announces its "
            "appends from now on; those that it made meanwhile reach the feed later, by a scan",
            self._tables,
        )

    async def _get_ready(self, deadline: Deadline) -> AppendStatements:
        # The statements of appends are prepared even if a read comes first: so the first append
        # finds them ready.
        if (ready := self.ready) is None:
            state = await inspect(self._session, self._tables, deadline)
            state.check_usable()
            self._has_categories = state.has_categories
            if self._has_truncation != state.has_truncation:
                self._has_truncation = state.has_truncation
                self._prepared.clear()
            names = (*_APPEND, *_ANNOUNCED) if state.has_feed else _APPEND
            await side_by_side(names, lambda name: self.prepare(name, deadline))
            head, *events = [self._prepared[name] for name in names]
            first, rest, *announced = map(EventStatement, events[::2], events[1::2])
            announced_first = announced[0] if announced else first
            ready = AppendStatements(head, first, rest, announced_first, state.has_feed)
            self.ready = ready
        return ready

    async def _get_ready_in_category(self, deadline: Deadline) -> AppendStatements:
        plain = await self._get_ready(deadline)
        if not self._has_categories:  # looked at again: it may have been migrated meanwhile
            state = await inspect(self._session, self._tables, deadline)
            state.tables[0].check_categorised()
            self._has_categories = True
        head = await self.prepare("append_category_head", deadline)
        self.ready_in_category = replace(plain, head=head)
        return self.ready_in_category
