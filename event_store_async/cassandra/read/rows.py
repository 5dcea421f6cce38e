"""Rows: from what the driver returns to recorded events."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from ...codec import Codec, Codecs
from ...encoding import decode_metadata
from ...errors import UndecodableEvent
from ...events import RecordedEvent, recorded_event
from ...ids import parse_uuid
from ...moments import from_milliseconds
from ..driver.port import Row

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

    def decode(
        self, stream_id: UUID, rows: Iterable[Row]
    ) -> tuple[list[RecordedEvent], UndecodableEvent | None]:
        """
        Return the events of a page's rows, up to the first that cannot be decoded.

        The error, if any, says that no codec here understands its payload or metadata; whoever
        hands out the events raises it behind them.
        """
        events: list[RecordedEvent] = []
        decoding: tuple[str | None, Callable[[bytes], Any]] | None = None
        moment = (0, from_milliseconds(0))
        for row in rows:
            version, payload, timestamp, event_id, event_type, content_type, metadata, _ = row
            try:
                # A page's rows mostly share their content type, and those of an append their time.
                if decoding is None or decoding[0] != content_type:
                    decoding = (content_type, self._codecs.decoder(content_type))
                if moment[0] != timestamp:
                    moment = (timestamp, from_milliseconds(timestamp))
                events.append(
                    recorded_event(
                        stream_id,
                        version,
                        decoding[1](payload),
                        moment[1],
                        None if event_id is None else parse_uuid(event_id),
                        event_type,
                        None if metadata is None else decode_metadata(metadata),
                    )
                )
            except Exception as error:  # noqa: BLE001 - a codec may raise anything
                undecodable = self._undecodable(stream_id, row, str(error))
                undecodable.__cause__ = error
                return events, undecodable
        return events, None

    @staticmethod
    def _undecodable(stream_id: UUID, row: Row, reason: str) -> UndecodableEvent:
        data: Any = row[PAYLOAD]
        return UndecodableEvent(stream_id, row[VERSION], row[CONTENT_TYPE], data or b"", reason)
