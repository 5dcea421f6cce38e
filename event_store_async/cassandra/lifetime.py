"""The lifetime of a store: open, then closing in the one safe order, then closed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from ..errors import StoreClosed, WrongProcess
from ..follower import Wakeups
from .driver.connection import Connection
from .driver.session import Session

_LOG: Final = logging.getLogger("event_store_async")


class Drainable(Protocol):
    """Work in progress that a closing store waits for."""

    def refuse(self) -> None:
        """Refuse new work from now on."""

    async def drain(self, timeout: float) -> bool:
        """Wait for the work in progress, *timeout* seconds at most; return whether all is done."""

    async def ended(self) -> None:
        """Wait for the work that `drain` left; it ends once the session refuses its requests."""


class Lifetime:
    """
    Closes what a store is made of.

    Args:
        name: The store, for log messages.
        session: The store's session, closed when no request is left in it.
        wakeups: Those who follow a stream are woken when it closes.
        timeout: Seconds to wait for the work in progress.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        wakeups: Wakeups,
        timeout: float,
    ) -> None:
        self._name = name
        self._drainables: Sequence[Drainable] = ()
        self._close_rest: Callable[[], Awaitable[None]] = _nothing
        self._session = session
        self._wakeups = wakeups
        self._timeout = timeout
        self._closing: asyncio.Task[None] | None = None
        self._connection: Connection | None = None

    @property
    def is_forgotten(self) -> bool:
        """Whether there is a connection that was never closed."""
        return self._connection is not None and self._closing is None

    def ends(
        self, drainables: Sequence[Drainable], close_rest: Callable[[], Awaitable[None]]
    ) -> None:
        """
        Set what is closed besides the session.

        Args:
            drainables: Work in progress, drained first and side by side.
            close_rest: Ends what works in the background, and may still send requests.
        """
        self._drainables = drainables
        self._close_rest = close_rest

    def own(self, connection: Connection) -> None:
        """Close this connection, cluster and session, at the end: it is the store's own."""
        self._connection = connection

    def check_open(self) -> asyncio.AbstractEventLoop:
        """
        Raise an error if the store cannot be used here; nothing has been sent then.

        Returns:
            The running event loop, which is the session's own.

        Raises:
            StoreClosed, WrongProcess, WrongEventLoop
        """
        if self._closing is not None:
            raise StoreClosed
        return self._session.check_usable()

    async def close(self) -> None:
        """
        Close, or wait for the closing that has begun. A caller that is cancelled does not stop it.

        Raises:
            WrongEventLoop: nothing is closed.
        """
        try:
            self._session.check_place()
        except WrongProcess:
            return  # a forked child has nothing to close: all of it is the parent's
        if self._closing is None:
            for drainable in self._drainables:
                drainable.refuse()
            self._closing = asyncio.ensure_future(self._close())
            self._wakeups.wake_all()
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        drained = await asyncio.gather(*[each.drain(self._timeout) for each in self._drainables])
        if not all(drained):
            _LOG.warning("closed %s with appends or restores whose outcome is unknown", self._name)
        await self._close_rest()
        # It refers to this object, perhaps: a cycle would keep the driver's session alive.
        self._close_rest = _nothing
        await self._session.finish()
        for drainable in self._drainables:
            await drainable.ended()
        if self._connection is not None:
            await self._connection.close()


async def _nothing() -> None:
    return None
