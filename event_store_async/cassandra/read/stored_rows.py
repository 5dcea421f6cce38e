"""Stored rows: from what the driver returns to stored events, undecoded."""

from collections.abc import Iterable
from uuid import UUID

from ...errors import UndecodableEvent
from ...stored import StoredEvent
from ..driver.port import Row


class StoredRows:
    """Makes stored events of rows; there is none that it cannot."""

    def decode(
        self, stream_id: UUID, rows: Iterable[Row]
    ) -> tuple[list[StoredEvent], UndecodableEvent | None]:
        """Return the events of a page's rows."""
        return [_stored(stream_id, row) for row in rows], None


def _stored(stream_id: UUID, row: Row) -> StoredEvent:
    version, payload, timestamp, event_id, event_type, content_type, metadata, _ = row
    identity = None if event_id is None else UUID(event_id)
    return StoredEvent(
        stream_id, version, payload, timestamp, identity, event_type, content_type, metadata
    )


def row_of(event: StoredEvent) -> Row:
    """Return the row that an event stands in, for the codecs to judge."""
    identity = None if event.event_id is None else str(event.event_id)
    return (
        event.version,
        event.payload,
        event.timestamp,
        identity,
        event.type,
        event.content_type,
        event.metadata,
        None,
    )
