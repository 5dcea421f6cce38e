"""A process's session on the simulated cluster: it stops and dies at requests, and they go on."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from event_store_async.cassandra.driver.faults import Certainty, Fault
from event_store_async.cassandra.driver.port import Bound, Page, Prepared
from event_store_async.retry import Deadline

from .cql_tables import CqlTables
from .group_process import Process
from .session import TIMEOUT, Actor, SimulatedSession, Sky

Applied = Callable[[Process, Sequence[Bound], dict[Any, Any]], None]
"""Is told of a conditional batch that is applied: whose, what, and what its partition held."""


class _Body(Actor):
    """A process, as a session sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def is_dead(self) -> bool:  # type: ignore[override]
        return self._process.is_dead

    async def lives(self) -> None:
        await self._process.lives()


class ProcessSession(SimulatedSession):
    """
    A session of a process.

    What was sent arrives, whatever becomes of those who wait for the answer.

    Args:
        tables: The cluster.
        process: The process that it belongs to.
        sky: The faults of requests.
        random: Chooses them.
        applied: Is told of what is applied.
    """

    def __init__(
        self, tables: CqlTables, process: Process, sky: Sky, random: Random, applied: Applied
    ) -> None:
        super().__init__(tables, _Body(process), sky, random)
        self._cluster = tables
        self._process = process
        self._applied = applied

    async def fetch(
        self, prepared: Prepared, values: Sequence[Any], deadline: Deadline, **options: Any
    ) -> Page:
        statement, serial = prepared.statement, options.get("serial", False)
        begun = self._cluster.begin_query(statement, values)
        page: Page = await self._request(
            lambda: self._cluster.query(statement, values, begun, serial=serial), deadline
        )
        return page

    def _plain(self, statements: Sequence[Bound]) -> Callable[[], None]:
        def write() -> None:
            for partition, made in self._cluster.plain(statements):
                self._store(partition, made)

        return write

    def _conditional(self, statements: Iterable[Bound]) -> Callable[[], Page]:
        batch = list(statements)

        def decide() -> Page:
            partition, made, answer = self._cluster.conditional(batch)
            if made is not None:
                self._applied(self._process, batch, partition.seen(None))
                self._store(partition, made)
            return answer

        return decide

    async def _request(self, carry_out: Callable[[], Any], deadline: Deadline) -> Any:
        await self._process.step()
        loop = asyncio.get_running_loop()
        if loop.time() < self._process.cut_off_until:
            await asyncio.sleep(max(0.05, min(TIMEOUT, deadline.remaining())))
            await self._process.lives()
            raise Fault("LibRequestTimedOut", "simulated", Certainty.UNKNOWN)
        request = loop.create_task(super()._request(carry_out, deadline))
        request.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            answer = await asyncio.shield(request)
        except BaseException:
            await self._process.lives()
            raise
        await self._process.step()
        return answer
