"""Codec: snapshots as rows, and rows as snapshots."""

from typing import Any, Final
from uuid import UUID

from ..checks import check_moment, is_int
from ..codec import Codec, Codecs
from ..codec.compression import SUFFIX, compressed
from ..errors import InvalidArgument, InvalidSnapshot, UndecodableSnapshot
from ..excerpt import excerpt
from ..moments import from_milliseconds, to_milliseconds
from ..settings import Settings
from ..snapshot import Snapshot, StoredSnapshot
from ..versions import MAX_VERSION
from .rows import SnapshotRow

_TYPED_HINT: Final = (
    "store plain data, or give it a type: TypedSnapshotStore(store.snapshots, EventTypes(…))"
)
_ID_BYTES: Final = 16


class SnapshotCodec:
    """
    Encodes and decodes snapshots with the codecs of a store.

    Args:
        codec: Encodes.
        codecs: Decode.
        settings: The store's: compression, and the largest append, which is the largest snapshot.
    """

    def __init__(self, codec: Codec, codecs: Codecs, settings: Settings) -> None:
        self._codec = codec
        self._codecs = codecs
        self._settings = settings

    def row(self, stream_id: UUID, kind: str, snapshot: object) -> SnapshotRow:
        """
        Return a snapshot as a row.

        Raises:
            InvalidSnapshot: it is none, the codec refuses it, it would be read back as another, or
                it is too large.
        """

        def invalid(reason: str, hint: str | None = None) -> InvalidSnapshot:
            return InvalidSnapshot(stream_id, kind, reason, hint=hint)

        if not isinstance(snapshot, Snapshot):
            raise invalid(f"a Snapshot is needed, not {excerpt(snapshot)}")
        version = snapshot.version
        if not is_int(version) or not 1 <= version <= MAX_VERSION:
            raise invalid(f"its version must be 1 to {MAX_VERSION}, not {excerpt(version)}")
        try:
            timestamp = to_milliseconds(check_moment(snapshot.timestamp))
        except (InvalidArgument, OverflowError):
            raise invalid(
                "its timestamp must be that of the event at its version, an aware datetime, "
                f"not {excerpt(snapshot.timestamp)}"
            ) from None
        recent = _recent(snapshot)
        if recent is None:
            raise invalid("the ids of its recent events must be a tuple of UUIDs")
        payload = self._encoded(snapshot.aggregate, invalid)
        content_type = self._codec.content_type
        limit = self._settings.compress_above
        if limit is not None and limit < len(payload) <= self._settings.max_payload_bytes:
            smaller = compressed(payload)
            if smaller is not None:
                payload, content_type = smaller, content_type + SUFFIX
        if len(payload) > self._settings.max_append_bytes:
            raise invalid(
                f"it has {len(payload):,} bytes, above Settings.max_append_bytes "
                f"({self._settings.max_append_bytes:,})"
            )
        return SnapshotRow(version, timestamp, payload, content_type, recent)

    def _encoded(self, aggregate: Any, invalid: Any) -> bytes:
        try:
            payload = self._codec.encode(aggregate)
            again = self._codec.decode(payload)
            alike = bool(again == aggregate)
        except Exception as error:
            raise invalid(f"it cannot be encoded: {error}", _TYPED_HINT) from error
        if type(payload) is not bytes:
            raise invalid(f"the codec returned {type(payload).__name__}, not bytes")
        # A dataclass that comes back as a dict would break the reducer at the next load.
        # Neither is shown: an aggregate may hold personal data, and errors are logged.
        if not alike:
            given, found = type(aggregate).__name__, type(again).__name__
            what = f"another {given}" if given == found else f"a {found}"
            raise invalid(f"a {given} would be read back as {what}", _TYPED_HINT)
        return payload

    def snapshot(self, stream_id: UUID, kind: str, row: SnapshotRow) -> StoredSnapshot[Any]:
        """
        Return a row as a snapshot.

        Raises:
            UndecodableSnapshot: no codec can decode it, or another program wrote the row.
        """
        try:
            payload: Any = row.payload
            timestamp: Any = row.timestamp
            recent = row.recent or b""
            return StoredSnapshot(
                self._codecs.decode(row.content_type, payload),
                row.version,
                from_milliseconds(timestamp),
                tuple(
                    UUID(bytes=recent[at : at + _ID_BYTES])
                    for at in range(0, len(recent), _ID_BYTES)
                ),
            )
        except Exception as error:
            raise UndecodableSnapshot(
                stream_id, kind, row.version, row.content_type, str(error)
            ) from error


def _recent(snapshot: Snapshot[Any]) -> bytes | None:
    recent = snapshot.recent if isinstance(snapshot, StoredSnapshot) else ()
    if not isinstance(recent, tuple) or not all(isinstance(each, UUID) for each in recent):
        return None
    return b"".join(each.bytes for each in recent)
