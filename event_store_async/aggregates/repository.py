"""Repository: aggregates, loaded from their streams."""

from typing import Generic, overload
from uuid import UUID

from ..checks import check_aggregate_version
from ..ports import EventReader
from .cache import SnapshotCache
from .loading import Loading
from .reducer import Reducer
from .results import InvalidAggregateVersion
from .snapshot import Snapshot
from .variables import A, E


class Repository(Generic[A, E]):
    """
    Loads aggregates from their streams.

    Streams are read in pages, and no more than a page is held: memory does not grow with them.

    Args:
        reader: Reads the streams: a store, most often.
        reducer: Makes aggregates of them.
        page_size: Events fetched at once; None lets the store choose by their size.
        cache: Remembers aggregates, so that only what is new is read. It must be given to no
            other repository.

    Attributes:
        loading: What the repository and its `CommandHandler` share.
    """

    def __init__(
        self,
        reader: EventReader[E],
        reducer: Reducer[A, E],
        *,
        page_size: int | None = None,
        cache: SnapshotCache | None = None,
    ) -> None:
        self.loading = Loading(reader, reducer, page_size, cache)

    @overload
    async def load(self, stream_id: UUID, expected_version: None = None) -> Snapshot[A]: ...

    @overload
    async def load(
        self, stream_id: UUID, expected_version: int | None
    ) -> Snapshot[A] | InvalidAggregateVersion: ...

    async def load(
        self, stream_id: UUID, expected_version: int | None = None
    ) -> Snapshot[A] | InvalidAggregateVersion:
        """
        Return an aggregate as it is: with every append acknowledged before the call.

        Args:
            stream_id: The aggregate's stream; one without events gives the reducer's initial
                aggregate at version 0.
            expected_version: The version it must be at; None for any. An aggregate at another
                version is refused, with an `InvalidAggregateVersion` as a value.

        Raises:
            InvalidExpectedVersion: it is no version; nothing is read.
            EventStoreError: as `EventReader.read_events` does.
            Exception: what the reducer raises.
        """
        check_aggregate_version(expected_version)
        known, _ = await self.loading.load(stream_id, self.loading.cached(stream_id))
        version = known.snapshot.version
        if expected_version is not None and version != expected_version:
            return InvalidAggregateVersion(stream_id, expected_version, version)
        return known.snapshot
