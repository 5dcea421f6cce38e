"""Rows in memory."""

import asyncio
from uuid import UUID

from .rows import KEPT, SnapshotRow


class MemorySnapshotRows:
    """Keeps the rows of snapshots in a dict; see `SnapshotRows`."""

    def __init__(self) -> None:
        self._rows: dict[UUID, dict[str, dict[int, SnapshotRow]]] = {}

    async def read(self, stream_id: UUID, kind: str) -> SnapshotRow | None:
        """Return the row of the highest version; None if there is none."""
        await asyncio.sleep(0)  # as a call to a server does, it lets other tasks run
        rows = self._rows.get(stream_id, {}).get(kind)
        return rows[max(rows)] if rows else None

    async def write(self, stream_id: UUID, kind: str, row: SnapshotRow) -> bool:
        """Store a row, unless newer ones are kept; see `SnapshotRows.write`."""
        await asyncio.sleep(0)
        rows = self._rows.setdefault(stream_id, {}).setdefault(kind, {})
        kept = sorted({*rows, row.version})[-KEPT:]
        if row.version not in kept:
            return False
        rows[row.version] = row
        for version in rows.keys() - set(kept):
            del rows[version]
        return True

    async def remove(self, stream_id: UUID, kind: str, version: int) -> None:
        """Delete a row."""
        await asyncio.sleep(0)
        self._rows.get(stream_id, {}).get(kind, {}).pop(version, None)

    async def clear(self, stream_id: UUID) -> None:
        """Delete all rows of a stream."""
        await asyncio.sleep(0)
        self._rows.pop(stream_id, None)
