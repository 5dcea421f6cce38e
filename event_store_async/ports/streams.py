"""The port of whole stores: `StreamLister`, for what shows which streams there are."""

from collections.abc import AsyncGenerator
from typing import Protocol, cast

from ..errors import InvalidArgument
from ..stream_head import StreamHead


class StreamLister(Protocol):
    """Lists the streams of a store."""

    def streams(
        self,
        after: str | None = None,
        max_count: int | None = None,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamHead, None]:
        """
        Iterate over the streams of the store and their versions, in no particular order.

        A stream that existed before the list began is given exactly once, also if others append to
        it meanwhile. One that begins during the list may or may not be given. The order is the same
        each time, so a list can be continued.

        Args:
            after: Continue after the stream with this cursor (`StreamHead.cursor`), in any process.
                The list that was begun keeps its promises then. None is the beginning.
            max_count: The most streams to return; None is no limit. Fewer are returned only if
                there are no more.
            page_size: Streams fetched at once, 1 to 5,000; None lets the store choose.
            timeout: Seconds in which each page must be answered; None is the store's setting.

        Raises:
            InvalidArgument: at the call, before anything is sent. Also if *after* was changed, or
                is a cursor of another table.
            StoreUnavailable: no quorum answered in time. The list can be continued.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        raise NotImplementedError


def lister(store: object) -> StreamLister:
    """Return a wrapped store as a `StreamLister`; raises `InvalidArgument` if it is none."""
    if not callable(getattr(store, "streams", None)):
        raise InvalidArgument(f"{type(store).__name__} has no streams()")
    return cast("StreamLister", store)
