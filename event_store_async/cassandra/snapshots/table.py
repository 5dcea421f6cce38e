"""Table: the rows of snapshots on Cassandra, a request or two for each method."""

from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID

from ...moments import MAX_TIMESTAMP, MIN_TIMESTAMP, from_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ...snapshots.rows import KEPT, SnapshotRow
from ...stored import SnapshotSummary
from ..driver.port import Bound, Page, Row
from ..driver.session import Session
from ..schema.added_statements import AddedStatements

_ROWS: Final = 1000


class SnapshotTable:
    """
    Reads and writes the table of snapshots; see `SnapshotRows`.

    Nothing here takes part in Paxos: a snapshot is a hint, so any of two that are written at once
    may win. Writes are repeated unchanged until they are answered: writing twice, or late, does no
    harm.

    Args:
        session: The store's.
        statements: Those of the table.
        settings: The store's.
    """

    def __init__(self, session: Session, statements: AddedStatements, settings: Settings) -> None:
        self._session = session
        self._statements = statements
        self._settings = settings

    async def read(self, stream_id: UUID, kind: str) -> SnapshotRow | None:
        """Return the row of the highest version; None if there is none."""
        rows = await self._rows("read_newest", stream_id, kind)
        return next((SnapshotRow(*row) for row in rows), None)

    async def write(self, stream_id: UUID, kind: str, row: SnapshotRow) -> bool:
        """Store a row, unless newer ones are kept; see `SnapshotRows.write`."""
        found = await self._rows("read_versions", stream_id, kind, KEPT)
        kept = sorted({row.version, *(version for (version,) in found)})[-KEPT:]
        if row.version not in kept:
            return False
        deadline = self._deadline()
        write = await self._statements.get("write", deadline)
        values = (row.version, row.timestamp, row.payload, row.content_type, row.recent)
        batch: list[Bound] = [(write, (stream_id, kind, *values))]
        # Only if it drops anything: each range that is dropped leaves a tombstone.
        if len(found) == KEPT and row.version not in {version for (version,) in found}:
            drop = await self._statements.get("drop_older", deadline)
            batch.append((drop, (stream_id, kind, kept[0])))
        await self._put(batch, deadline)
        return True

    async def remove(self, stream_id: UUID, kind: str, version: int) -> None:
        """Delete a row."""
        await self._delete("drop_one", stream_id, kind, version)

    async def remove_kind(self, stream_id: UUID, kind: str) -> None:
        """Delete all rows of a stream and kind."""
        await self._delete("drop_kind", stream_id, kind)

    async def clear(self, stream_id: UUID) -> None:
        """Delete all rows of a stream."""
        await self._delete("drop_stream", stream_id)

    async def scan(self, stream_id: UUID | None) -> AsyncGenerator[SnapshotSummary, None]:
        """Iterate over the rows of a stream, or of all streams; see `Storage.scan_snapshots`."""
        name, values = ("scan", ()) if stream_id is None else ("scan_stream", (stream_id,))
        state: bytes | None = None
        while True:
            page = await self._page(name, values, state)
            for row in page.rows:
                yield _summary(row)
            state = page.state
            if state is None:
                return

    async def _rows(self, name: str, *values: Any) -> list[Row]:
        return (await self._page(name, values, None)).rows

    async def _page(self, name: str, values: tuple[Any, ...], state: bytes | None) -> Page:
        deadline = self._deadline()
        return await self._session.read(
            await self._statements.get(name, deadline),
            values,
            deadline,
            doing="reading snapshots",
            page_size=_ROWS,
            page_state=state,
            explain=self._statements.explain,
        )

    async def _delete(self, name: str, *values: Any) -> None:
        deadline = self._deadline()
        prepared = await self._statements.get(name, deadline)
        await self._put([(prepared, values)], deadline)

    async def _put(self, batch: list[Bound], deadline: Deadline) -> None:
        explain = self._statements.explain
        await self._session.store(batch, deadline, doing="writing snapshots", explain=explain)

    def _deadline(self) -> Deadline:
        return Deadline(self._settings.timeout)


def _summary(row: Row) -> SnapshotSummary:
    stream_id, kind, version, timestamp = row
    valid = timestamp is not None and MIN_TIMESTAMP <= timestamp <= MAX_TIMESTAMP
    moment = from_milliseconds(timestamp) if valid else None
    return SnapshotSummary(UUID(stream_id), kind, version, moment)
