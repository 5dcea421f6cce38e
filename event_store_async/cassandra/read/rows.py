"""Rows: the order of the columns, and the conversion of rows to and from events."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar, overload
from uuid import UUID

from ...codec import Codec, Codecs, json_decoder
from ...encoding import EncodedEvent, decode_metadata
from ...errors import UndecodableEvent
from ...events import RecordedEvent, recorded_event
from ...ids import parse_uuid
from ...moments import from_milliseconds
from ...stored import StoredEvent
from ...versions import MAX_VERSION as HIGHEST_VERSION
from ..driver.port import UNSET, Page, Prepared, Row

COLUMNS: Final = (
    "version",
    "payload",
    "timestamp",
    "event_id",
    "event_type",
    "content_type",
    "metadata",
    "max_version",
    "kept_from",
)
"""
The columns that ``read_forward``, ``read_slice`` and ``read_backward`` select, in order. The last
one is missing in a table that was created before streams could be truncated; see `with_kept_from`.
"""

(
    VERSION,
    PAYLOAD,
    TIMESTAMP,
    EVENT_ID,
    EVENT_TYPE,
    CONTENT_TYPE,
    METADATA,
    MAX_VERSION,
    KEPT_FROM,
) = range(9)
"""The position of each column in a row."""

BINDS: Final = (
    "event_id",
    "payload",
    "timestamp",
    "event_type",
    "content_type",
    "metadata",
    "stream_id",
    "version",
)
"""The values that ``append_first`` and ``append_rest`` bind, in order: see `bound_events`."""


def with_kept_from(page: Page) -> list[Row]:
    """Return the rows of a page with ``kept_from`` as their last column, also if there is none."""
    if page.columns[-1:] == ("kept_from",):
        return page.rows
    return [(*row, None) for row in page.rows]


def last_version(max_version: int | None, kept_from: int | None) -> int | None:
    """Return the version of a stream's last event, kept or not; a closed stream's head is above."""
    if max_version == HIGHEST_VERSION and kept_from is not None:
        return kept_from - 1
    return max_version


def bound_events(
    statement: Prepared,
    rest: Prepared,
    stream_id: UUID,
    version: int,
    milliseconds: int,
    events: Sequence[EncodedEvent],
) -> Iterator[tuple[Prepared, tuple[Any, ...]]]:
    """
    Yield the statements that store encoded events after a version, each with what `BINDS` names.

    The first event is stored by *statement*, the others by *rest*.

    A column that is None is not sent at all: as null it would leave a tombstone. In one function
    for all events, since a call for each would be felt on a hot stream.
    """
    for event in events:
        version += 1
        yield (
            statement,
            (
                event.event_id,
                event.encoded_payload,
                milliseconds,
                UNSET if event.type is None else event.type,
                event.content_type,
                UNSET if event.encoded_metadata is None else event.encoded_metadata,
                stream_id,
                version,
            ),
        )
        statement = rest


def announced(
    statements: Iterator[tuple[Prepared, tuple[Any, ...]]], writer: UUID, seq: int
) -> Iterator[tuple[Prepared, tuple[Any, ...]]]:
    """Yield statements with an announcement's address in the first one's values."""
    statement, values = next(statements)
    yield statement, (*values[:-2], writer, seq, *values[-2:])
    yield from statements


def stored_values(event: StoredEvent) -> tuple[Any, ...]:
    """Return what `BINDS` names, for a stored event; a column that is None is not sent."""
    cells = (
        event.event_id,
        event.payload,
        event.timestamp,
        event.type,
        event.content_type,
        event.metadata,
    )
    return (*[UNSET if cell is None else cell for cell in cells], event.stream_id, event.version)


E = TypeVar("E", bound=RecordedEvent[Any])


class RowDecoder:
    """
    Converts rows, and stored events, to recorded events.

    Args:
        default: The store's own codec. It also decodes rows without a content type.
        others: More codecs for decoding. JSON and raw bytes are always among them.
        limit: How many bytes a compressed payload may decompress to.
    """

    def __init__(
        self, default: Codec, others: Iterable[Codec] = (), *, limit: int = 64 * 1024 * 1024
    ) -> None:
        self._codecs = Codecs(default, others, limit=limit)

    @overload
    def decode(
        self, stream_id: UUID, rows: Sequence[Row]
    ) -> tuple[list[RecordedEvent[Any]], UndecodableEvent | None]: ...

    @overload
    def decode(
        self, stream_id: UUID, rows: Sequence[Row], make: Callable[..., E]
    ) -> tuple[list[E], UndecodableEvent | None]: ...

    def decode(
        self, stream_id: UUID, rows: Sequence[Row], make: Callable[..., Any] = recorded_event
    ) -> tuple[list[Any], UndecodableEvent | None]:
        """
        Return the events of some rows, up to the first row that cannot be decoded.

        The error for that row, if any, is returned: the caller hands out the events before it
        raises the error. *make* makes the events, and takes what `recorded_event` does.
        """
        events: list[Any] = []
        decoders: dict[str | None, Callable[[bytes], Any]] = {}
        about: Callable[[bytes], Any] | None = None
        moment = (0, from_milliseconds(0))
        for row in rows:
            version, payload, timestamp, event_id, event_type, content_type, metadata, _, _ = row
            try:
                # Rows mostly share their content type, and those of one append their timestamp.
                decode = decoders.get(content_type)
                if decode is None:
                    payloads = [
                        each[PAYLOAD] or b"" for each in rows if each[CONTENT_TYPE] == content_type
                    ]
                    decode = self._codecs.decoder(content_type, payloads)
                    decoders[content_type] = decode
                if about is None and metadata is not None:
                    about = json_decoder([each[METADATA] or b"" for each in rows])
                if moment[0] != timestamp:
                    moment = (timestamp, from_milliseconds(timestamp))
                events.append(
                    make(
                        stream_id,
                        version,
                        decode(payload),
                        moment[1],
                        None if event_id is None else parse_uuid(event_id),
                        event_type,
                        None if metadata is None or about is None else about(metadata),
                    )
                )
            except Exception as error:  # noqa: BLE001 - a codec may raise anything
                undecodable = _undecodable(stream_id, version, content_type, payload, error)
                undecodable.__cause__ = error
                return events, undecodable
        return events, None

    def decode_stored(self, event: StoredEvent) -> RecordedEvent:
        """
        Return a stored event decoded.

        Raises:
            UndecodableEvent: no codec can decode its payload, or its metadata is not JSON.
        """
        # Any field may be None. Then decoding fails, as it does for a row.
        payload: Any = event.payload
        timestamp: Any = event.timestamp
        try:
            return recorded_event(
                event.stream_id,
                event.version,
                self._codecs.decode(event.content_type, payload),
                from_milliseconds(timestamp),
                event.event_id,
                event.type,
                decode_metadata(event.metadata),
            )
        except Exception as error:
            raise _undecodable(
                event.stream_id, event.version, event.content_type, payload, error
            ) from error


class StoredRowDecoder:
    """Converts rows to stored events. It takes any row."""

    def decode(
        self, stream_id: UUID, rows: Sequence[Row]
    ) -> tuple[list[StoredEvent], UndecodableEvent | None]:
        """Return the events of some rows, and no error."""
        return [_stored(stream_id, row) for row in rows], None


def _stored(stream_id: UUID, row: Row) -> StoredEvent:
    version, payload, timestamp, event_id, event_type, content_type, metadata, _, _ = row
    identity = None if event_id is None else UUID(event_id)
    return StoredEvent(
        stream_id, version, payload, timestamp, identity, event_type, content_type, metadata
    )


def _undecodable(
    stream_id: UUID, version: int, content_type: str | None, payload: bytes | None, error: Exception
) -> UndecodableEvent:
    return UndecodableEvent(stream_id, version, content_type, payload or b"", str(error))
