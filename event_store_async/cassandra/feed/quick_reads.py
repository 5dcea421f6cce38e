"""Quick reads: many runs of events, several in a request, without a task while all goes well."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from ...retry import Deadline
from ..driver.request import Request
from ..read.excerpts import Excerpt, Excerpts, VersionSpan
from .wanted import Run


class QuickReads:
    """
    Reads runs side by side, each request sent once.

    A task for each request would take as long as all else that the client does for a short run. So
    the answers arrive by callbacks. What is not answered as expected is left to a careful reader.

    Args:
        excerpts: Reads them.
        groups: The runs; those of a group in one request. A group is taken when that is sent.
        ask: Returns what to ask for, for a run from a version on. It asks for no events if they are
            known to be gone.
        take: Takes the answer to that; returns whether more fits on the page.
        deadline: Until when requests are sent.
    """

    def __init__(
        self,
        excerpts: Excerpts,
        groups: Iterator[Sequence[Run]],
        ask: Callable[[Run, int], VersionSpan],
        take: Callable[[Run, Excerpt], bool],
        deadline: Deadline,
    ) -> None:
        self._excerpts = excerpts
        self._groups = groups
        self._ask = ask
        self._take = take
        self._deadline = deadline
        self._left: list[tuple[Run, int]] = []
        self._in_flight = self._at_once = 0  # streams
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_stopped = False

    async def read(self, at_once: int) -> list[tuple[Run, int]]:
        """
        Read; return the runs of which something is left, each with its first version of that.

        Args:
            at_once: Streams that are read side by side.
        """
        self._at_once = at_once
        self._fill()
        if self._in_flight:
            try:
                await self._ended
            finally:
                self._is_stopped = True
        return self._left

    def _fill(self) -> None:
        """Send requests until so many streams are read side by side."""
        while not self._is_stopped and self._in_flight < self._at_once:
            group = next(self._groups, None)
            if group is None:
                return
            self._send([(run, run.first) for run in group])

    def _send(self, group: Sequence[tuple[Run, int]]) -> None:
        """Send a request for runs, each from a version on, unless all of that is gone."""
        asked = [(run, self._ask(run, version)) for run, version in group]
        asked = [(run, span) for run, span in asked if span.length]
        if not asked:
            return
        request = self._excerpts.begin([span for _, span in asked], self._deadline)
        if request is None:  # a careful reader meets the reason
            self._left += [(run, span.first) for run, span in asked]
            self._is_stopped = True
            return
        self._in_flight += len(asked)
        request.then(self._answered, asked, request)

    def _answered(self, asked: Sequence[tuple[Run, VersionSpan]], request: Request) -> None:
        self._in_flight -= len(asked)
        if self._ended.done():
            return  # the caller was cancelled
        try:
            excerpts = self._excerpts.answer(request, [span for _, span in asked])
            for (run, span), excerpt in zip(asked, excerpts, strict=True):
                self._took(run, span, excerpt)
        except Exception:  # noqa: BLE001 - whatever it is, a careful reader meets it again
            self._left += [(run, span.first) for run, span in asked]
        try:
            self._fill()
        except Exception as error:  # noqa: BLE001 - nobody else would tell the one who waits
            self._ended.set_exception(error)
            return
        if not self._in_flight:
            self._ended.set_result(None)

    def _took(self, run: Run, span: VersionSpan, excerpt: Excerpt) -> None:
        """Take an answer, and ask for what follows it."""
        fits = self._take(run, excerpt)
        following = span.first + len(excerpt.rows)
        if len(excerpt.rows) < span.length:
            self._left.append((run, following))
        elif fits and following <= run.last:
            self._send([(run, following)])
