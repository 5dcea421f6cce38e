"""Feed pages: the feed, the categories at its end, and what an event caused."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import FeedDisabled
from ..feeds import Feed, FeedEvent, Position
from .console import EVENTS, Console
from .parameters import is_live, number, text
from .payload import SHOWN
from .recent import Item, position_at, recent
from .rows import EventRow, event_row

LOOKED: Final = 2000
"""How many events at the end of a feed a page looks at, to find some of them."""

_MOST_LOOKED: Final = 20_000
_SECONDS: Final = 4.0


@dataclass(frozen=True)
class FeedQuery:
    """
    Which events of the feed are wanted.

    Attributes:
        category: Their category; None for all.
        type: Their type; None for all.
        at: The number of an event, or a position, after which they are; None for the last ones.
    """

    category: str | None
    type: str | None
    at: str | None

    @classmethod
    def of(cls, request: Request) -> "FeedQuery":
        """Return what an address says; raises `HTTPException`."""
        query = request.query_params
        return cls(text(query, "category"), text(query, "type"), text(query, "at"))

    def feed(self, console: Console) -> Feed[Any]:
        """
        Return the feed, narrowed to these events.

        Raises:
            InvalidArgument: a name is not valid.
            FeedDisabled: the store has no feed at all.
        """
        feed = console.feed(
            (self.category,) if self.category else (), (self.type,) if self.type else ()
        )
        if feed is None:
            raise FeedDisabled(type(console.store).__name__)
        return feed

    @property
    def is_narrow(self) -> bool:
        """Whether not all events are wanted."""
        return bool(self.category or self.type)


class FeedPages:
    """
    The pages that read the feed.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        bounded = self._console.budget.bounded
        return [
            Route("/feed", bounded(self.feed)),
            Route("/categories", bounded(self.categories)),
            Route("/chains/{id:path}", bounded(self.chain)),
        ]

    async def feed(self, request: Request) -> Response:
        """Show the last events of the feed, or those after a position."""
        wanted = FeedQuery.of(request)
        try:
            feed = wanted.feed(self._console)
            head = await feed.head()
        except FeedDisabled:
            return self._without_feed(request)
        following: Position | None = None
        looked_from = None
        if wanted.at is None:
            found = await recent(feed, EVENTS, LOOKED)
            items, first, head = found.items[::-1], found.first, found.head
            looked_from = first if wanted.is_narrow else None
            earlier = _ordinal_before(found.items, first)
        else:
            start = await self._start(feed, head, wanted.at)
            items, following = await _after(feed, start)
            earlier = max(start.ordinal - EVENTS, 0) if start.ordinal else None
        return self._console.page(
            request,
            "feed.html",
            wanted=wanted,
            rows=[event_row(item) for item in items],
            head=head,
            following=following,
            earlier=earlier,
            looked_from=looked_from,
            is_live=wanted.at is None and is_live(request),
            cut=SHOWN,
        )

    async def categories(self, request: Request) -> Response:
        """Show the categories of the last events, and how many of them each has."""
        try:
            feed = FeedQuery(None, None, None).feed(self._console)
            found = await recent(feed, LOOKED, LOOKED)
        except FeedDisabled:
            return self._without_feed(request)
        counts: Counter[str | None] = Counter()
        streams: dict[str | None, set[int]] = {}
        last: dict[str | None, EventRow] = {}
        for item in found.items:
            counts[item.category] += 1
            streams.setdefault(item.category, set()).add(item.stream_id.int)
            last[item.category] = event_row(item, 0)
        return self._console.page(
            request,
            "categories.html",
            found=[
                (name, count, len(streams[name]), last[name])
                for name, count in counts.most_common()
            ],
            looked=len(found.items),
            head=found.head,
        )

    async def chain(self, request: Request) -> Response:
        """Show what belongs to an id, and who caused whom, among the last events of the feed."""
        id_ = request.path_params["id"][:200]
        looked = number(request.query_params, "looked", at_least=1, at_most=_MOST_LOOKED) or LOOKED
        try:
            feed = FeedQuery(None, None, None).feed(self._console)
            found = await recent(feed, looked, looked)
        except FeedDisabled:
            return self._without_feed(request)
        rows = [
            event_row(item)
            for item in found.items
            if isinstance(item, FeedEvent) and _mentions(item, id_)
        ]
        return self._console.page(
            request,
            "chain.html",
            id=id_,
            rows=_nested(rows[-200:]),
            is_cut=len(rows) > 200,
            first=found.first,
            head=found.head,
            more=min(looked * 5, _MOST_LOOKED)
            if found.first > 1 and looked < _MOST_LOOKED
            else None,
            cut=SHOWN,
        )

    async def _start(self, feed: Feed[Any], head: Position, at: str) -> Position:
        """Return the position that an address names, by its text or by the number of an event."""
        if at.isascii() and at.isdecimal() and len(at) <= 18:
            return await position_at(feed.reader, head, int(at))
        position = Position.parse(at)
        position.check_feed(head.feed_id)
        return min(position, head)

    def _without_feed(self, request: Request) -> Response:
        return self._console.page(request, "feedless.html")


async def _after(feed: Feed[Any], position: Position) -> tuple[list[Item], Position | None]:
    """Return some events after a position, and where to go on; None at the end of the feed."""
    items: list[Item] = []
    with anyio.move_on_after(_SECONDS):
        while len(items) < EVENTS:
            page = await feed.page(position, EVENTS - len(items))
            items += page.events
            is_stuck = page.position == position
            position = page.position
            if page.caught_up or is_stuck:
                return items, None
    return items, position


def _ordinal_before(items: list[Item], first: int) -> int | None:
    """Return after which event the page begins that ends before these; None if there is none."""
    lowest = items[0].position.ordinal if items else first
    return max(lowest - 1 - EVENTS, 0) if lowest > 1 else None


def _mentions(event: FeedEvent[Any], id_: str) -> bool:
    row_ids = (str(event.event_id), *(event.metadata or {}).values())
    return any(each == id_ for each in row_ids if isinstance(each, str))


def _nested(rows: list[EventRow]) -> list[tuple[int, EventRow]]:
    """Return events in the order of the feed, each with how many of them led to it."""
    depths: dict[str, int] = {}
    found = []
    for row in rows:
        depth = min(depths.get(row.causation or "", -1) + 1, 6)
        if row.event_id is not None:
            depths[str(row.event_id)] = depth
        found.append((depth, row))
    return found
