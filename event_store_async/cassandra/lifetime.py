"""The lifetime of a store: open, then closing in the one safe order, then closed."""

import asyncio
import logging
from typing import Final

from ..errors import StoreClosed, WrongProcess
from .append.queues import StreamQueues
from .driver.connection import Connection
from .driver.session import Session

_LOG: Final = logging.getLogger("event_store_async")


class Lifetime:
    """
    Closes what a store is made of.

    Args:
        name: The store, in words.
        lanes: Its lanes; they are waited for first.
        session: Its session; no request may be left in it.
        timeout: Seconds to wait for the lanes.
    """

    def __init__(self, name: str, lanes: StreamQueues, session: Session, timeout: float) -> None:
        self._name = name
        self._lanes = lanes
        self._session = session
        self._timeout = timeout
        self._closing: asyncio.Task[None] | None = None
        self.connection: Connection | None = None
        """Cluster and session, where they are the store's own; closed last."""

    @property
    def is_forgotten(self) -> bool:
        """Whether there is a connection that nobody has begun to close."""
        return self.connection is not None and self._closing is None

    def check_open(self) -> asyncio.AbstractEventLoop:
        """
        Refuse new work where there can be none; nothing has been sent then.

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
        Close, or wait for the closing that has begun; a caller that is cancelled does not stop it.

        Raises:
            WrongEventLoop: nothing is closed.
        """
        try:
            self._session.check_place()
        except WrongProcess:
            return  # a forked child has nothing to close: all of it is the parent's
        if self._closing is None:
            self._lanes.refuse()
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if not await self._lanes.close(self._timeout):
            _LOG.warning("closed %s with appends whose outcome is unknown", self._name)
        await self._session.finish()
        await self._lanes.ended()
        if self.connection is not None:
            await self.connection.close()
