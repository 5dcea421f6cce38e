"""The store of subscriptions on Cassandra, when answers are lost and generations end meanwhile."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from event_store_async import (
    Backoff,
    MemoryEventStore,
    NotParked,
    Position,
    Settings,
    SubscriptionUnknown,
)
from event_store_async.cassandra.subscriptions.rows import (
    SLICE,
    SliceState,
    StoredRegistration,
    states_of,
    values_of,
)
from event_store_async.cassandra.subscriptions.store import CassandraSubscriptions
from event_store_async.cassandra.subscriptions.tables import SubscriptionTables, Written
from event_store_async.ports.changes import parked_by_operator
from event_store_async.ports.slices import Beat, Lease, ParkedStream, SkippedEvent, SliceKey

FEED = UUID(int=7, version=4)
PLACES = [Position(FEED, number, 1, number) for number in range(1, 10)]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
MEMBER = UUID(int=1, version=4)
STREAM = UUID(int=0xABCDEF0123456789, version=4)
OTHER = UUID(int=0xBBCDEF0123456789, version=4)
Hook = Callable[[], Awaitable[None]]


def written(applied: bool, *, doubtful: bool = False) -> Written:
    outcome = Written()
    outcome.applied, outcome.doubtful = applied, doubtful
    return outcome


class Tables:
    """
    The tables as dicts: each method is one request, as `SubscriptionTables` sends it.

    Attributes:
        before: What happens just before a request, once; by the name of the method; "request" and
            "begin" are changes of a registration.
        lost: What happens after a request whose answer is lost, before it is repeated.
    """

    def __init__(self) -> None:
        self.settings = Settings(backoff=Backoff(initial=0.001, maximum=0.002))
        self.registrations: dict[str, StoredRegistration] = {}
        self.slices: dict[tuple[UUID, int], SliceState] = {}
        self.skips: dict[tuple[UUID, UUID], SkippedEvent] = {}
        self.before: dict[str, Hook] = {}
        self.lost: dict[str, Hook] = {}

    async def _begin(self, request: str) -> None:
        before = self.before.pop(request, None)
        if before is not None:
            await before()

    async def _end(self, request: str) -> Written:
        """Return the outcome of a request that was applied: refused if it had to be repeated."""
        lost = self.lost.pop(request, None)
        if lost is None:
            return written(applied=True)
        await lost()
        return written(applied=False, doubtful=True)

    async def registration(self, name: str, **_: bool) -> StoredRegistration | None:
        return self.registrations.get(name)

    async def register(self, made: StoredRegistration) -> Written:
        kept = self.registrations.setdefault(made.public.name, made)
        return written(kept is made)

    async def change_registration(self, made: StoredRegistration, seen: int) -> Written:
        known = self.registrations.get(made.public.name)
        if known is not None:
            await self._begin(_kind(known, made))
        known = self.registrations.get(made.public.name)
        if known is None or (known.id, known.revision) != (made.id, seen):
            return written(applied=False)
        self.registrations[made.public.name] = made
        return written(applied=True)

    async def unregister(self, known: StoredRegistration) -> Written:
        found = self.registrations.get(known.public.name)
        if found is None or (found.id, found.revision) != (known.id, known.revision):
            return written(applied=False)
        del self.registrations[known.public.name]
        return await self._end("unregister")

    async def state(self, series: UUID, number: int, start: Position) -> SliceState:
        await self._begin("state")
        return (await self.states(series, number + 1, start))[number]

    async def states(self, series: UUID, slices: int, start: Position) -> list[SliceState]:
        found = [self.slices.get((series, number), SliceState(start)) for number in range(slices)]
        return [each if each.revision else replace(each, position=start) for each in found]

    async def change_slice(
        self, series: UUID, number: int, state: SliceState, before: SliceState
    ) -> Written:
        await self._begin("change_slice")
        known = self.slices.get((series, number))
        if (0 if known is None else known.revision) != before.revision:
            return written(applied=False)
        self.slices[series, number] = state
        return await self._end("change_slice")

    async def fill_slice(self, series: UUID, number: int, rows: Sequence[ParkedStream]) -> Written:
        known = self.slices.get((series, number), SliceState(PLACES[0]))
        if known.revision:
            return written(applied=False)
        parked = {**known.parked, **{row.stream_id: row for row in rows}}
        self.slices[series, number] = replace(known, parked=parked)
        return written(applied=True)

    async def drop_slices(self, series: UUID, slices: int) -> None:
        for number in range(slices):
            self.slices.pop((series, number), None)

    async def drop_all(self, known: StoredRegistration) -> None:
        for key in [key for key in self.skips if key[0] == known.id]:
            del self.skips[key]

    async def members(self, _: UUID) -> dict[UUID, Beat]:
        return {}

    async def skip(self, id_: UUID, skip: UUID, record: SkippedEvent) -> None:
        self.skips[id_, skip] = record

    async def unskip(self, id_: UUID, skip: UUID, record: SkippedEvent) -> None:
        assert self.skips.pop((id_, skip)) == record

    async def skipped(self, id_: UUID) -> list[SkippedEvent]:
        return [record for key, record in self.skips.items() if key[0] == id_]


def _kind(known: StoredRegistration, made: StoredRegistration) -> str:
    if made.public.generation != known.public.generation:
        return "begin"
    return "request" if made.public.requests != known.public.requests else "change"


def process_of(tables: Tables) -> CassandraSubscriptions:
    """Return the store as another process has it."""
    return CassandraSubscriptions(
        cast("SubscriptionTables", tables),
        MemoryEventStore().feed().reader,
        lambda: NOW,
        lambda: None,
    )


def row_of(stream_id: UUID, version: int = 3) -> ParkedStream:
    return ParkedStream(stream_id, version, 6, PLACES[1], PLACES[4], "type", "no", 1, NOW)


async def parked(tables: Tables) -> list[ParkedStream]:
    return [row async for row in process_of(tables).parked("test")]


async def skipped(tables: Tables) -> list[tuple[UUID, int]]:
    records = process_of(tables).skipped("test")
    return [(record.stream_id, record.version) async for record in records]


async def held(store: CassandraSubscriptions) -> Lease:
    """Register a subscription of one slice, claim it, and park a stream."""
    await store.register("test", 1, PLACES[0])
    lease = await store.claim(SliceKey("test", 1, 0), MEMBER, 0)
    assert lease is not None
    return await store.commit(lease, PLACES[5], {STREAM: row_of(STREAM)})


def run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(program(), 30.0))


# Skips


@pytest.mark.parametrize("goes_on", ["one", "all"])
def test_a_skip_whose_answer_was_lost_keeps_its_record_though_its_holder_went_on(
    goes_on: str,
) -> None:
    async def program() -> None:
        tables = Tables()
        member = process_of(tables)
        lease = await held(member)

        async def replay() -> None:
            known = await member.refresh(lease)
            row = known.parked[STREAM]
            assert (row.version, row.replay) == (4, True)
            after = replace(row, version=5) if goes_on == "one" else None
            await member.commit(known, known.position, {STREAM: after})

        tables.lost["change_slice"] = replay
        await process_of(tables).skip("test", STREAM, 3, reason="bad", by="ann")

        assert await skipped(tables) == [(STREAM, 3)]
        assert [row.version for row in await parked(tables)] == ([5] if goes_on == "one" else [])

    run(program)


def test_a_skip_that_is_refused_leaves_no_record() -> None:
    async def program() -> None:
        tables = Tables()
        member = process_of(tables)
        lease = await held(member)

        async def replay() -> None:
            moved = replace(row_of(STREAM), version=4)
            await member.commit(lease, lease.position, {STREAM: moved})

        tables.before["change_slice"] = replay
        with pytest.raises(NotParked):
            await process_of(tables).skip("test", STREAM, 3, reason="bad", by="ann")

        assert await skipped(tables) == []
        assert [row.version for row in await parked(tables)] == [4]

    run(program)


def test_a_skip_during_a_division_keeps_its_record_and_moves_the_row_on_once() -> None:
    async def program() -> None:
        tables = Tables()
        member, operator = process_of(tables), process_of(tables)
        await held(member)
        known = await member.reslice("test", 3)

        async def divide() -> None:
            await member.divide(known)

        tables.before["request"] = divide  # once the slice is changed
        await operator.skip("test", STREAM, 3, reason="bad", by="ann")

        assert await skipped(tables) == [(STREAM, 3)]
        (row,) = await parked(tables)
        assert (row.version, row.replay) == (4, True)
        assert (await operator.checkpoints("test")).registration.generation == 2

    run(program)


# Another number of slices is asked for meanwhile


class Division:
    """Another process asks for more slices, and stops just before their generation begins."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._store = process_of(tables)
        self._filled = asyncio.Event()
        self._may_begin = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []

    async def fill(self) -> None:
        """Close the slices, and fill those of the next generation with what is parked."""
        self._tables.before["begin"] = self._stop
        self._tasks.append(asyncio.ensure_future(self._store.reslice("test", 3)))
        await self._filled.wait()

    async def _stop(self) -> None:
        self._filled.set()
        await self._may_begin.wait()

    async def begin(self) -> None:
        """Begin the next generation, unless somebody else has."""
        self._may_begin.set()
        await asyncio.gather(*self._tasks)


