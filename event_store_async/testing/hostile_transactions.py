"""Hostile transactions: those of any database of a view, made to fail as real ones do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic
from uuid import UUID

from .._typevars import T
from ..checks import check_callable, check_instance, check_int, check_methods, check_positive
from ..feeds import Position
from ..ports.slices import Lease
from ..ports.transactions import Transaction, Transactions, tells_outage
from .injections import TRANSACTIONS, Chooser, Injected, Injection


class HostileTransactions(Transactions[T], Generic[T]):
    """
    Passes calls to the transactions of a projection and injects faults; see `Injection`.

    Faults are outages: they raise `ConnectionError`, which is among `transient`.

    Args:
        transactions: The wrapped ones; usually `MemoryTransactions`.
        seed: Determines the faults.
        commit_unknown: The probability of `Injection.COMMIT_UNKNOWN` for a transaction.
        deadlock: The probability of `Injection.DEADLOCK` for a transaction.
        waits: The probability of `Injection.WAITS` for a transaction.
        wait_seconds: How many seconds such a transaction waits.
        sleep: Waits for a number of seconds. Replace it to make tests fast.
        script: Faults to inject before the random ones; `Injection.NONE` lets a transaction pass.

    Attributes:
        injected: The faults that were injected, in order.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    def __init__(
        self,
        transactions: Transactions[T],
        *,
        seed: int,
        commit_unknown: float = 0.0,
        deadlock: float = 0.0,
        waits: float = 0.0,
        wait_seconds: float = 1.0,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        script: Iterable[Injection] = (),
    ) -> None:
        check_methods("transactions", transactions, "a Transactions", "begin", "positions")
        check_int("seed", seed, at_least=-(2**63), at_most=2**64)
        check_positive("wait_seconds", wait_seconds, finite=True)
        check_callable("sleep", sleep)
        chances = {
            Injection.COMMIT_UNKNOWN: commit_unknown,
            Injection.DEADLOCK: deadlock,
            Injection.WAITS: waits,
            Injection.DELAY: 0.0,
        }
        self._chooser = Chooser(seed, chances, 0.0, script)
        self._transactions = transactions
        self._wait_seconds = wait_seconds
        self._sleep = sleep
        self.injected: list[Injected] = []

    @property
    def transient(self) -> tuple[type[Exception], ...]:
        """What the wrapped ones call an outage, and `ConnectionError`."""
        return (*self._transactions.transient, ConnectionError)

    def is_transient(self, error: BaseException) -> bool:  # noqa: D102 - inherited from the port
        return isinstance(error, ConnectionError) or tells_outage(self._transactions, error)

    def begin(  # noqa: D102 - inherited from the port
        self, lease: Lease
    ) -> AbstractAsyncContextManager[Transaction[T]]:
        check_instance("lease", lease, Lease, "a Lease")
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[T]]:
        injection = self._chooser.choose(TRANSACTIONS).injection
        if injection is Injection.WAITS:
            self._record(injection)
            await self._sleep(self._wait_seconds)
        async with self._transactions.begin(lease) as transaction:
            yield transaction
            if injection is Injection.DEADLOCK:
                self._record(injection)
                raise ConnectionAbortedError("injected: a deadlock")
        if injection is Injection.COMMIT_UNKNOWN:
            self._record(injection)
            raise ConnectionResetError("injected: the answer to a commit is lost")

    async def positions(  # noqa: D102 - inherited from the port
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        return await self._transactions.positions(name, generation, registration_id)

    def _record(self, injection: Injection) -> None:
        self.injected.append(Injected(injection, None))
