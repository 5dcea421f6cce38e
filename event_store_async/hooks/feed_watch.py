"""The feed watch: the facts of one page of the feed."""

from typing import Any

from ..feeds.page import FeedPage, count_of
from .feed_records import FeedPageRead
from .observer import Observer, Stopwatch


class FeedWatch:
    """
    Measures how long a page of the feed takes, and reports it.

    Args:
        observer: Receives the record.
    """

    __slots__ = ("_observer", "_stopwatch")

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._stopwatch = Stopwatch()

    def ended(self, page: FeedPage[Any], links: int) -> None:
        """Report a page, and how many links of the log its events come from."""
        self._observer.report(
            FeedPageRead(
                source=self._observer.source,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                links=links,
                events=count_of(page),
                position=page.position,
                head=page.head,
            )
        )
