"""A session: the driver's, with everything fenced that could hang, crash or corrupt."""

import asyncio
import os
import weakref
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import anyio

from ..cql_files import Statement
from ..errors import StoreClosed, WrongEventLoop, WrongProcess
from ..retry import SHORTEST_ATTEMPT, Deadline
from .driver import (
    DriverError,
    Level,
    Page,
    Prepared,
    RawSession,
    materialise,
    pin,
    reading,
    simple,
    writing,
)
from .faults import Fault

_T = TypeVar("_T")

_open: "weakref.WeakSet[Session]" = weakref.WeakSet()


def _pin_in_child() -> None:
    # Freeing a session waits for threads that a forked child does not have.
    for session in list(_open):
        pin(session.raw)


os.register_at_fork(after_in_child=_pin_in_child)


class Session:
    """
    Sends requests over a driver session and returns plain tuples.

    A request that has been sent is never cancelled: a caller that is cancelled leaves at once, and
    the request ends by itself, its permit given back only then. So the number of requests at the
    driver stays bounded whatever callers do, and closing can wait for all of them.

    Args:
        raw: The driver's session.
        level: The pair of consistency levels of every request.
        max_in_flight: Requests at the server at once.
        request_timeout: Seconds that one request may take, where its deadline is not nearer.
    """

    def __init__(
        self, raw: RawSession, level: Level, *, max_in_flight: int, request_timeout: float
    ) -> None:
        self.raw = raw
        self.knows_elsewhere = False  # only a cluster of our own has that profile
        self.level = level
        self._permits = anyio.Semaphore(max_in_flight, fast_acquire=True)
        self._requests: set[asyncio.Task[Any]] = set()
        self._request_timeout = request_timeout
        self._pid = os.getpid()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None  # made before a loop runs: the first use tells which one
        self._closed = False
        _open.add(self)

    @property
    def in_flight(self) -> int:
        """How many requests are at the server now."""
        return len(self._requests)

    def check_usable(self) -> None:
        """
        Refuse use from where it cannot work; nothing has been sent then.

        Raises:
            StoreClosed: `finish` was called.
            WrongProcess, WrongEventLoop: see `check_place`.
        """
        if self._closed:
            raise StoreClosed
        self.check_place()

    def check_place(self) -> None:
        """
        Refuse a process and an event loop that are not its own.

        Raises:
            WrongProcess: in a forked child.
            WrongEventLoop: on another loop than it was made on.
        """
        if os.getpid() != self._pid:
            raise WrongProcess
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongEventLoop

    async def prepare(self, statement: Statement, deadline: Deadline) -> Prepared:
        """Prepare a statement; raises `Fault`."""
        raw = await self._send(deadline, lambda _: self.raw.create_prepared(statement.text))
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
        level = self.level.serial if serial else self.level.quorum

        def request(timeout: float) -> Coroutine[Any, Any, Any]:
            statement = reading(
                prepared,
                values,
                level=level,
                timeout=timeout,
                page_size=page_size,
                page_state=page_state,
                elsewhere=elsewhere and self.knows_elsewhere,
            )
            return self.raw.execute(statement)

        return materialise(await self._send(deadline, request))

    async def write(
        self,
        statements: Sequence[tuple[Prepared, Sequence[Any]]],
        deadline: Deadline,
        *,
        elsewhere: bool = False,
    ) -> Page:
        """Send one conditional batch; raises `Fault`."""
        return materialise(
            await self._send(
                deadline,
                lambda timeout: self.raw.execute_batch(
                    writing(
                        statements,
                        level=self.level,
                        timeout=timeout,
                        elsewhere=elsewhere and self.knows_elsewhere,
                    )
                ),
            )
        )

    async def change_schema(self, text: str, *, timeout: float) -> None:
        """Run a statement without parameters; raises `Fault`."""
        await self._send(
            Deadline(timeout),
            lambda _: self.raw.execute(simple(text, level=self.level, timeout=timeout)),
        )

    async def finish(self) -> None:
        """
        Refuse new requests and wait for those at the server; each ends by its time limit.

        A forked child waits for none: they are the parent's.
        """
        self._closed = True
        _open.discard(self)
        while self._requests and os.getpid() == self._pid:
            await asyncio.wait(self._requests)

    async def _send(
        self, deadline: Deadline, make: Callable[[float], Coroutine[Any, Any, _T]]
    ) -> _T:
        self.check_usable()
        await self._permit(deadline)
        try:
            self.check_usable()
            timeout = min(self._request_timeout, deadline.remaining())
            task = asyncio.ensure_future(make(max(timeout, SHORTEST_ATTEMPT)))
        except BaseException as error:
            self._permits.release()
            if isinstance(error, DriverError):  # it refuses a value
                raise Fault.of(error) from error
            raise
        self._requests.add(task)
        task.add_done_callback(self._sent)
        try:
            return await asyncio.shield(task)
        except DriverError as error:
            raise Fault.of(error) from error
        except RuntimeError as error:
            # The driver's words for a session that its owner closed, or that is another loop's.
            if "closed" in str(error):
                raise StoreClosed from error
            if "different loop" in str(error):
                raise WrongEventLoop from error
            raise

    async def _permit(self, deadline: Deadline) -> None:
        try:
            self._permits.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(max(0.0, deadline.remaining() - SHORTEST_ATTEMPT)):
                await self._permits.acquire()
                return
            raise Fault.no_turn() from None

    def _sent(self, task: asyncio.Task[Any]) -> None:
        self._requests.discard(task)
        self._permits.release()
        if not task.cancelled():
            task.exception()  # whoever waited may be gone: the outcome counts as seen
