"""Rows: from what the driver returns to recorded events."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ..codec import Codec, Codecs
from ..drafts import decode_metadata, from_milliseconds
from ..errors import UndecodableEvent
from ..events import RecordedEvent
from .driver import Row

VERSION, PAYLOAD, TIMESTAMP, EVENT_ID, EVENT_TYPE, CONTENT_TYPE, METADATA, MAX_VERSION = range(8)
"""The columns of ``read_forward`` and ``read_backward``, in order."""


class RowDecoder:
    """
    Makes events of rows.

    Args:
        default: The codec that the store writes with; it decodes rows that name none, too.
        others: Codecs that may be met besides it, JSON's and the raw one's.
    """

    def __init__(self, default: Codec, others: Iterable[Codec] = ()) -> None:
        self._codecs = Codecs(default, others)

    def decode(self, stream_id: UUID, row: Row) -> RecordedEvent:
        """
        Return the event of a row.

        Raises:
            UndecodableEvent: no codec here understands its payload or metadata.
        """
        version, payload, timestamp, event_id, event_type, content_type, metadata, _ = row
        try:
            return RecordedEvent(
                stream_id,
                version,
                self._codecs.decode(content_type, payload),
                from_milliseconds(timestamp),
                None if event_id is None else UUID(event_id),
                event_type,
                decode_metadata(metadata),
            )
        except Exception as error:
            raise self._undecodable(stream_id, row, str(error)) from error

    @staticmethod
    def _undecodable(stream_id: UUID, row: Row, reason: str) -> UndecodableEvent:
        data: Any = row[PAYLOAD]
        return UndecodableEvent(stream_id, row[VERSION], row[CONTENT_TYPE], data or b"", reason)
