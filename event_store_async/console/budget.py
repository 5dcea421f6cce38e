"""Budget: how long a page may take, how many are made at once, and how many of them are live."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]
"""Answers a request."""

PAGE_SECONDS: Final = 10.0
"""The most seconds that a page takes."""

CALL_SECONDS: Final = 5.0
"""Seconds in which the store must answer a request of a page."""

_PAGES: Final = 16
_LIVE: Final = 32


class Budget:
    """
    The limits of one console.

    Args:
        pages: The most pages that are made at the same time; others wait for their turn.
        live: The most pages that go on while they are shown.
        seconds: The most seconds that a page takes, the wait for its turn included.

    Attributes:
        lives: How many live pages there are.
        ended: Set when live pages are to end.
    """

    def __init__(
        self, pages: int = _PAGES, live: int = _LIVE, seconds: float = PAGE_SECONDS
    ) -> None:
        self._pages = anyio.Semaphore(pages)
        self._live = live
        self._seconds = seconds
        self.lives = 0
        self.ended = anyio.Event()

    def end(self) -> None:
        """End all live pages: what serves them is about to stop."""
        self.ended.set()

    def bounded(self, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint that keeps the limits; it raises TimeoutError if it takes too long."""

        async def answer(request: Request) -> Response:
            with anyio.fail_after(self._seconds):
                async with self._pages:
                    return await endpoint(request)

        return answer

    @contextmanager
    def live(self) -> Iterator[None]:
        """
        Count a live page during the block.

        Raises:
            HTTPException: 503, there are too many.
        """
        if self.lives >= self._live:
            raise HTTPException(503, "too many live pages are open")
        self.lives += 1
        try:
            yield
        finally:
            self.lives -= 1
