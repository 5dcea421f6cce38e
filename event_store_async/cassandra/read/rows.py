"""Rows: the order of the columns, and the conversion of rows to and from events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from ...codec import Codec, Codecs, json_values
from ...encoding import EncodedEvent, decode_metadata
from ...errors import UndecodableEvent
from ...events import RecordedEvent, recorded_event, recorded_events
from ...moments import from_milliseconds
from ...stored import StoredEvent
from ...versions import MAX_VERSION as HIGHEST_VERSION
from ..driver.port import UNSET, Page, Prepared, Row, Sparse
from ..schema.statements import EventStatement

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
``feed/read_runs`` selects the stream in the place of ``max_version``.
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

STREAM_ID: Final = MAX_VERSION
"""The position of the stream in a row of ``feed/read_runs``."""

_payload_of = itemgetter(PAYLOAD)

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

BARE_BINDS: Final = tuple(name for name in BINDS if name not in {"event_type", "metadata"})
"""Those of ``append_bare_first`` and ``append_bare_rest``."""


def with_kept_from(page: Page) -> list[Row]:
    """Return the rows of a page with ``kept_from`` as their last column, also if there is none."""
    if page.columns[-1:] == ("kept_from",):
        return page.rows
    return [(*row, None) for row in page.rows]


def payload_bytes(rows: Iterable[Row]) -> int:
    """Return how many bytes the payloads of some rows have."""
    return sum(map(len, filter(None, map(_payload_of, rows))))


def last_version(max_version: int | None, kept_from: int | None) -> int | None:
    """Return the version of a stream's last event, kept or not; a closed stream's head is above."""
    if max_version == HIGHEST_VERSION and kept_from is not None:
        return kept_from - 1
    return max_version


def bound_events(
    statement: EventStatement,
    rest: EventStatement,
    stream_id: UUID,
    version: int,
    milliseconds: int,
    events: Sequence[EncodedEvent],
) -> list[tuple[Prepared, tuple[Any, ...]]]:
    """
    Return the statements that store encoded events after a version, each with its values.

    The first event is stored by *statement*, the others by *rest*.

    A column that is None is not sent at all: as null it would leave a tombstone. In one function
    for all events, since a call for each would be felt on a hot stream.
    """
    made: list[tuple[Prepared, tuple[Any, ...]]] = []
    for event in events:
        version += 1
        values: tuple[Any, ...]
        if event.type is None and event.encoded_metadata is None:
            prepared = statement.bare
            values = (
                event.event_id,
                event.encoded_payload,
                milliseconds,
                event.content_type,
                stream_id,
                version,
            )
        else:
            prepared = statement.whole
            values = (
                event.event_id,
                event.encoded_payload,
                milliseconds,
                event.type or UNSET,  # neither this nor metadata is ever empty
                event.content_type,
                event.encoded_metadata or UNSET,
                stream_id,
                version,
            )
            if event.type is None or event.encoded_metadata is None:
                values = Sparse(values)
        made.append((prepared, values))
        statement = rest
    return made


def addressed(
    first: tuple[Prepared, tuple[Any, ...]], address: tuple[UUID, int]
) -> tuple[Prepared, tuple[Any, ...]]:
    """Return the first statement of an append with its announcement's address in the values."""
    statement, values = first
    # Of the same class: it tells whether some of them are not sent.
    return statement, type(values)((*values[:-2], *address, *values[-2:]))


def stored_values(event: StoredEvent) -> Sparse:
    """Return what `BINDS` names, for a stored event; a column that is None is not sent."""
    cells = (
        event.event_id,
        event.payload,
        event.timestamp,
        event.type,
        event.content_type,
        event.metadata,
    )
    sent = [UNSET if cell is None else cell for cell in cells]
    return Sparse((*sent, event.stream_id, event.version))


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

    def decode(
        self, stream_id: UUID, rows: Sequence[Row]
    ) -> tuple[list[RecordedEvent[Any]], UndecodableEvent | None]:
        """
        Return the events of some rows, up to the first row that cannot be decoded.

        The error for that row, if any, is returned: the caller hands out the events before it
        raises the error.
        """
        events: list[RecordedEvent[Any]] = []
        if not rows:
            return events, None
        try:
            return self._events(stream_id, rows), None
        except Exception:  # noqa: BLE001 - a codec may raise anything
            for row in rows:  # one at a time: those before the broken one are decoded
                try:
                    events += self._events(stream_id, (row,))
                except Exception as error:  # noqa: BLE001
                    undecodable = _undecodable(
                        stream_id, row[VERSION], row[CONTENT_TYPE], row[PAYLOAD], error
                    )
                    undecodable.__cause__ = error
                    return events, undecodable
        return events, None

    def _events(self, stream_id: UUID, rows: Sequence[Row]) -> list[RecordedEvent[Any]]:
        stream_ids = repeat(stream_id, len(rows))
        return recorded_events(zip(stream_ids, *self.columns(rows), strict=True))

    def columns(self, rows: Sequence[Row]) -> tuple[Iterable[Any], ...]:
        """
        Return each of the `EventFields` of some rows, at least one.

        A column at a time, so that most of the work is in calls of C that take a whole column.
        With what that makes possible, a read takes a quarter fewer instructions for each event.

        Raises:
            Exception: anything, if a row cannot be decoded; also while what is returned is
                iterated over.
        """
        versions, payloads, timestamps, event_ids, types, content_types, metadata, _, _ = zip(
            *rows, strict=True
        )
        decoded: Iterable[Any]
        if content_types.count(content_types[0]) == len(rows):
            decoded = self._codecs.decode_all(content_types[0], payloads)
        else:
            decoded = map(self._codecs.decode, content_types, payloads)
        abouts: Sequence[Any] = metadata
        if metadata.count(None) < len(rows):
            values = iter(json_values([each for each in metadata if each is not None]))
            abouts = [None if each is None else next(values) for each in metadata]
        moments = map(_Moments().__getitem__, timestamps)
        return versions, decoded, moments, event_ids, types, abouts

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


class _Moments(dict[int, datetime]):
    """Timestamps as datetimes: the events of one append share theirs."""

    def __missing__(self, milliseconds: int) -> datetime:
        moment = self[milliseconds] = from_milliseconds(milliseconds)
        return moment


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
