"""The port of erasure: `StreamEraser`, for events that are to be gone for good."""

from typing import Protocol, cast
from uuid import UUID

from ..errors import InvalidArgument
from ..results import Closed, DeleteResult, TruncateResult
from ..versions import ANY, ExpectedVersion


class StreamEraser(Protocol):
    """
    Erases events of a store for good.

    What all calls share:

    - Versions go on counting. The version of a stream stays what it was, so `NO_STREAM` still
      conflicts, `STREAM_EXISTS` holds, and no version is ever used twice.
    - They are safe to repeat, and nothing brings an event back: where a stream begins only grows.
    - Reads begin with the first event that is kept, in both directions. The feed leaves out what is
      gone, and its positions stay.
    - An event that is gone is not found by its id: an append that repeats it without an exact
      version stores it again. Erase only what nobody will repeat any more.
    - On a table with a feed, only events that are published can be erased: the calls wait for that.
    """

    async def truncate_stream(
        self, stream_id: UUID, *, before: int, timeout: float | None = None
    ) -> TruncateResult:
        """
        Erase the events of a stream below a version.

        Truncating below what is gone already changes nothing.

        Args:
            stream_id: The stream.
            before: The version of the first event that is kept, from 1. One above the version of
                the stream, no event is left.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Returns:
            `Truncated`; or `ConcurrentModification` if the stream has not reached the version
            before *before*. Then nothing is erased.

        Raises:
            InvalidArgument: before anything is sent; nothing is erased.
            ErasureOutcomeUnknown: no quorum answered in time. Repeating the call settles it.
            NotPublished: the feed did not have the events in time; nothing is erased.
            StoreUnavailable: no quorum could be asked in time; nothing is erased.
            StoreOverloaded: others changed the stream without a pause; nothing is erased.
            RequestRefused: the server refuses for good (permissions, limits); nothing is erased.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or lacks the column for truncated streams.
        """
        raise NotImplementedError

    async def delete_stream(
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> DeleteResult:
        """
        Erase all events of a stream, and its stored snapshots. It can be appended to again.

        The next event has the version after the last one that was erased.

        Args:
            stream_id: The stream. One that never had an event stays as it is.
            expected_version: The state that the stream must be in, as for an append. With `ANY`, a
                repetition also erases what was appended since.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Returns:
            `Deleted`; or `ConcurrentModification` if the stream is not in that state. Then nothing
            is erased.

        Raises:
            EventStoreError: as `truncate_stream` does. After an error of the stored snapshots, the
                events are gone; repeating the call deletes the snapshots.
        """
        raise NotImplementedError

    async def close_stream(self, stream_id: UUID, *, timeout: float | None = None) -> Closed:
        """
        Erase all events of a stream, and its stored snapshots, and close it for ever.

        Every later append to it raises `StreamClosed`. Its `EventReader.current_version` is
        2,147,483,647, the highest that there is, so that older releases, too, conflict.

        Args:
            stream_id: The stream. It need not exist: then its id can never be used.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Raises:
            EventStoreError: as `delete_stream` does.
        """
        raise NotImplementedError


def eraser(store: object) -> StreamEraser:
    """Return a wrapped store as a `StreamEraser`; raises `InvalidArgument` if it is none."""
    if not callable(getattr(store, "truncate_stream", None)):
        raise InvalidArgument(f"{type(store).__name__} cannot erase events")
    return cast("StreamEraser", store)
