"""Processes of a consumer group: each await of a port may be late, fail, freeze or be the last."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import anyio

from event_store_async import StoreUnavailable
from event_store_async.feeds import FeedPage, FeedReader, Position, Selection
from event_store_async.subscriptions import (
    Beat,
    Checkpoints,
    Lease,
    ParkedStream,
    Registration,
    Roster,
    SliceKey,
    Stopped,
    SubscriptionStore,
    Transaction,
    Transactions,
)

_T = TypeVar("_T")


@dataclass
class Trouble:
    """
    How likely each fault is, for each await of a port.

    Attributes:
        lost: The request never arrives.
        unanswered: It is carried out; the caller is not told.
        late: It is carried out long after the caller gave up: only what no repetition overtakes.
        frozen: The process stands still, its timers too, in the middle of the request.
        crash: The process dies.
        slow: The answer takes a second or so.
    """

    lost: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    frozen: float = 0.0
    crash: float = 0.0
    slow: float = 0.0


class Died(Exception):
    """The process died within a transaction, which its database rolls back."""


class Process:
    """
    A process: a member of the group.

    Args:
        number: Which one.
        trouble: What happens to it; shared with the world, which calms it down.
        random: Chooses.
        crash_at: The number of the await that is its last; None lets chance decide.
        freeze_at: The number of the await in which it stands still for 40 seconds.
    """

    def __init__(
        self,
        number: int,
        trouble: Trouble,
        random: Random,
        crash_at: int | None = None,
        freeze_at: int | None = None,
    ) -> None:
        self.number = number
        self.trouble = trouble
        self.is_dead = False
        self.frozen: list[tuple[float, float]] = []
        self.awaits = 0
        self.cut_off_until = 0.0
        self.frozen_until = 0.0
        self._random = random
        self._crash_at = crash_at
        self._freeze_at = freeze_at

    async def lives(self, *, in_transaction: bool = False) -> None:
        """Go on, once it stands still no more; unless dead: then never, and a transaction ends."""
        loop = asyncio.get_running_loop()
        while not self.is_dead and loop.time() < self.frozen_until:
            with anyio.CancelScope(shield=True):
                await asyncio.sleep(self.frozen_until - loop.time() + 0.001)  # not by rounding less
        if self.is_dead and in_transaction:
            raise Died
        if self.is_dead:
            with anyio.CancelScope(shield=True):
                await loop.create_future()

    def kill(self) -> None:
        self.is_dead = True

    async def step(self, *, in_transaction: bool = False) -> None:
        """One await: perhaps the last one, perhaps a long one that nothing interrupts."""
        self.awaits += 1
        if self.awaits == self._crash_at or self._random.random() < self.trouble.crash:
            self.is_dead = True
        await self.lives(in_transaction=in_transaction)
        if self.awaits == self._freeze_at:
            await self.freeze(40.0, in_transaction=in_transaction)
        elif self._random.random() < self.trouble.frozen:
            await self.freeze(
                self._random.choice([1.0, 8.0, 20.0, 40.0]), in_transaction=in_transaction
            )
        elif self._random.random() < self.trouble.slow:
            await asyncio.sleep(self._random.random() * 2)
        else:
            await asyncio.sleep(self._random.random() * 0.004)
        await self.lives(in_transaction=in_transaction)

    async def freeze(self, seconds: float, *, in_transaction: bool = False) -> None:
        """Stand still, as at SIGSTOP: what was cancelled meanwhile goes on to its next await."""
        now = asyncio.get_running_loop().time()
        self.frozen.append((now, now + seconds))
        self.frozen_until = max(self.frozen_until, now + seconds)
        await self.lives(in_transaction=in_transaction)

    def was_frozen(self, begun: float, ended: float) -> bool:
        """Return whether it stood still between two moments, or just before."""
        return any(end >= begun - 0.01 and start <= ended for start, end in self.frozen)

    async def call(self, request: Callable[[], Awaitable[_T]], *, may_be_late: bool = False) -> _T:
        """Send a request; much can happen to it."""
        # What was sent arrives, whatever becomes of those who wait for the answer.
        frozen = self._random.random() < self.trouble.frozen
        await self.step()
        is_last_moment = self.awaits + 1 == self._freeze_at
        chance = self._random.random()
        is_cut_off = asyncio.get_running_loop().time() < self.cut_off_until
        if chance < self.trouble.lost or is_cut_off:
            raise StoreUnavailable("simulated: lost")
        if may_be_late and chance < self.trouble.lost + self.trouble.late:
            background = asyncio.ensure_future(_later(request, self._random.random() * 20))
            background.add_done_callback(lambda task: task.cancelled() or task.exception())
            raise StoreUnavailable("simulated: late")
        with anyio.CancelScope(shield=True):
            if is_last_moment:
                self.awaits += 1
                await self.freeze(40.0)
            elif frozen:
                await self.freeze(self._random.choice([1.0, 8.0, 20.0, 40.0]))
                await self.lives()
            answer = await request()
        await self.step()
        if self._random.random() < self.trouble.unanswered:
            raise StoreUnavailable("simulated: not answered")
        return answer


async def _later(request: Callable[[], Awaitable[Any]], seconds: float) -> None:
    await asyncio.sleep(seconds)
    await request()


class ProcessStore(SubscriptionStore):
    """The subscriptions as one process reaches them."""

    def __init__(self, store: SubscriptionStore, process: Process) -> None:
        self._store = store
        self._process = process

    async def register(self, name: str, slices: int, start: Position) -> Registration:
        return await self._process.call(lambda: self._store.register(name, slices, start))

    async def beat(self, name: str, member: UUID, beat: Beat) -> Roster:
        return await self._process.call(
            lambda: self._store.beat(name, member, beat), may_be_late=True
        )

    async def leave(self, name: str, member: UUID) -> None:
        await self._process.call(lambda: self._store.leave(name, member), may_be_late=True)

    async def claim(self, key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
        return await self._process.call(
            lambda: self._store.claim(key, member, seen_fence), may_be_late=True
        )

    async def refresh(self, lease: Lease) -> Lease:
        return await self._process.call(lambda: self._store.refresh(lease))

    async def commit(
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        return await self._process.call(lambda: self._store.commit(lease, position, parked))

    async def release(self, lease: Lease) -> None:
        await self._process.call(lambda: self._store.release(lease), may_be_late=True)

    async def prepared(
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        return await self._process.call(lambda: self._store.prepared(registration, stopped))

    async def divide(self, registration: Registration) -> Registration:
        return await self._process.call(lambda: self._store.divide(registration), may_be_late=True)

    async def checkpoints(self, name: str) -> Checkpoints:
        return await self._process.call(lambda: self._store.checkpoints(name))


class ProcessReader:
    """The feed as one process reaches it."""

    def __init__(self, reader: FeedReader[Any], process: Process) -> None:
        self._reader = reader
        self._process = process

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        return await self._process.call(lambda: self._reader.read_page(after, max_count, selection))

    async def head(self) -> Position:
        return await self._process.call(self._reader.head)

    async def changed(self, after: Position, timeout: float) -> bool:
        await self._process.lives()
        return await self._reader.changed(after, timeout)

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        return await self._process.call(lambda: self._reader.locate(stream_id, version))


class ProcessTransactions(Transactions[Any]):
    """The database of the view as one process reaches it."""

    transient: tuple[type[Exception], ...] = (Died,)

    def __init__(self, transactions: Transactions[Any], process: Process) -> None:
        self._transactions = transactions
        self._process = process

    def begin(self, lease: Lease) -> AbstractAsyncContextManager[Transaction[Any]]:
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[Any]]:
        await self._process.step()
        async with self._transactions.begin(lease) as transaction:
            await self._process.step(in_transaction=True)
            yield transaction
            await self._process.step(in_transaction=True)
        await self._process.step()  # committed, but nobody knows it yet

    async def positions(
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        return await self._transactions.positions(name, generation, registration_id)
