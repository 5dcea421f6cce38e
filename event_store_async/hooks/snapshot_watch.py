"""The snapshot watch: the facts of one call on a stored snapshot."""

import asyncio
from typing import Final
from uuid import UUID

from ..errors import (
    InvalidArgument,
    RequestRefused,
    StoreUnavailable,
    UndecodableSnapshot,
)
from .observer import Observer, Stopwatch, word_for
from .records import SnapshotEnded, SnapshotOperation, SnapshotOutcome

_OUTCOMES: Final[tuple[tuple[type[BaseException], SnapshotOutcome], ...]] = (
    (UndecodableSnapshot, "undecodable"),
    (InvalidArgument, "invalid"),
    (StoreUnavailable, "unavailable"),
    (RequestRefused, "refused"),
    (asyncio.CancelledError, "cancelled"),
)


class SnapshotWatch:
    """
    Collects the facts of one call and reports them.

    Args:
        observer: Receives the record; None for a store without hooks.
        operation: What is done.
        stream_id: The stream id that the caller gave, not checked yet.
        kind: The kind that the caller gave, not checked yet.

    Attributes:
        version: The version of the snapshot, once it is known.
        bytes: The size of the encoded aggregate, once it is known.
        reason: Why the snapshot is rejected.
    """

    __slots__ = (
        "_kind",
        "_observer",
        "_operation",
        "_stopwatch",
        "_stream_id",
        "bytes",
        "reason",
        "version",
    )

    def __init__(
        self,
        observer: Observer | None,
        operation: SnapshotOperation,
        stream_id: object,
        kind: object,
    ) -> None:
        self._observer = observer
        self._operation = operation
        self._stream_id = stream_id if isinstance(stream_id, UUID) else None
        self._kind = kind if isinstance(kind, str) else ""
        self._stopwatch = Stopwatch()
        self.version: int | None = None
        self.bytes = 0
        self.reason: str | None = None

    def ended(self, outcome: SnapshotOutcome) -> None:
        """Report how the call ended."""
        self._report(outcome, None)

    def failed(self, error: BaseException) -> None:
        """Report the error that the call ended with."""
        outcome: SnapshotOutcome = word_for(error, _OUTCOMES, "failed")
        self._report(outcome, type(error).__name__)

    def _report(self, outcome: SnapshotOutcome, error: str | None) -> None:
        if self._observer is None:
            return
        self._observer.report(
            SnapshotEnded(
                source=self._observer.source,
                stream_id=self._stream_id,
                kind=self._kind,
                operation=self._operation,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                outcome=outcome,
                error=error,
                reason=self.reason,
                version=self.version,
                bytes=self.bytes,
            )
        )
