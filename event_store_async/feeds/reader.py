"""The port of feeds: `FeedReader`, a page at a time."""

from typing import Protocol
from uuid import UUID

from .._typevars import P_co
from .page import FeedPage
from .position import Position
from .selection import Selection


class FeedReader(Protocol[P_co]):
    """
    Reads the feed of a table: one log of all its committed events.

    No committed event is left out, and none comes twice. The events of a stream come in the order
    of their versions, and positions rise. Every reader sees the same order, which never changes.
    An append that began after another one of the same store was acknowledged comes after it, also
    if their streams differ. Between other appends, any order is right.
    """

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[P_co]:
        """
        Return the next events that are selected.

        A page may hold fewer events than *max_count*, or none, before the end of the feed. Its
        position has moved all the same.

        Args:
            after: Exclusive; None is the beginning.
            max_count: The most events to return, 1 or more.
            selection: Which events are wanted.

        Raises:
            InvalidArgument: before anything is sent.
            ForeignPosition: *after* is a position in another feed.
            FeedDisabled: the table has no feed.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: a table is missing, or its schema has another version.
        """
        raise NotImplementedError

    async def head(self) -> Position:
        """
        Return the end of the feed: the position of its last event.

        Raises:
            EventStoreError: as `read_page` does.
        """
        raise NotImplementedError

    async def changed(self, after: Position, timeout: float) -> bool:
        """
        Wait until the feed seems to have events after a position.

        It is a hint: after False there may be events, and after True there may be none.

        Args:
            after: The position up to which the caller has read.
            timeout: The most seconds to wait.

        Raises:
            EventStoreError: as `read_page` does.
        """
        raise NotImplementedError

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """
        Return a position at or after an event: a reader that has passed it has passed the event.

        It need not be the event's own, and may be later at each call.

        Args:
            stream_id: The stream of the event.
            version: Its version.

        Returns:
            The position; None if the event is not in the feed, or not yet. It may be None for a
            moment although the event can be read already.

        Raises:
            EventStoreError: as `read_page` does.
        """
        raise NotImplementedError
