"""Codec: snapshots as rows, and rows as snapshots."""

import marshal
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from ..checks import check_int
from ..codec import Codec, Codecs
from ..codec.compression import as_stored
from ..errors import InvalidSnapshot, UndecodableSnapshot
from ..moments import from_milliseconds
from ..personal import unencrypted
from ..ports import SnapshotConversion
from ..settings import Settings
from ..snapshot import Snapshot, StoredSnapshot, check_snapshot
from ..versions import MAX_VERSION
from .rows import SnapshotRow

_TYPED_HINT: Final = (
    "store plain data, or give it a type: typed_snapshots(store.snapshots, EventTypes(…))"
)
_ID_BYTES: Final = 16


class SnapshotCodec:
    """
    Encodes and decodes snapshots with the codecs of a store.

    Args:
        codec: Encodes.
        codecs: Decode.
        settings: The store's: compression, and the largest append, which is the largest snapshot.
        conversion: Converts aggregates to what the codecs encode, and back; None converts nothing.
    """

    def __init__(
        self,
        codec: Codec,
        codecs: Codecs,
        settings: Settings,
        conversion: SnapshotConversion[Any] | None = None,
    ) -> None:
        self._codec = codec
        self._codecs = codecs
        self._settings = settings
        self._conversion = conversion

    def converted(self, conversion: SnapshotConversion[Any]) -> "SnapshotCodec":
        """Return a codec for other aggregates: they are converted to those of this one."""
        if self._conversion is not None:
            conversion = _Chained(conversion, self._conversion)
        return SnapshotCodec(self._codec, self._codecs, self._settings, conversion)

    def row(self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]) -> SnapshotRow:
        """
        Return a snapshot as a row.

        Raises:
            InvalidSnapshot: it is none, the codec refuses it, it would be read back as another, or
                it is too large.
        """
        timestamp = check_snapshot(stream_id, kind, snapshot)

        def invalid(reason: str, hint: str | None = None) -> InvalidSnapshot:
            return InvalidSnapshot(stream_id, kind, reason, hint=hint)

        payload = self._encoded(snapshot.aggregate, invalid)
        settings = self._settings
        stored, content_type = as_stored(
            payload, self._codec.content_type, settings.compress_above, settings.max_payload_bytes
        )
        if len(stored) > settings.max_append_bytes:
            raise invalid(
                f"it has {len(stored):,} bytes, above Settings.max_append_bytes "
                f"({settings.max_append_bytes:,})"
            )
        # Last: it takes the most time, and nothing else runs meanwhile.
        self._check_read_back(snapshot.aggregate, payload, invalid)
        recent = snapshot.recent if isinstance(snapshot, StoredSnapshot) else ()
        return SnapshotRow(
            snapshot.version,
            timestamp,
            stored,
            content_type,
            b"".join(each.bytes for each in recent),
        )

    def _encoded(self, aggregate: Any, invalid: Callable[..., InvalidSnapshot]) -> bytes:
        try:
            plain = aggregate if self._conversion is None else self._conversion.plain(aggregate)
            payload = self._codec.encode(plain)
        except Exception as error:
            raise self._cannot_be_stored(error, invalid) from error
        if type(payload) is not bytes:
            raise invalid(f"the codec returned {type(payload).__name__}, not bytes")
        return payload

    def _check_read_back(
        self, aggregate: Any, payload: bytes, invalid: Callable[..., InvalidSnapshot]
    ) -> None:
        """
        Refuse an aggregate that would be read back as another.

        A dataclass that comes back as a dict would break the reducer at the next load. A member of
        an enum that comes back as its value would mislead it.
        """
        try:
            again = self._codec.decode(payload)
            if self._conversion is not None:
                self._conversion.aggregate(again)
                return  # a conversion checks for itself what it gives back
            alike = bool(again == aggregate) and (is_plain(aggregate) or not is_plain(again))
        except Exception as error:
            raise self._cannot_be_stored(error, invalid) from error
        # Neither is shown: an aggregate may hold personal data, and errors are logged.
        if not alike:
            given, found = type(aggregate).__name__, type(again).__name__
            what = f"another {given}" if given == found else f"a {found}"
            raise invalid(f"a {given} would be read back as {what}", _TYPED_HINT)

    def _cannot_be_stored(
        self, error: Exception, invalid: Callable[..., InvalidSnapshot]
    ) -> InvalidSnapshot:
        refused = unencrypted(error)
        if refused is not None:
            return invalid(str(refused), "use the snapshots of a PrivateEventStore(store, keys)")
        hint = _TYPED_HINT if self._conversion is None else None
        return invalid(f"it cannot be stored: {error}", hint)

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
            aggregate = self._codecs.decode(row.content_type, payload)
            if self._conversion is not None:
                aggregate = self._conversion.aggregate(aggregate)
            check_int("version", row.version, at_least=1, at_most=MAX_VERSION)
            return StoredSnapshot(
                aggregate,
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


def is_plain(value: Any) -> bool:
    """Return whether a value consists of the built-in types themselves, and not of subclasses."""
    try:
        marshal.dumps(value)  # takes nothing else, and looks at all of it without an own loop here
    except ValueError:
        return False
    return True


class _Chained:
    """Converts aggregates by one conversion after the other."""

    def __init__(self, outer: SnapshotConversion[Any], inner: SnapshotConversion[Any]) -> None:
        self._outer = outer
        self._inner = inner

    def plain(self, aggregate: Any) -> Any:
        return self._inner.plain(self._outer.plain(aggregate))

    def aggregate(self, plain: Any) -> Any:
        return self._outer.aggregate(self._inner.aggregate(plain))
