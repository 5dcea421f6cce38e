"""The port of stores with a feed: `FeedStore`."""

from collections.abc import Collection
from typing import Any, Protocol, cast

from ..errors import InvalidArgument
from ..feeds import Feed
from .events import EventReaderWriter


class FeedStore(EventReaderWriter[Any], Protocol):
    """Reads streams, appends to them, and has one log of all of them: a feed."""

    def feed(self, *, categories: Collection[str] = (), types: Collection[str] = ()) -> Feed[Any]:
        """
        Return the feed of the table: one log of all its events, or of those that are selected.

        Nothing is sent.

        Args:
            categories: The categories of streams; none is all streams.
            types: The stored names of types; none is all events.

        Raises:
            InvalidArgument: a name is not valid.
            MisuseError: the store is closed, or belongs to another event loop or process.
        """
        raise NotImplementedError


def feeder(store: object) -> FeedStore:
    """Return a wrapped store as a `FeedStore`; raises `InvalidArgument` if it has no feed."""
    if not callable(getattr(store, "feed", None)):
        raise InvalidArgument(f"{type(store).__name__} has no feed()")
    return cast("FeedStore", store)
