"""Restoring: stored events written back bit for bit, through the conditional batch of appends."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio

from ...errors import (
    ConcurrentModification,
    EventStoreError,
    RestoreOutcomeUnknown,
    StreamHole,
    StreamInconsistent,
)
from ...retry import Deadline
from ...settings import Settings
from ...stored import Restored, StoredEvent
from ..driver.faults import Certainty, Fault
from ..driver.port import UNSET, Page, Prepared
from ..driver.session import Session
from ..read.gap_check import Range
from ..read.reader import Reader
from ..schema.statements import AppendStatements, StatementCache


@dataclass(slots=True)
class Restorer:
    """
    Writes stored events at the versions that they had.

    The rules are those of appends (see settling.py): the batch is conditioned on the stream's exact
    version, so it applies once at most and may be repeated. They differ in one point: what stands
    in the stream already is recognised by all that is stored of it, not by its id, since events
    that the Clojure original wrote have none.
    """

    session: Session
    statements: StatementCache
    reader: Reader[StoredEvent]
    settings: Settings

    async def restore(
        self, stream_id: UUID, events: Sequence[StoredEvent], deadline: Deadline
    ) -> Restored | ConcurrentModification:
        """Store the events, or find them stored; see `Storage.restore` for the promises."""
        statements = await self.statements.append(deadline)
        first = events[0].version
        rest = events
        stored = 0
        while rest:
            head = await self._write(statements, stream_id, rest, deadline)
            if head is None:
                stored += len(rest)
                break
            there = rest[: max(0, head - rest[0].version + 1)]
            if not there or not await self._stand(stream_id, there):
                return ConcurrentModification(stream_id, first - 1, head)
            rest = rest[len(there) :]
        return Restored(stream_id, events[-1].version, stored)

    async def _write(
        self,
        statements: AppendStatements,
        stream_id: UUID,
        events: Sequence[StoredEvent],
        deadline: Deadline,
    ) -> int | None:
        """Send the batch until it is answered; returns where the stream is if it did not apply."""
        batch = _batch(statements, stream_id, events)
        expected = events[0].version - 1
        doubtful = elsewhere = False
        for pause in self.settings.backoff.pauses():
            try:
                page = await self.session.write(batch, deadline, elsewhere=elsewhere)
            except Fault as fault:
                elsewhere = True
                doubtful = doubtful or fault.certainty is Certainty.UNKNOWN
                if fault.certainty is Certainty.REFUSED or not deadline.allows(pause):
                    raise _failure(stream_id, events, fault, doubtful) from fault
            else:
                applied, head = _answer(page)
                if applied:
                    return None
                if head == expected:
                    raise StreamInconsistent(stream_id, head)
                # A stream that is behind could yet get there while an attempt is on its way.
                if not doubtful or head > expected:
                    return head
                if not deadline.allows(pause):
                    raise RestoreOutcomeUnknown(stream_id, expected + 1, events[-1].version)
            await anyio.sleep(pause)
        raise AssertionError("pauses never end")

    async def _stand(self, stream_id: UUID, events: Sequence[StoredEvent]) -> bool:
        """Tell whether exactly these events stand in the stream, at the serial level."""
        wanted = Range(stream_id, events[0].version, len(events))
        try:
            async with aclosing(self.reader.read(wanted, page_size=None, serial=True)) as found:
                return [event async for event in found] == list(events)
        except StreamHole:
            return False


def _batch(
    statements: AppendStatements, stream_id: UUID, events: Sequence[StoredEvent]
) -> list[tuple[Prepared, Sequence[Any]]]:
    expected = events[0].version - 1
    batch: list[tuple[Prepared, Sequence[Any]]] = [
        (statements.head, (events[-1].version, stream_id, expected or None))
    ]
    for index, event in enumerate(events):
        cells = (
            event.event_id,
            event.payload,
            event.timestamp,
            event.type,
            event.content_type,
            event.metadata,
        )
        values = (*(UNSET if cell is None else cell for cell in cells), stream_id, event.version)
        batch.append((statements.rest if index else statements.first, values))
    return batch


def _answer(page: Page) -> tuple[bool, int]:
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    head = next((row["max_version"] for row in rows if row.get("max_version")), 0)
    return bool(rows[0]["[applied]"]), head


def _failure(
    stream_id: UUID, events: Sequence[StoredEvent], fault: Fault, doubtful: bool
) -> EventStoreError:
    if doubtful:
        return RestoreOutcomeUnknown(stream_id, events[0].version, events[-1].version)
    return fault.as_error(f"restoring stream {stream_id}")
