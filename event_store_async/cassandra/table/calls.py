"""Running calls: those that a closing store waits for."""

import asyncio
from types import TracebackType

from ...errors import StoreClosed


class RunningCalls:
    """
    Counts the calls that run: each is an ``async with`` block.

    Raises:
        StoreClosed: on entering, after `refuse`.
    """

    def __init__(self) -> None:
        self._running = 0
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None  # set once `drain` waits

    async def __aenter__(self) -> None:
        if self._closed:
            raise StoreClosed
        self._running += 1

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._running -= 1
        if not self._running and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def refuse(self) -> None:
        """Refuse new calls from now on."""
        self._closed = True

    async def drain(self, timeout: float) -> bool:
        """Wait for the calls that run, *timeout* seconds at most; return whether all ended."""
        if self._running:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=timeout)
        return not self._running

    async def ended(self) -> None:
        """Wait for the calls that `drain` left; the closed session ends them."""
        if self._running and self._emptied is not None:
            await self._emptied
