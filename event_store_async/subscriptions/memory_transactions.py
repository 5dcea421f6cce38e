"""Transactions in memory: for tests of projections, and as the shortest definition of the port."""

import asyncio
import copy
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from .._typevars import T
from ..checks import check_instance, check_int
from ..errors import LeaseLost
from ..feeds import Position
from ..ports.slices import Lease, check_subscription_name, is_later_registration
from ..ports.transactions import Stopped, Transaction, Transactions


@dataclass(slots=True)
class _Row:
    """The checkpoint of a slice."""

    fence: int
    position: Position | None = None


@dataclass(slots=True)
class _Name:
    """What is known of a subscription."""

    generation: int = 0
    rows: dict[int, _Row] = field(default_factory=dict)
    stopped: Stopped | None = None
    handled: set[tuple[UUID, int]] = field(default_factory=set)
    registration_id: UUID | None = None


class MemoryTransaction(Transaction[T]):
    """A transaction in memory; `MemoryTransactions.begin` makes one."""

    def __init__(
        self, connection: T, known: _Name, row: _Row, *, fresh: bool, anew: bool = False
    ) -> None:
        self._connection = connection
        self._known = known
        self._row = row
        self._fresh = fresh
        self._anew = anew

    @property
    def connection(self) -> T:  # noqa: D102 - inherited from the port
        return self._connection

    @property
    def position(self) -> Position | None:  # noqa: D102 - inherited from the port
        return self._row.position

    @property
    def fresh(self) -> bool:  # noqa: D102 - inherited from the port
        return self._fresh

    @property
    def anew(self) -> bool:  # noqa: D102 - inherited from the port
        return self._anew

    @property
    def stopped(self) -> Stopped | None:  # noqa: D102 - inherited from the port
        return self._known.stopped

    async def advance(self, position: Position) -> None:  # noqa: D102 - inherited from the port
        await asyncio.sleep(0)
        self._row.position = position

    async def first_time(self, stream_id: UUID, version: int) -> bool:  # noqa: D102 - inherited
        await asyncio.sleep(0)
        if (stream_id, version) in self._known.handled:
            return False
        self._known.handled.add((stream_id, version))
        return True

    async def forget_marks(self) -> None:  # noqa: D102 - inherited from the port
        await asyncio.sleep(0)
        self._known.handled.clear()


class MemoryTransactions(Transactions[T], Generic[T]):
    """
    Transactions of a view in memory: any object that can be copied, a dict for one.

    A transaction works on a copy, which becomes the view when it is committed. One transaction runs
    at a time, so each sees what the one before has committed.

    Args:
        view: The view as it is at first.

    Attributes:
        view: The view, as the last transaction committed it.
        transient: Nothing: memory is never away.
    """

    transient: tuple[type[Exception], ...] = ()

    def __init__(self, view: T) -> None:
        self.view = view
        self._names: dict[str, _Name] = {}
        self._lock = asyncio.Lock()

    def begin(self, lease: Lease) -> AbstractAsyncContextManager[Transaction[T]]:  # noqa: D102
        check_instance("lease", lease, Lease, "a Lease")
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[T]]:
        key = lease.key
        async with self._lock:
            await asyncio.sleep(0)
            view = copy.deepcopy(self.view)
            known = copy.deepcopy(self._names.get(key.name, _Name()))
            anew = False
            if _is_registered_anew(known, lease):
                # If the earlier one never got anywhere, nothing of it is in the view.
                anew = known.stopped is not None or bool(_positions(known))
                known = _Name()
            known.registration_id = lease.registration_id or known.registration_id
            fresh = known.generation < key.generation
            if known.generation > key.generation:
                raise LeaseLost(key.name, key.generation, key.slice)
            if fresh:
                _begin_generation(known, key.generation)
            row = known.rows.setdefault(key.slice, _Row(lease.fence))
            if row.fence > lease.fence:
                raise LeaseLost(key.name, key.generation, key.slice)
            row.fence = lease.fence
            yield MemoryTransaction(view, known, row, fresh=fresh, anew=anew)
            await asyncio.sleep(0)
            # From here on it is committed: there is nothing to wait for.
            self.view = view
            self._names[key.name] = known

    async def positions(  # noqa: D102 - inherited from the port
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        name = check_subscription_name(name)
        check_int("generation", generation, at_least=1)
        check_instance("registration_id", registration_id, UUID, "a UUID", optional=True)
        await asyncio.sleep(0)
        known = self._names.get(name)
        if known is None or known.generation != generation:
            return {}
        ids = {registration_id, known.registration_id} - {None}
        if len(ids) > 1:
            return {}
        return _positions(known)


def _is_registered_anew(known: _Name, lease: Lease) -> bool:
    """Return whether a lease is of a later registration; raises `LeaseLost` for an earlier one."""
    id_, earlier = lease.registration_id, known.registration_id
    if id_ is None or earlier is None or id_ == earlier:
        return False
    if not is_later_registration(id_, earlier):
        raise LeaseLost(lease.key.name, lease.key.generation, lease.key.slice)
    return True


def _positions(known: _Name) -> dict[int, Position]:
    return {number: row.position for number, row in known.rows.items() if row.position is not None}


def _begin_generation(known: _Name, generation: int) -> None:
    positions = _positions(known)
    if positions:  # a generation that got nowhere says nothing of those before it
        known.stopped = Stopped(known.generation, positions)
    known.generation = generation
    known.rows = {}
