"""Feed: a feed whose personal values are in plain text."""

from functools import partial
from time import monotonic
from typing import Any, Final

from ..checks import check_instance
from ..feeds import BrokenEvent, Feed, FeedEvent, FeedPage, FeedReader, Position, Selection
from ..feeds.wrapped_reader import WrappedFeedReader, converted
from ..ports import KeyStore
from .cached_keys import CachedKeys, cache_of, cached
from .cipher import check_installed
from .key_cache import OpeningKeys
from .opener import ClosedPayload, closed_event, opening_of

_PAGE: Final = 1000
"""The most events of a page: all of them are opened at once, with keys that one request fetches."""


def private_feed(
    feed: Feed[Any], keys: KeyStore, *, cache_seconds: float | None = None
) -> Feed[Any]:
    """
    Return a feed whose personal values are in plain text, as a `PrivateEventStore` reads them.

    ``feed()`` of a private store returns one. With types around it:
    ``typed_feed(private_feed(feed, keys), types)``. The keys of a page are fetched by one request.
    An event that was changed, or moved from elsewhere, is a `BrokenEvent`, whose error is an
    `UndecryptableField`.

    Args:
        feed: The feed of a store to which a `PrivateEventStore` appended. Its selection is kept.
        keys: The keys of the subjects. A `CachedKeys` is shared: ``private_store.keys``.
        cache_seconds: As for `PrivateEventStore`.

    Raises:
        InvalidArgument: an argument is not valid, or ``cryptography`` is not installed.
    """
    check_instance("feed", feed, Feed, "a Feed")
    check_installed()
    reader = PrivateFeedReader(feed.reader, cached(keys, cache_seconds, monotonic))
    return Feed(reader, feed.selection, outages=feed.outages)


class PrivateFeedReader(WrappedFeedReader):
    """
    Reads a feed whose personal values are in plain text; see `private_feed`.

    Args:
        reader: The other feed's.
        keys: The keys of the subjects.
    """

    def __init__(self, reader: FeedReader[Any], keys: CachedKeys) -> None:
        super().__init__(reader)
        self._cache = cache_of(keys)

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        """Return the next events that are selected; see `FeedReader.read_page`."""
        page = await self._reader.read_page(after, min(max_count, _PAGE), selection)
        payloads = [
            None if isinstance(event, BrokenEvent) else closed_event(event) for event in page.events
        ]
        asked = [payload for payload in payloads if payload is not None]
        opening = await opening_of(self._cache, asked)
        events = tuple(
            event
            if isinstance(event, BrokenEvent) or payload is None
            else _opened(event, payload, opening)
            for event, payload in zip(page.events, payloads, strict=True)
        )
        return FeedPage(events, page.position, page.head)


def _opened(
    event: FeedEvent[Any], payload: ClosedPayload, opening: OpeningKeys
) -> FeedEvent[Any] | BrokenEvent:
    if not payload.parts and payload.broken is None:
        return event
    return converted(event, partial(payload.open, opening), event.metadata)
