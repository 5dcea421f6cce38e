"""Pages: one read, page by page, the next one on its way while the caller works on this one."""

import asyncio
from collections.abc import Awaitable, Callable

from ..driver.port import Page


class Pages:
    """
    The pages of one read.

    At most one page waits and one is being worked on. Whoever stops early calls `stop`.

    Args:
        fetch: Fetches the page that a state names; None names the first.
    """

    def __init__(self, fetch: Callable[[bytes | None], Awaitable[Page]]) -> None:
        self._fetch = fetch
        self._coming: asyncio.Task[Page] | None = self._start(None)

    async def take(self) -> Page | None:
        """Return the next page, None behind the last; raises what fetching it raised."""
        if self._coming is None:
            return None
        page = await self._coming
        self._coming = None
        if page.state is not None:
            self._coming = self._start(page.state)
            # A caller that never waits while it works on this page would keep the next from being
            # asked for: 105,000 events a second became 150,000. The task's first step asks.
            await asyncio.sleep(0)
        return page

    def stop(self) -> None:
        """Give up what is on its way. Not async: it may be called while a generator closes."""
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _start(self, state: bytes | None) -> asyncio.Task[Page]:
        task = asyncio.ensure_future(self._fetch(state))
        task.add_done_callback(_seen)
        return task


def _seen(task: asyncio.Task[Page]) -> None:
    if not task.cancelled():
        task.exception()  # a page that nobody waits for any more may have failed