async def park(store: CassandraSubscriptions) -> None:
    await store.park("test", OTHER)


async def replay(store: CassandraSubscriptions) -> None:
    assert await store.replay("test", STREAM) == 1


async def replay_all(store: CassandraSubscriptions) -> None:
    assert await store.replay("test") == 1


async def skip(store: CassandraSubscriptions) -> None:
    await store.skip("test", STREAM, 3, reason="bad", by="ann")


@pytest.mark.parametrize("others_are_first", [True, False])
@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (park, [row_of(STREAM), parked_by_operator(OTHER, PLACES[5], NOW)]),
        (replay, [replace(row_of(STREAM), replay=True)]),
        (replay_all, [replace(row_of(STREAM), replay=True)]),
        (skip, [replace(row_of(STREAM), version=4, type=None, attempts=0, replay=True)]),
    ],
)
def test_what_operators_do_while_it_is_divided_is_in_the_next_generation(
    change: Callable[[CassandraSubscriptions], Awaitable[None]],
    wanted: list[ParkedStream],
    *,
    others_are_first: bool,
) -> None:
    async def program() -> None:
        tables = Tables()
        operator, division = process_of(tables), Division(tables)
        await operator.release(await held(operator))
        tables.before["state"] = division.fill  # the operator knows the registration by now
        if others_are_first:
            tables.before["request"] = division.begin
        await change(operator)
        await division.begin()

        checkpoints = await operator.checkpoints("test")
        assert checkpoints.registration.generation == 2
        assert checkpoints.parked == {row.stream_id: row for row in wanted}
        assert await skipped(tables) == ([(STREAM, 3)] if change is skip else [])

    run(program)


