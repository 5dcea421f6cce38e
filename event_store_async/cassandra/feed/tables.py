"""The tables of a feed: one request for each method, repeated until it is answered."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from ..._typevars import T
from ...checks import read_clock
from ...errors import FeedDisabled
from ...ids import parse_uuid
from ...moments import to_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ..driver.answer import answer_of
from ..driver.port import Prepared, Row
from ..driver.repeat import repeat
from ..driver.request import Request
from ..driver.session import Session
from ..read.pages import all_rows
from ..read.rows import last_version
from ..schema.statements import StatementCache
from .announcement import Address, Announcement, announced
from .entry import Entry, Links
from .rows import Doorbell, FeedRow, Standing, State, WriterRow

PART_ROWS: Final = 5000
"""Announcements of a part of a lane: a partition of mostly some hundred kilobytes."""

SEGMENT_SIZE: Final = 1000
"""Entries of a segment of the log: a partition of at most some 80 megabytes."""

_TOGETHER: Final = 10
"""Streams of which one request writes something, or reads it: if more are written, a node of
Cassandra logs a warning."""

_ROWS: Final = 5000


class FeedTables:
    """
    Reads and writes the tables of a feed.

    Every method raises `StoreUnavailable` if there is no answer in time, `RequestRefused`,
    `SchemaError` or `MisuseError`. Plain writes are repeated unchanged: writing one twice, or
    late, is the same as writing it once.

    Args:
        session: The store's.
        statements: The store's.
        settings: The store's.
        table: The table of events, as ``keyspace.table``, for errors.
    """

    def __init__(
        self, session: Session, statements: StatementCache, settings: Settings, table: str
    ) -> None:
        self.table = table
        self._session = session
        self._statements = statements
        self._settings = settings

    # The feed's row

    async def feed(self) -> FeedRow:
        """
        Return the feed's row.

        Raises:
            FeedDisabled: there is none.
        """
        rows = await self._rows("feed/read_feed", (), serial=True)
        if not rows:
            raise FeedDisabled(self.table)
        log_id, part_rows, segment_size, state, leader, beat, scanned = rows[0]
        return FeedRow(
            parse_uuid(log_id), part_rows, segment_size, state, _uuid(leader), beat, scanned
        )

    async def made(self, log_id: UUID) -> FeedRow:
        """
        Return the feed's row; make it, for a log with this id, if only its tables are there.

        Raises:
            FeedDisabled: the tables are missing.
        """
        try:
            return await self.feed()
        except FeedDisabled:
            await self.create(new_feed(log_id))
            return await self.feed()

    async def create(self, row: FeedRow) -> None:
        """Create the feed's row, unless there is one."""
        await self._change("create_feed", row.log_id, row.part_rows, row.segment_size, row.state)

    async def set_state(self, log_id: UUID, state: State, scanned: int) -> bool:
        """Change the state of a feed that is built; returns False if it is not, or not any more."""
        return await self._change("set_state", state, scanned, log_id)

    async def lead(self, leader: UUID | None, beat: int, seen: FeedRow) -> bool:
        """Take the lead, or keep it; returns False if the row is no longer as it was seen."""
        return await self._change("lead", leader, beat, seen.leader, seen.beat)

    async def found(self) -> tuple[int, int | None, UUID | None]:
        """Return how many events the scan has found, when it last did, and in which stream."""
        rows = await self._rows("feed/read_found", ())
        found, at, stream_id = rows[0] if rows else (None, None, None)
        return found or 0, at, _uuid(stream_id)

    async def note_found(self, events: int, stream_id: UUID) -> None:
        """Add to what the scan has found. Two that do so at once may count once only."""
        at = to_milliseconds(read_clock(self._settings.clock))
        await self._put("note_found", ((await self.found())[0] + events, at, stream_id))

    # Writers and their lanes

    async def register(self, log_id: UUID, writer: UUID, part_rows: int, prev: UUID | None) -> None:
        """Register a writer."""
        await self._put("register_writer", (log_id, writer, part_rows, prev))

    async def close_writer(self, log_id: UUID, writer: UUID, closed_at: int) -> None:
        """Note that a lane ends, in good order, after a seq."""
        await self._put("close_writer", (closed_at, log_id, writer))

    async def write_low(self, log_id: UUID, writer: UUID, low: int) -> None:
        """Note that all announcements of a lane up to *low* are finished."""
        await self._put("write_low", (low, low, log_id, writer))

    async def writers(self, log_id: UUID) -> list[WriterRow]:
        """Return all writers."""
        rows = await self._rows("feed/read_writers", (log_id,))
        return [
            WriterRow(parse_uuid(writer), part_rows, _uuid(prev), closed_at, low or 0)
            for writer, part_rows, prev, closed_at, low in rows
            if part_rows is not None  # a row of which only `low` is visible yet
        ]

    async def registered(self, log_id: UUID) -> list[tuple[UUID, bool, int]]:
        """Return all writers: whether their lanes are closed, and when they were registered."""
        rows = await self._rows("feed/read_registered", (log_id,))
        return [
            (parse_uuid(row[0]), row[1] is not None, row[2]) for row in rows if row[2] is not None
        ]

    async def announced_at(self, writer: UUID, part: int) -> int | None:
        """Return when the last announcement of a part was written; None if there is none."""
        rows = await self._rows("feed/read_announced", (writer, part))
        return next((row[1] for row in rows), None)

    async def announce(
        self,
        writer: UUID,
        part: int,
        last_seq: int,
        text: str,
        deadline: Deadline,
        *,
        elsewhere: bool,
    ) -> None:
        """Write a row of announcements (`packed`); a single attempt, raises `Fault`."""
        prepared = await self._statements.get("feed/announce", deadline)
        values = (writer, part, last_seq, text)
        await self._session.put([(prepared, values)], deadline, elsewhere=elsewhere)

    def begin_announcing(
        self, writer: UUID, part: int, last_seq: int, text: str, deadline: Deadline
    ) -> Request | None:
        """Do as `announce`, without waiting; None if that is not possible right now."""
        prepared = self._statements.at_once("feed/announce")
        if prepared is None:
            return None
        return self._session.begin_put([(prepared, (writer, part, last_seq, text))], deadline)

    def acknowledge(self, request: Request) -> None:
        """Return if a request of `begin_announcing` was acknowledged; raises `Fault` otherwise."""
        self._session.page(request)

    async def announcements(self, writer: UUID, part: int, after: int) -> list[Announcement]:
        """
        Return the announcements of a part after a seq: those that follow without a gap.

        A row that is missing, or only half visible, may become visible: it ends what is returned.
        """
        return announced(await self._rows("feed/read_announcements", (writer, part, after)), after)

    async def drop_part(self, writer: UUID, part: int) -> None:
        """Delete a part whose announcements are all finished."""
        await self._put("drop_part", (writer, part))

    async def ring(self, bell: Doorbell, deadline: Deadline) -> None:
        """Ring a doorbell; a single attempt, raises `Fault`."""
        prepared = await self._statements.get("feed/ring", deadline)
        # Written with the number as its timestamp: the later ring wins, whatever the clocks say.
        values = (bell.writer, bell.rings, bell.told, bell.rings)
        await self._session.put([(prepared, values)], deadline)

    async def doorbells(self) -> list[Doorbell]:
        """Return the doorbells of all writers."""
        return [
            Doorbell(parse_uuid(writer), rings, told)
            for writer, rings, told in await self._rows("feed/read_doorbells", ())
            if rings is not None
        ]

    # Streams

    async def head(self, stream_id: UUID) -> int:
        """Return the version of a stream, at the serial level; 0 for a stream without events."""
        for head, *others in await self._rows("read_head", (stream_id,), serial=True):
            return last_version(head, others[0] if others else None) or 0
        return 0

    async def standing(self, stream_id: UUID, from_version: int, count: int) -> list[Standing]:
        """
        Return what stands in a stream from a version on: a contiguous run, or nothing.

        Events that are gone are among it, as events that nobody announced, of no type: they were
        truncated before the table had a feed, and its links count them, too.
        """
        values = (stream_id, from_version, count)
        found: list[Standing] = []
        for version, writer, seq, type_, category, *others in await self._rows(
            "feed/read_addresses", values
        ):
            kept_from = others[0] if others and others[0] else 1
            if not found and from_version < kept_from:
                gone = range(from_version, min(kept_from, from_version + count))
                found = [Standing(each, None, None, category) for each in gone]
            if len(found) == count:
                break
            if version < kept_from:
                continue  # the blank row of an event that is gone
            if version != from_version + len(found):
                break
            address = None if writer is None or seq is None else Address(parse_uuid(writer), seq)
            found.append(Standing(version, address, type_, category))
        return found

    async def categories(self, stream_ids: Sequence[UUID]) -> dict[UUID, str | None]:
        """Return the categories of streams with events, in one request."""
        rows = await self._rows("feed/read_categories", (list(stream_ids), len(stream_ids)))
        found: dict[str, str | None] = dict(rows)
        return {it: found[str(it)] for it in stream_ids if str(it) in found}

    # Progress

    async def progress(self, log_id: UUID, stream_id: UUID) -> tuple[int, int]:
        """Return the highest version of a stream in the log, and its entry, as they are written."""
        rows = await self._rows("feed/read_progress", (log_id, stream_id))
        return next(((version or 0, entry or 0) for version, entry in rows), (0, 0))

    async def progresses(self, log_id: UUID, stream_ids: Sequence[UUID]) -> list[tuple[int, int]]:
        """Do as `progress` for several streams, in one request; in their order."""
        if len(stream_ids) == 1:  # such a request goes to a node that has it
            return [await self.progress(log_id, stream_ids[0])]
        values = (log_id, list(stream_ids), len(stream_ids))
        rows = await self._rows("feed/read_progresses", values)
        found = {stream_id: (version or 0, entry or 0) for stream_id, version, entry in rows}
        return [found.get(str(stream_id), (0, 0)) for stream_id in stream_ids]

    async def write_progress(self, log_id: UUID, rows: Sequence[tuple[UUID, int, int]]) -> None:
        """Note the highest versions of streams (stream, version, entry), in one request."""
        await self._put("write_progress", *[(at, to, at, log_id, it) for it, to, at in rows])

    # The log

    async def log_head(self, log_id: UUID, segment: int) -> int | None:
        """Return the last entry of a segment; None if it has none."""
        rows = await self._rows("feed/read_log_head", (log_id, segment), serial=True)
        return next((row[0] for row in rows if row[0]), None)

    async def entries(
        self, log_id: UUID, segment: int, from_entry: int, count: int, *, serial: bool = False
    ) -> list[Entry]:
        """Return entries of a segment from one on: a contiguous run, or nothing."""
        values = (log_id, segment, from_entry, count)
        found: list[Entry] = []
        for row in await self._rows("feed/read_log", values, serial=serial):
            number, ordinal, _, published, links, _ = row
            if links is None or ordinal is None or number != from_entry + len(found):
                break
            found.append(Entry(number, ordinal, Links.from_text(links), published or 0))
        return found

    async def log_statements(self, deadline: Deadline) -> tuple[Prepared, Prepared]:
        """Return the statements of the batch that appends to the log."""
        return (
            await self._statements.get("feed/append_head", deadline),
            await self._statements.get("feed/append_entry", deadline),
        )

    # Requests

    async def _rows(self, name: str, values: tuple[Any, ...], *, serial: bool = False) -> list[Row]:
        deadline = Deadline(self._settings.timeout)
        prepared = await self._statements.get(name, deadline)
        return await all_rows(
            lambda state: self._session.read(
                prepared,
                values,
                deadline,
                doing="reading the feed",
                serial=serial,
                page_size=_ROWS,
                page_state=state,
                explain=self._statements.explain,
            )
        )

    async def _put(self, name: str, *rows: tuple[Any, ...]) -> None:
        deadline = Deadline(self._settings.timeout)
        prepared = await self._statements.get(f"feed/{name}", deadline)
        statements = [(prepared, values) for values in rows]
        explain = self._statements.explain
        await self._session.store(statements, deadline, doing="writing the feed", explain=explain)

    async def _change(self, name: str, *values: Any) -> bool:
        """Send a conditional write until it is answered; return whether it was applied, at last."""
        deadline = Deadline(self._settings.timeout)
        prepared = await self._statements.get(f"feed/{name}", deadline)

        async def attempt(elsewhere: bool) -> bool:
            page = await self._session.write([(prepared, values)], deadline, elsewhere=elsewhere)
            return answer_of(page).applied

        return await repeat(attempt, deadline, self._settings.backoff, "changing the feed")


def together(items: Sequence[T]) -> list[Sequence[T]]:
    """Return what concerns a stream each in parts that one request may have."""
    return [items[at : at + _TOGETHER] for at in range(0, len(items), _TOGETHER)]


def new_feed(log_id: UUID) -> FeedRow:
    """Return the row of a feed whose log is empty."""
    return FeedRow(log_id, PART_ROWS, SEGMENT_SIZE, "building")


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else parse_uuid(text)
