"""A store's session on the simulated cluster: requests are lost, late, repeated or half visible."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from event_store_async.cassandra.driver.faults import Certainty, Fault
from event_store_async.cassandra.driver.port import LEVELS, Page, Prepared
from event_store_async.cassandra.driver.request import Request
from event_store_async.cassandra.driver.session import Session
from event_store_async.cql_files import Statement
from event_store_async.retry import SHORTEST_ATTEMPT, Backoff, Deadline

from .cells import Partition, Write
from .tables import Tables

TIMEOUT = 0.5
"""Seconds after which a request is given up."""

PARTLY = 0.3
"""How likely a write is left out of a request to several partitions that is not answered."""


@dataclass
class Weather:
    """
    How likely each fault is, for every request.

    Attributes:
        lost: The request never arrives; the caller times out.
        unanswered: It is carried out; the caller times out.
        late: It is carried out long after the caller timed out.
        unsent: The driver says that it was never sent.
        half: A write that was not answered stays visible to some reads only, perhaps for ever.
        slow: The request takes long, and is answered.
        pause: The actor stands still before the request, or before its answer.
    """

    lost: float = 0.0
    unanswered: float = 0.0
    late: float = 0.0
    unsent: float = 0.0
    half: float = 0.0
    slow: float = 0.0
    pause: float = 0.0


CALM = Weather()


@dataclass
class Sky:
    """The weather, which changes while the actors run."""

    now: Weather


class Actor:
    """
    A process: it stands still, or is dead, with all that waits in it.

    Attributes:
        name: Its name.
        is_dead: Whether it is dead.
        writers: The writers that it has been.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_dead = False
        self.writers: set[UUID] = set()

    async def lives(self) -> None:
        """Go on, unless dead: then never."""
        if self.is_dead:
            await asyncio.get_running_loop().create_future()


