"""Overview: whether the store is well, what comes in, and who is behind."""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import EventStoreError, FeedDisabled
from ..feeds import FeedEvent, Position
from ..health import Health
from ..moments import utc_now
from ..subscriptions import SubscriptionStatus
from .console import Console
from .doctor import Doctor
from .parameters import is_live
from .plot import plot
from .recent import position_at

_REFRESH: Final = "2"
_MOST: Final = 200
_HEALTH_SECONDS: Final = 3.0
FEED: Final = "feed"
"""The series of the number of events in the feed."""


@dataclass(frozen=True)
class Pulse:
    """
    What the end of a feed says.

    Attributes:
        head: The end of the feed.
        age: Seconds since its last event was appended; None if there is none that can be read.
        delay: Seconds from its append to its publication, by the clocks of its writer and of the
            sequencer; None if that is not known.
        lag: At most how many events are stored and not in the feed, if this process knows.
        oldest: Seconds since the oldest of them was announced, if this process knows.
    """

    head: Position
    age: float | None
    delay: float | None
    lag: int | None
    oldest: float | None


class OverviewPages:
    """
    The overview, and the parts of it that are looked at again while it is shown.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._doctor = Doctor(console.store)

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        bounded = self._console.budget.bounded
        return [
            Route("/", bounded(self.overview)),
            Route("/parts/pulse", bounded(self.pulse)),
            Route("/parts/doctor", self.doctor),
        ]

    async def overview(self, request: Request) -> Response:
        """Show the overview."""
        health = await self._health()
        known, problem = await subscription_statuses(self._console)
        return self._console.page(
            request,
            "overview.html",
            health=health,
            has_feed=await self._has_feed(),
            examines=self._doctor.is_there,
            statuses=known,
            problem=problem,
            is_live=is_live(request),
        )

    async def pulse(self, request: Request) -> Response:
        """Show how many events come in; a part of the overview, which reloads itself."""
        live = is_live(request)
        found = await self._pulse()
        samples = self._console.samples
        samples.add(FEED, found.head.ordinal)
        return self._console.page(
            request,
            "pulse.html",
            headers={"refresh": _REFRESH} if live else None,
            pulse=found,
            rate=samples.rate(FEED),
            plot=plot(samples.rates(FEED)),
        )

    async def doctor(self, request: Request) -> Response:
        """Show what the doctor finds; a part of the overview, since it takes some seconds."""
        if not self._doctor.is_there:
            return self._console.page(request, "doctor.html", examination=None)
        found = await self._doctor.examination()
        return self._console.page(request, "doctor.html", examination=found)

    async def _health(self) -> Health | None:
        asked = getattr(self._console.store, "health", None)
        if not callable(asked):
            return None
        found: Health = await asked(timeout=_HEALTH_SECONDS)
        return found

    async def _has_feed(self) -> bool:
        try:
            feed = self._console.feed()
            if feed is not None:
                await feed.head()
        except FeedDisabled:
            return False
        except EventStoreError:
            return True  # the part of the feed says what is wrong
        return feed is not None

    async def _pulse(self) -> Pulse:
        feed = self._console.feed()
        if feed is None:
            raise FeedDisabled(type(self._console.store).__name__)
        head = await feed.head()
        age = delay = None
        if head.ordinal:
            last = await position_at(feed.reader, head, head.ordinal - 1)
            page = await feed.page(last, 1)
            for item in page.events:
                if isinstance(item, FeedEvent):
                    age = _seconds(item.timestamp, utc_now())
                    delay = await self._delay(last, item)
        statistics = getattr(self._console.store, "statistics", None)
        known = statistics().feed if callable(statistics) else None
        return Pulse(head, age, delay, getattr(known, "lag", None), getattr(known, "oldest", None))

    async def _delay(self, before: Position, event: FeedEvent[Any]) -> float | None:
        """Return how long after its append an event was published, if the store tells."""
        operations = getattr(self._console.store, "operations", None)
        if operations is None:
            return None
        async with aclosing(operations.feed_links(before)) as links:
            async for link in links:
                if link.stream_id == event.stream_id and link.last >= event.version:
                    return _seconds(event.timestamp, link.published)
        return None


def _seconds(earlier: datetime, later: datetime) -> float:
    return max((later - earlier).total_seconds(), 0.0)  # the clocks may differ


async def subscription_statuses(
    console: Console,
) -> tuple[list[SubscriptionStatus], EventStoreError | None]:
    """
    Return the subscriptions, and add how far each is behind to its samples.

    Returns:
        The first subscriptions by name, and what kept the others from being read.
    """
    found: list[SubscriptionStatus] = []
    subscriptions = console.subscriptions
    if subscriptions is None:
        return found, None
    try:
        async with aclosing(subscriptions.all()) as statuses:
            async for status in statuses:
                console.samples.add(series_of(status), status.lag.events)
                found.append(status)
                if len(found) == _MOST:
                    break
    except FeedDisabled:
        return found, None
    except EventStoreError as error:
        return found, error
    return found, None


def series_of(status: SubscriptionStatus) -> str:
    """Return the name of the series of how far a subscription is behind."""
    return f"subscription {status.registration.name}"
