"""Wrapped store: what a store passes on that changes the events of another store."""

from collections.abc import AsyncGenerator
from uuid import UUID

from .._typevars import P_co
from ..results import Closed, DeleteResult, TruncateResult
from ..stream_head import StreamHead
from ..versions import ANY, ExpectedVersion
from .erasure import StreamEraser, eraser
from .events import EventReader, EventReaderWriter
from .snapshots import reads_personal
from .streams import StreamLister, lister


class WrappedStore(EventReader[P_co], StreamLister, StreamEraser):
    """Private. Passes on what concerns no payload; a subclass has the other store."""

    _store: EventReaderWriter

    @property
    def reads_personal(self) -> bool:
        """Whether what is read may hold personal values that the other store decrypts."""
        return reads_personal(self._store)

    async def current_version(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        return await self._store.current_version(stream_id, serial=serial, timeout=timeout)

    def streams(  # noqa: D102 - inherited from the port
        self,
        after: str | None = None,
        max_count: int | None = None,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamHead, None]:
        return lister(self._store).streams(after, max_count, page_size=page_size, timeout=timeout)

    async def truncate_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, before: int, timeout: float | None = None
    ) -> TruncateResult:
        return await eraser(self._store).truncate_stream(stream_id, before=before, timeout=timeout)

    async def delete_stream(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> DeleteResult:
        store = eraser(self._store)
        return await store.delete_stream(stream_id, expected_version, timeout=timeout)

    async def close_stream(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, timeout: float | None = None
    ) -> Closed:
        return await eraser(self._store).close_stream(stream_id, timeout=timeout)
