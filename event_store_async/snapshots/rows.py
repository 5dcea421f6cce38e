"""Rows: a snapshot as it is stored, and the port of what stores it."""

from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

KEPT: Final = 3
"""
How many snapshots of one stream and kind are kept.

One would do. The others are there for whoever looks for the moment at which a state went wrong.
"""


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """
    A snapshot as it is stored. If another program wrote the row, any field can be None.

    Attributes:
        version: Its version.
        timestamp: The timestamp of the event at that version, in milliseconds since the epoch.
        payload: The aggregate, encoded and perhaps compressed.
        content_type: The codec of the payload, and whether it is compressed.
        recent: The ids of the last events, 16 bytes each.
    """

    version: int
    timestamp: int | None
    payload: bytes | None
    content_type: str | None
    recent: bytes | None


class SnapshotRows(Protocol):
    """
    Stores the rows of snapshots. The arguments have been checked.

    Every method raises `StoreUnavailable`, `RequestRefused`, `SchemaError` or `MisuseError`.
    """

    async def read(self, stream_id: UUID, kind: str) -> SnapshotRow | None:
        """Return the row of the highest version; None if there is none."""

    async def write(self, stream_id: UUID, kind: str, row: SnapshotRow) -> bool:
        """
        Store a row, and delete those that are older than the newest `KEPT`.

        Returns False if it is itself older than these: then nothing is stored.
        """

    async def remove(self, stream_id: UUID, kind: str, version: int) -> None:
        """Delete a row."""

    async def clear(self, stream_id: UUID) -> None:
        """Delete all rows of a stream."""
