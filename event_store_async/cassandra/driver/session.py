"""A session: sends requests over the driver's, and fences in what could hang or corrupt."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import Context, copy_context
from functools import partial
from threading import get_ident
from time import monotonic
from typing import Any, NoReturn

import anyio

from ...checks import running_loop
from ...cql_files import Statement
from ...errors import StoreClosed, WrongEventLoop, WrongProcess
from ...retry import LONGEST_ATTEMPT, SHORTEST_ATTEMPT, Backoff, Deadline
from .faults import Fault
from .forks import note
from .port import (
    Bound,
    ConsistencyLevels,
    DriverError,
    Page,
    Prepared,
    Row,
    is_own,
    materialise,
    pin,
    put,
    reading,
    simple,
    writing,
)
from .raw import RawSession
from .repeat import Explain, repeat
from .request import MakeRequest, Outbox, Permits, Request


class Session:
    """
    Sends requests over a driver session and returns plain tuples.

    A request that has been sent is never cancelled: a cancelled caller returns at once, while the
    request runs to its end and gives its permit back only then. So the number of requests at the
    driver is bounded whatever callers do, and closing can wait for all of them.

    Args:
        raw: The driver's session.
        level: The pair of consistency levels of every request.
        max_in_flight: How many requests may be at the server at once.
        request_timeout: Seconds that one request may take, if its deadline is not nearer.
        backoff: The pauses between the attempts of a read.

    Attributes:
        raw: The driver's session.
        level: The pair of consistency levels.
        knows_elsewhere: Whether its cluster has the execution profile `ELSEWHERE`, as one that
            `open_connection` made does.
    """

    def __init__(
        self,
        raw: RawSession,
        level: ConsistencyLevels,
        *,
        max_in_flight: int,
        request_timeout: float,
        backoff: Backoff,
    ) -> None:
        self.raw = raw
        self.knows_elsewhere = False
        self.level = level
        self._permits = Permits(max_in_flight)
        self._requests: set[Request] = set()
        self._outbox = Outbox()
        self._landed: asyncio.Future[None] | None = None  # `finish` waits for the last request
        self._request_timeout = min(max(request_timeout, SHORTEST_ATTEMPT), LONGEST_ATTEMPT)
        self._backoff = backoff
        self._inherited = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # no loop runs yet: that of the first use is taken
        self._thread: int | None = None  # the one in which the loop was last seen running
        self._closed = False
        note(self, of_caller=not is_own(raw))

    @property
    def in_flight(self) -> int:
        """How many requests have a permit: they are at the server, or are about to be sent."""
        return len(self._requests)

    @property
    def is_alive(self) -> bool:
        """Whether it is open, and was made in this process."""
        return not (self._closed or self._inherited)

    def check_usable(self) -> asyncio.AbstractEventLoop:
        """
        Raise an error if it is closed, or used in another process or loop; return its event loop.

        Raises:
            StoreClosed: `finish` was called.
            WrongProcess, WrongEventLoop: see `check_place`.
        """
        if self._closed:
            raise StoreClosed
        # A thread runs one loop at a time: if ours was last seen running in this one, and runs now,
        # it is the one that is running. Asking asyncio costs a system call on Python 3.11, a
        # twentieth of a hot append.
        loop = self._loop
        if loop is None or self._thread != get_ident() or not loop.is_running() or self._inherited:
            return self.check_place()
        return loop

    def check_place(self) -> asyncio.AbstractEventLoop:
        """
        Raise an error in another process or event loop than its own; return that loop.

        Raises:
            WrongProcess: this is a forked child.
            WrongEventLoop: another loop is running, or none.
        """
        if self._inherited:
            raise WrongProcess
        running = running_loop()
        if self._loop is not running:
            if self._loop is not None:
                raise WrongEventLoop
            self._loop = running
        self._thread = get_ident()
        return running

    def disown(self) -> None:
        """Note that this is a forked child's copy, which must never be used."""
        self._inherited = True
        pin(self.raw)  # freeing it would wait for threads that the child does not have

    async def prepare(self, statement: Statement, deadline: Deadline) -> Prepared:
        """Prepare a statement; raises `Fault`."""
        await self._permit(deadline)
        raw = await self._wait(lambda: self.raw.create_prepared(statement.text))
        return Prepared(statement, raw)

    async def fetch(
        self,
        prepared: Prepared,
        values: Sequence[Any],
        deadline: Deadline,
        *,
        serial: bool = False,
        page_size: int = 1000,
        page_state: bytes | None = None,
        elsewhere: bool = False,
    ) -> Page:
        """Read one page; raises `Fault`."""
        await self._permit(deadline)
        make = partial(
            self._execute,
            prepared,
            values,
            deadline,
            level=self.level.serial if serial else self.level.quorum,
            page_size=page_size,
            page_state=page_state,
            elsewhere=elsewhere and self.knows_elsewhere,
        )
        return materialise(await self._wait(make))

    def begin_fetch(
        self, prepared: Prepared, values: Sequence[Any], deadline: Deadline, page_size: int
    ) -> Request | None:
        """Do as `begin_write`, with one page that is read at the quorum level."""
        make = partial(self._execute, level=self.level.quorum, page_size=page_size, page_state=None)
        return self._begin(make, deadline, (prepared, values, deadline))

    async def read(
        self,
        prepared: Prepared,
        values: Sequence[Any],
        deadline: Deadline,
        *,
        doing: str,
        serial: bool = False,
        page_size: int = 1000,
        page_state: bytes | None = None,
        explain: Explain | None = None,
    ) -> Page:
        """
        Read one page, and try again until it is answered.

        Args:
            prepared: The statement.
            values: Its values, in order.
            deadline: Until when attempts are made.
            doing: What is being done, for the error, as in "reading stream …".
            serial: Read at the serial level instead of the quorum level.
            page_size: How many rows the page may have.
            page_state: Where the page begins (`Page.state`); None for the first one.
            explain: Looks for the reason of a fault.

        Raises:
            StoreUnavailable: there was no answer before the deadline.
            RequestRefused: the server or the driver refuses it for good.
            MisuseError: see `check_usable`.
            EventStoreError: what *explain* raises.
        """
        asked: dict[str, Any] = {"serial": serial, "page_size": page_size, "page_state": page_state}
        return await repeat(
            lambda elsewhere: self.fetch(prepared, values, deadline, elsewhere=elsewhere, **asked),
            deadline,
            self._backoff,
            doing,
            explain,
        )

    async def ask(self, text: str, deadline: Deadline, *, elsewhere: bool = False) -> list[Row]:
        """Run a query without parameters, for the little that is asked once; raises `Fault`."""
        await self._permit(deadline)
        statement = partial(
            simple,
            text,
            level=self.level,
            timeout=self._time_limit(deadline),
            elsewhere=elsewhere and self.knows_elsewhere,
        )
        return materialise(await self._wait(lambda: self.raw.execute(statement()))).rows

    async def write(
        self, statements: Iterable[Bound], deadline: Deadline, *, elsewhere: bool = False
    ) -> Page:
        """Send one conditional batch; raises `Fault`."""
        await self._permit(deadline)
        elsewhere = elsewhere and self.knows_elsewhere
        make = partial(self._execute_batch, statements, deadline, elsewhere)
        return materialise(await self._wait(make))

    async def put(
        self, statements: Sequence[Bound], deadline: Deadline, *, elsewhere: bool = False
    ) -> None:
        """Send plain writes: of those to one partition all or none; raises `Fault`."""
        await self._permit(deadline)
        elsewhere = elsewhere and self.knows_elsewhere
        await self._wait(partial(self._put_batch, statements, deadline, elsewhere))

    async def store(
        self,
        statements: Sequence[Bound],
        deadline: Deadline,
        *,
        doing: str,
        explain: Explain | None = None,
    ) -> None:
        """Send plain writes, and try again until they are answered; see `read`."""
        await repeat(
            lambda elsewhere: self.put(statements, deadline, elsewhere=elsewhere),
            deadline,
            self._backoff,
            doing,
            explain,
        )

    def begin_write(self, statements: Iterable[Bound], deadline: Deadline) -> Request | None:
        """
        Send one conditional batch as soon as there is a permit; `page` returns its answer.

        Returns None if it cannot be sent; `write` would raise the reason.
        """
        return self._begin(self._execute_batch, deadline, (statements, deadline))

    def begin_put(self, statements: Sequence[Bound], deadline: Deadline) -> Request | None:
        """Do as `begin_write`, with plain writes, as for `put`."""
        return self._begin(self._put_batch, deadline, (statements, deadline))

    def _begin(
        self, make: MakeRequest, deadline: Deadline, args: tuple[Any, ...]
    ) -> Request | None:
        loop, left = self._loop, deadline.at - monotonic()  # neither by a call nor by a property
        if loop is None or self._closed or self._inherited or left < SHORTEST_ATTEMPT:
            return None
        request = Request(make, self._ended, loop, args)
        if self._permits.take():
            at_server = len(self._requests) - len(self._outbox.held)
            self._requests.add(request)
            self._outbox.post(request, at_server)
        else:
            self._queue(request, deadline)
        return request

    @staticmethod
    def page(request: Request) -> Page:
        """Return the answer to a request that has ended; raises `Fault`."""
        try:
            return materialise(request.result())
        except (DriverError, RuntimeError) as error:
            _raise_translated(error)

    async def change_schema(self, text: str, *, timeout: float) -> None:
        """Run a schema change, which may take *timeout* seconds; raises `Fault`."""
        await self._permit(Deadline(timeout))
        await self._wait(lambda: self.raw.execute(simple(text, level=self.level, timeout=timeout)))

    async def finish(self) -> None:
        """
        Refuse new requests, and wait for those at the server; each ends by its time limit.

        A forked child does not wait: the requests are the parent's.
        """
        self._closed = True
        while self._requests and not self._inherited:
            self._landed = asyncio.get_running_loop().create_future()
            await self._landed

    async def _permit(self, deadline: Deadline) -> None:
        """Wait for the permit to send one request."""
        self.check_usable()
        if not self._permits.take():
            await self._wait_for_permit(deadline)
            if self._closed:
                self._permits.give_back()
                raise StoreClosed

    async def _wait_for_permit(self, deadline: Deadline) -> None:
        with anyio.move_on_after(max(0.0, deadline.remaining() - SHORTEST_ATTEMPT)):
            await self._permits.wait()
            return
        raise Fault.no_turn() from None

    def _time_limit(self, deadline: Deadline) -> float:
        left, limit = deadline.at - monotonic(), self._request_timeout
        return limit if left >= limit else max(left, SHORTEST_ATTEMPT)

    async def _wait(self, make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Send a request, with a permit, and wait for it."""
        assert self._loop is not None  # noqa: S101 - `_permit` has checked
        request = Request(make, self._ended, self._loop)
        self._requests.add(request)
        request.send()
        try:
            return await request.wait()
        except (DriverError, RuntimeError) as error:
            _raise_translated(error)

    def _execute(
        self, prepared: Prepared, values: Sequence[Any], deadline: Deadline, **options: Any
    ) -> Coroutine[Any, Any, Any]:
        timeout = self._time_limit(deadline)
        return self.raw.execute(reading(prepared, values, timeout=timeout, **options))

    def _execute_batch(
        self, statements: Iterable[Bound], deadline: Deadline, elsewhere: bool = False
    ) -> Coroutine[Any, Any, Any]:
        timeout = self._time_limit(deadline)
        batch = writing(statements, self.level, timeout, elsewhere)
        return self.raw.execute_batch(batch)

    def _put_batch(
        self, statements: Sequence[Bound], deadline: Deadline, elsewhere: bool = False
    ) -> Coroutine[Any, Any, Any]:
        limit = self._time_limit(deadline)
        return put(self.raw, statements, level=self.level, timeout=limit, elsewhere=elsewhere)

    def _queue(self, request: Request, deadline: Deadline) -> None:
        """Send a request once it has a permit, unless it is too late by then, or closed."""
        later = deadline.remaining() - SHORTEST_ATTEMPT
        timer = request.loop.call_later(later, self._expire, request)
        self._permits.ask(request, partial(self._granted, request, timer, copy_context()))

    def _granted(self, request: Request, timer: asyncio.TimerHandle, context: Context) -> bool:
        timer.cancel()
        if self._closed:
            request.refuse(StoreClosed())
            return False
        at_server = len(self._requests) - len(self._outbox.held)
        self._requests.add(request)
        # Not sent at once: this runs while another request ends, so thousands that fail at once
        # would call each other, and overflow the stack.
        context.run(self._outbox.post, request, at_server, False)
        return True

    def _expire(self, request: Request) -> None:
        self._permits.forget(request)
        request.refuse(Fault.no_turn())

    def _ended(self, request: Request) -> None:
        self._requests.discard(request)
        self._permits.give_back()
        if held := self._outbox.held:
            self._outbox.landed(len(self._requests) - len(held))
        if self._landed is not None and not self._requests and not self._landed.done():
            self._landed.set_result(None)


def _raise_translated(error: Exception) -> NoReturn:
    """Translate the driver's exception and raise it; raise any other as it is."""
    if isinstance(error, DriverError):
        raise Fault.of(error) from error
    if "Session closed" in str(error):  # what the driver says of a session that its owner closed
        raise StoreClosed from error
    raise error