# Deletions


def test_a_deletion_whose_answer_was_lost_spares_what_is_registered_again() -> None:
    async def program() -> None:
        tables = Tables()
        store, other = process_of(tables), process_of(tables)
        await held(store)

        async def register_again() -> None:
            await other.register("test", 2, PLACES[3])

        tables.lost["unregister"] = register_again
        await store.forget("test")

        checkpoints = await store.checkpoints("test")
        assert checkpoints.registration.slices == 2
        assert checkpoints.positions == (PLACES[3], PLACES[3])
        assert checkpoints.parked == {}

    run(program)


def test_a_deletion_whose_answer_was_lost_is_done() -> None:
    async def program() -> None:
        tables = Tables()
        store = process_of(tables)
        await held(store)

        async def nothing() -> None:
            pass

        tables.lost["unregister"] = nothing
        await store.forget("test")
        with pytest.raises(SubscriptionUnknown):
            await store.checkpoints("test")

    run(program)


# Rows


def test_a_slice_comes_before_its_parked_streams() -> None:
    ids = [UUID(int=0), STREAM, UUID(int=2**128 - 1)]
    assert min([SLICE, *(str(each) for each in ids)]) == SLICE
    assert all(digit > SLICE for digit in "0123456789abcdef")


def test_the_statements_know_the_item_of_a_slice() -> None:
    folder = Path(__file__).parents[2] / "cql" / "statements" / "subscriptions"
    items = {
        path.name: found
        for path in folder.glob("*.cql")
        if (found := re.findall(r"item = '([^']*)'", path.read_text(encoding="utf-8")))
    }
    assert items.keys() == {"change_slice.cql", "fill_slice.cql", "read_holders.cql"}
    assert {item for found in items.values() for item in found} == {SLICE}


def test_a_read_in_pages_shows_no_parked_stream_that_is_older_than_its_revision() -> None:
    def stored(state: SliceState) -> list[tuple[Any, ...]]:
        """Return the rows of a slice as they are read: in the order of their items."""
        own = (0, SLICE, *state.values(), *[None] * 9)
        rows = [own, *(parked_row(each) for each in state.parked.values())]
        return sorted(rows, key=lambda row: str(row[1]))

    ids = [UUID(int=number << 124 | 1) for number in range(16)]
    before = SliceState(PLACES[1], revision=1, parked={each: row_of(each) for each in ids[:8]})
    after = SliceState(PLACES[2], revision=2, parked={each: row_of(each, 4) for each in ids[4:]})
    for seen in range(1, 9):  # the change is between the pages
        last = str(stored(before)[seen - 1][1])
        rows = [*stored(before)[:seen], *(row for row in stored(after) if row[1] > last)]
        (state,) = states_of(rows, 1, PLACES[0])
        assert (state.revision, state.position) == (1, PLACES[1])


def parked_row(row: ParkedStream) -> tuple[Any, ...]:
    return (0, str(row.stream_id), *[None] * 5, *values_of(row, None))