class SimulatedSession(Session):
    """
    A session whose server is `Tables`.

    Args:
        tables: The cluster.
        actor: The process that it belongs to.
        sky: The faults.
        random: Chooses them.
    """

    def __init__(self, tables: Tables, actor: Actor, sky: Sky, random: Random) -> None:
        super().__init__(
            _RAW,
            LEVELS["local"],
            max_in_flight=10_000,
            request_timeout=TIMEOUT,
            backoff=Backoff(initial=0.01, maximum=0.2, random=random.random),
        )
        self._tables = tables
        self._actor = actor
        self._sky = sky
        self._random = random

    async def prepare(self, statement: Statement, deadline: Deadline) -> Prepared:  # noqa: ARG002
        return Prepared(statement, None)

    async def fetch(
        self, prepared: Prepared, values: Sequence[Any], deadline: Deadline, **options: Any
    ) -> Page:
        bound = dict(zip(prepared.statement.binds, values, strict=True))
        name, serial = prepared.statement.name, options.get("serial", False)
        begun = self._tables.begin_read(name, bound)
        page: Page = await self._request(
            lambda: self._tables.read(name, bound, begun, serial=serial), deadline
        )
        return page

    async def put(
        self,
        statements: Sequence[tuple[Prepared, Sequence[Any]]],
        deadline: Deadline,
        *,
        elsewhere: bool = False,  # noqa: ARG002 - there is one place
    ) -> None:
        await self._request(self._plain(statements), deadline)

    async def write(
        self,
        statements: Iterable[tuple[Prepared, Sequence[Any]]],
        deadline: Deadline,
        *,
        elsewhere: bool = False,  # noqa: ARG002
    ) -> Page:
        page: Page = await self._request(self._conditional(statements), deadline)
        return page

    def begin_write(
        self, statements: Iterable[tuple[Prepared, Sequence[Any]]], deadline: Deadline
    ) -> Request | None:
        return self._send(self._conditional(statements), deadline)

    def begin_put(
        self, statements: Sequence[tuple[Prepared, Sequence[Any]]], deadline: Deadline
    ) -> Request | None:
        return self._send(self._plain(statements), deadline)

    @staticmethod
    def page(request: Request) -> Page:
        page: Page = request.result()
        return page

    def _send(self, carry_out: Callable[[], Any], deadline: Deadline) -> Request | None:
        if not self.is_alive or deadline.remaining() < SHORTEST_ATTEMPT:
            return None
        loop = asyncio.get_running_loop()
        request = Request(partial(self._request, carry_out, deadline), lambda _: None, loop)
        request.send()
        return request

    def _plain(self, statements: Sequence[tuple[Prepared, Sequence[Any]]]) -> Callable[[], None]:
        for prepared, values in statements:
            if prepared.statement.name == "register_writer":
                bound = dict(zip(prepared.statement.binds, values, strict=True))
                self._actor.writers.add(bound["writer"])

        def write() -> None:
            for partition, made in self._tables.plain(statements):
                self._store(partition, made)

        return write

    def _conditional(
        self, statements: Iterable[tuple[Prepared, Sequence[Any]]]
    ) -> Callable[[], Page]:
        batch = list(statements)

        def decide() -> Page:
            partition, made, answer = self._tables.conditional(batch)
            if made is not None:
                self._store(partition, made)
            return answer

        return decide

    def _store(self, partition: Partition, write: Write) -> None:
        """Show a write to some reads now, and to all once it is answered, or never."""
        partition.half.append(write)
        self._pending.append((partition, write))

    async def _request(self, carry_out: Callable[[], Any], deadline: Deadline) -> Any:
        self.check_usable()
        loop, random, weather = asyncio.get_running_loop(), self._random, self._sky.now
        timeout = max(0.05, min(TIMEOUT, deadline.remaining()))
        await self._stand_still(weather)
        if random.random() < weather.unsent:
            await asyncio.sleep(random.uniform(0.0005, 0.01))
            await self._actor.lives()
            raise Fault("LibNoHostsAvailable", "simulated", Certainty.UNSENT)
        await asyncio.sleep(self._trip(weather))
        if random.random() < weather.lost:
            await self._time_out(timeout)
        if random.random() < weather.late:
            loop.call_later(random.uniform(0.1, 60.0), self._carry_out_late, carry_out)
            await self._time_out(timeout)
        self._pending: list[tuple[Partition, Write]] = []
        answer = carry_out()
        pending, self._pending = self._pending, []
        if random.random() < weather.unanswered or self._actor.is_dead:
            self._leave(pending, weather)
            await self._time_out(timeout)
        await asyncio.sleep(self._trip(weather))
        for partition, write in pending:
            partition.land(write)
        await self._stand_still(weather)
        await self._actor.lives()
        return answer

    def _carry_out_late(self, carry_out: Callable[[], Any]) -> None:
        self._pending = []
        carry_out()
        pending, self._pending = self._pending, []
        self._leave(pending, self._sky.now)

    def _leave(self, pending: list[tuple[Partition, Write]], weather: Weather) -> None:
        """Leave writes that nobody was told of: half visible for a while, or for ever."""
        loop = asyncio.get_running_loop()
        for partition, write in pending:
            # Of writes to several partitions, some may never be carried out.
            if len(pending) > 1 and self._random.random() < PARTLY:
                partition.half = [each for each in partition.half if each is not write]
            elif self._random.random() >= weather.half:
                later = self._random.uniform(0.001, 5.0)
                loop.call_later(later, partition.land, write)

    async def _time_out(self, timeout: float) -> None:
        await asyncio.sleep(timeout)
        await self._actor.lives()
        raise Fault("LibRequestTimedOut", "simulated", Certainty.UNKNOWN)

    async def _stand_still(self, weather: Weather) -> None:
        if self._random.random() < weather.pause:
            await asyncio.sleep(self._random.choice([0.05, 1.0, 10.0, 100.0]))
        await self._actor.lives()

    def _trip(self, weather: Weather) -> float:
        if self._random.random() < weather.slow:
            return self._random.uniform(0.05, 1.5)
        return self._random.uniform(0.0002, 0.003)


class _Raw:
    """What a session needs of a driver's; nothing is ever sent to it."""

    async def execute(self, statement: Any) -> Any:  # noqa: ARG002
        raise AssertionError("sent to the driver")

    execute_batch = create_prepared = execute

    async def close(self) -> None:
        return None


_RAW = _Raw()
