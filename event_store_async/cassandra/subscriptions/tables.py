"""The tables of subscriptions: a request for each method, repeated until it is answered."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from ...errors import EventStoreError, StoreUnavailable
from ...feeds import Position
from ...ports.slices import Beat, ParkedStream, SkippedEvent
from ...retry import Deadline
from ...settings import Settings
from ...tasks import task_group
from ..driver.answer import answer_of
from ..driver.faults import Certainty, Fault
from ..driver.port import Bound, Row, Sparse
from ..driver.repeat import repeat
from ..driver.session import Session
from ..read.pages import all_rows
from ..schema.added_statements import AddedStatements
from .rows import (
    SliceState,
    StoredRegistration,
    beat_of,
    holding_text,
    microseconds,
    registration_of,
    skipped_of,
    states_of,
    values_of,
)

_CHANGING: Final = "changing subscriptions"
_ROWS: Final = 1000
_SLICES_AT_ONCE: Final = 100
"""How many slices one request reads: the node that it is sent to asks for each partition."""


class Written:
    """
    The outcome of a compare-and-set.

    Attributes:
        applied: Whether the last request was applied.
        doubtful: Whether an earlier one may have been, whose outcome is unknown.
    """

    __slots__ = ("applied", "doubtful")

    def __init__(self) -> None:
        self.applied = False
        self.doubtful = False


class SubscriptionTables:
    """
    Reads and writes the tables of subscriptions.

    Every method raises `FeedDisabled` on a table without a feed, `StoreUnavailable` if there is no
    answer in time, `RequestRefused`, `SchemaError` or `MisuseError`.

    Args:
        session: The store's.
        statements: Those of the tables.
        settings: The store's.
    """

    def __init__(self, session: Session, statements: AddedStatements, settings: Settings) -> None:
        self._session = session
        self._statements = statements
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """The settings of the store."""
        return self._settings

    # Registrations

    async def names(self) -> list[str]:
        """Return the names of all subscriptions."""
        return [row[0] for row in await self._rows("read_names", ())]

    async def registration(self, name: str, *, serial: bool = True) -> StoredRegistration | None:
        """Return a registration; None if there is none."""
        rows = await self._rows("read_registration", (name,), serial=serial)
        return next((registration_of(row) for row in rows), None)

    async def register(self, made: StoredRegistration) -> Written:
        """Store a new registration, unless there is one of its name."""
        values = (made.public.name, made.id, *made.values())
        return await self._change([("register", values)])

    async def change_registration(self, made: StoredRegistration, seen: int) -> Written:
        """Store a registration, if its revision is still as it was seen."""
        own = (made.public.next_slices, made.next_series, made.public.name, made.id, seen)
        return await self._change([("change_registration", (*made.values(), *own))])

    async def unregister(self, known: StoredRegistration) -> Written:
        """Delete a registration, if it is still as it was seen."""
        return await self._change([("unregister", (known.public.name, known.id, known.revision))])

    # SliceStates

    async def state(self, series: UUID, number: int, start: Position) -> SliceState:
        """Return a slice and its parked streams, at the serial level."""
        rows = await self._rows("read_slice", (series, number), serial=True)
        return states_of(((0, *row[1:]) for row in rows), 1, start)[0]

    async def states(self, series: UUID, slices: int, start: Position) -> list[SliceState]:
        """Return all slices of a series and their parked streams."""
        return states_of(await self._of_slices("read_slices", series, slices), slices, start)

    async def holders(self, series: UUID, slices: int) -> dict[int, tuple[UUID | None, int]]:
        """Return the holder and the fence of each slice of a series that has been claimed."""
        rows = await self._of_slices("read_holders", series, slices, _SLICES_AT_ONCE)
        return {
            number: (None if holder is None else UUID(holder), fence)
            for number, holder, fence in rows
            if fence
        }

    async def change_slice(
        self, series: UUID, number: int, state: SliceState, before: SliceState
    ) -> Written:
        """Store a slice and its parked streams, if its revision is still what it was before."""
        seen = before.revision or None
        batch = [("change_slice", (*state.values(), series, number, seen))]
        for stream_id in before.parked.keys() - state.parked.keys():
            batch.append(("unpark", (series, number, str(stream_id))))
        for stream_id, row in state.parked.items():
            known = before.parked.get(stream_id)
            if row != known:
                batch.append(_parking(series, number, row, known))
        return await self._change(batch)

    async def fill_slice(self, series: UUID, number: int, rows: Sequence[ParkedStream]) -> Written:
        """Put parked streams into a slice, unless it has a row of its own."""
        batch = [("fill_slice", (series, number))]
        batch += [_parking(series, number, row, None) for row in rows]
        return await self._change(batch)

    async def drop_slices(self, series: UUID, slices: int) -> None:
        """Delete the slices of a series that has ended."""
        async with task_group() as group:
            for numbers in _chunks(slices):
                group.start_soon(self._put, "drop_slices", (series, numbers))

    # Members

    async def beat(self, id_: UUID, member: UUID, beat: Beat) -> None:
        """Store the beat of a member, unless a later one is stored."""
        values = (id_, member, beat.generation, beat.count, holding_text(beat), beat.count + 1)
        await self._put("beat", values)

    async def members(self, id_: UUID) -> dict[UUID, Beat]:
        """Return the last beat of each member."""
        rows = await self._rows("read_members", (id_,))
        return dict(beat_of(row) for row in rows if row[2] is not None)

    async def leave(self, id_: UUID, member: UUID, count: int) -> None:
        """Delete the beats of a member up to a count."""
        await self._put("leave", (count + 1, id_, member))

    # What was skipped

    async def skip(self, id_: UUID, skip: UUID, record: SkippedEvent) -> None:
        """Store the record of an event that is skipped."""
        what = (record.stream_id, record.version, record.error, record.reason, record.by)
        await self._put("skip", (id_, microseconds(record.at), skip, *what))

    async def unskip(self, id_: UUID, skip: UUID, record: SkippedEvent) -> None:
        """Delete the record of an event that was not skipped after all."""
        await self._put("unskip", (id_, microseconds(record.at), skip))

    async def skipped(self, id_: UUID) -> list[SkippedEvent]:
        """Return all events that were ever skipped, in that order."""
        return [skipped_of(row) for row in await self._rows("read_skipped", (id_,))]

    async def drop_all(self, known: StoredRegistration) -> None:
        """Delete what is stored of a registration beside itself and its slices."""
        async with task_group() as group:
            group.start_soon(self._put, "drop_members", (known.id,))
            group.start_soon(self._put, "drop_skipped", (known.id,))

    # Requests

    async def _of_slices(self, name: str, series: UUID, slices: int, *more: int) -> list[Row]:
        chunks = _chunks(slices)
        if len(chunks) == 1:
            return await self._rows(name, (series, chunks[0], *more))
        found: list[Row] = []

        async def read(numbers: list[int]) -> None:
            found.extend(await self._rows(name, (series, numbers, *more)))

        async with task_group() as group:
            for numbers in chunks:
                group.start_soon(read, numbers)
        return found

    async def _rows(self, name: str, values: tuple[Any, ...], *, serial: bool = False) -> list[Row]:
        deadline = Deadline(self._settings.timeout)
        prepared = await self._statements.get(name, deadline)
        return await all_rows(
            lambda state: self._session.read(
                prepared,
                values,
                deadline,
                doing="reading subscriptions",
                serial=serial,
                page_size=_ROWS,
                page_state=state,
                explain=self._statements.explain,
            )
        )

    async def _put(self, name: str, values: tuple[Any, ...]) -> None:
        deadline = Deadline(self._settings.timeout)
        prepared = await self._statements.get(name, deadline)
        await self._session.store(
            [(prepared, values)],
            deadline,
            doing="writing subscriptions",
            explain=self._statements.explain,
        )

    async def _change(self, batch: Iterable[tuple[str, tuple[Any, ...]]]) -> Written:
        """Send a compare-and-set until it is answered."""
        deadline = Deadline(self._settings.timeout)
        bound: list[Bound] = [
            (await self._statements.get(name, deadline), values) for name, values in batch
        ]
        outcome = Written()

        async def attempt(again: bool) -> None:
            try:
                page = await self._session.write(bound, deadline, elsewhere=again)
            except Fault as fault:
                outcome.doubtful = outcome.doubtful or fault.certainty is Certainty.UNKNOWN
                raise
            outcome.applied = answer_of(page).applied

        try:
            await repeat(
                attempt, deadline, self._settings.backoff, _CHANGING, self._statements.explain
            )
        except StoreUnavailable:
            raise
        except EventStoreError as error:
            # Those say that nothing was stored: not while an earlier request may have been.
            if outcome.doubtful:
                raise StoreUnavailable(f"{_CHANGING}: the outcome is unknown") from error
            raise
        return outcome


def _parking(
    series: UUID, number: int, row: ParkedStream, before: ParkedStream | None
) -> tuple[str, tuple[Any, ...]]:
    return "park", Sparse((series, number, str(row.stream_id), *values_of(row, before)))


def _chunks(slices: int) -> list[list[int]]:
    return [
        list(range(first, min(first + _SLICES_AT_ONCE, slices)))
        for first in range(0, slices, _SLICES_AT_ONCE)
    ]
