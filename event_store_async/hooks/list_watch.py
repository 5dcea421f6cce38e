"""The list watch: the facts of one list of streams."""

from collections.abc import AsyncGenerator

from ..stream_head import StreamHead
from .observer import Observer, Stopwatch
from .read_watch import outcome_of
from .records import ListEnded


class ListWatch:
    """
    Counts the streams of one list, and reports how it ended.

    Args:
        observer: Receives the record.
    """

    __slots__ = ("_observer", "_streams")

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._streams = 0

    async def run(
        self, heads: AsyncGenerator[StreamHead, None]
    ) -> AsyncGenerator[StreamHead, None]:
        """Yield the streams of a list, count them, and report how the list ended."""
        stopwatch = Stopwatch()  # nothing happens before the first stream is requested
        try:
            async for head in heads:
                self._streams += 1
                yield head
        except BaseException as error:
            self._ended(stopwatch, error)
            raise
        else:
            self._ended(stopwatch, None)
        finally:
            await heads.aclose()

    def _ended(self, stopwatch: Stopwatch, error: BaseException | None) -> None:
        outcome, name = outcome_of(error)
        self._observer.report(
            ListEnded(
                source=self._observer.source,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                outcome=outcome,
                error=name,
                streams=self._streams,
            )
        )
