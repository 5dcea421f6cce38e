"""Subscriptions on Cassandra: requests, unknown outcomes, generations that were begun by halves."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import (
    EventStore,
    FeedDisabled,
    LeaseLost,
    NotParked,
    Position,
    SchemaMissing,
    StoreUnavailable,
    SubscriptionUnknown,
)
from event_store_async.cassandra.schema.tables import SUBSCRIPTION_SPECS
from event_store_async.cassandra.subscriptions.store import CassandraSubscriptions
from event_store_async.feeds.selection import slice_of
from event_store_async.subscriptions import (
    Beat,
    Lease,
    ParkedStream,
    Registration,
    SliceKey,
    Subscriptions,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace, run_cql

FEED = uuid4()
PLACES = [Position(FEED, entry, 1, entry) for entry in range(10)]
QUIET = replace(QUICK, sequences=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_keyspace(server: Server, keyspace: str) -> AsyncGenerator[str, None]:
    """Give a keyspace whose table has a feed that nobody sequences."""
    name = f"{keyspace}_subscribed"
    async with server.connect(name, settings=QUIET) as store:
        await store.create_schema(server.replication, feed=True)
        yield name
        await drop_keyspace(store, name)


@pytest_asyncio.fixture
async def opened(server: Server, feed_keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store on it."""
    async with server.connect(feed_keyspace, settings=QUIET) as store:
        yield store


@pytest_asyncio.fixture
async def another(server: Server, feed_keyspace: str) -> AsyncGenerator[Subscriptions, None]:
    """Give the subscriptions of another process."""
    async with server.connect(feed_keyspace, settings=QUIET) as store:
        yield store.subscriptions


@pytest.fixture
def subscriptions(opened: EventStore) -> Subscriptions:
    return opened.subscriptions


@pytest.fixture
def name() -> str:
    return f"test-{uuid4().hex}"


def row(stream_id: UUID, **fields: Any) -> ParkedStream:
    facts: dict[str, Any] = {
        "version": 3,
        "last_version": 5,
        "after": PLACES[0],
        "last_position": PLACES[1],
        "type": None,
        "error": "ValueError: no",
        "attempts": 5,
        "since": datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return ParkedStream(stream_id, **(facts | fields))


def stream_in(number: int, slices: int) -> UUID:
    while slice_of(found := uuid4(), slices) != number:
        pass
    return found


async def claimed(subscriptions: Subscriptions, name: str, number: int = 0) -> Lease:
    member = uuid4()
    known = (await subscriptions.checkpoints(name)).registration
    roster = await subscriptions.beat(name, member, Beat(known.generation, 1))
    _, fence = roster.holders.get(number, (None, 0))
    lease = await subscriptions.claim(SliceKey(name, known.generation, number), member, fence)
    assert lease is not None
    return lease


async def parked(subscriptions: Subscriptions, name: str) -> dict[UUID, ParkedStream]:
    return {each.stream_id: each async for each in subscriptions.parked(name)}


# Requests


@asynccontextmanager
async def counting(store: EventStore) -> AsyncGenerator[Counter[str], None]:
    """Count the requests of a block, by the statement that comes first in each."""
    sent: Counter[str] = Counter()
    session: Any = store._engine.session
    fetch, put, write = session.fetch, session.put, session.write

    async def counted_fetch(prepared: Any, *args: Any, **options: Any) -> Any:
        sent[prepared.statement.name] += 1
        return await fetch(prepared, *args, **options)

    async def counted_put(statements: Any, *args: Any, **options: Any) -> Any:
        sent[statements[0][0].statement.name] += 1
        return await put(statements, *args, **options)

    async def counted_write(statements: Any, *args: Any, **options: Any) -> Any:
        sent[statements[0][0].statement.name] += 1
        return await write(statements, *args, **options)

    session.fetch, session.put, session.write = counted_fetch, counted_put, counted_write
    yield sent
    session.fetch, session.put, session.write = fetch, put, write


async def test_a_commit_is_one_request(
    opened: EventStore, subscriptions: Subscriptions, name: str
) -> None:
    await subscriptions.register(name, 2, PLACES[0])
    lease = await claimed(subscriptions, name)
    stream_id = stream_in(0, 2)
    async with counting(opened) as sent:
        for place in PLACES[1:5]:
            lease = await subscriptions.commit(lease, place, {})
        lease = await subscriptions.commit(lease, PLACES[5], {stream_id: row(stream_id)})
        lease = await subscriptions.commit(lease, PLACES[6], {stream_id: None})

    assert sent == {"change_slice": 6}


async def test_what_a_member_does_now_and_then_is_few_requests(
    opened: EventStore, subscriptions: Subscriptions, name: str
) -> None:
    await subscriptions.register(name, 64, PLACES[0])
    member, key = uuid4(), SliceKey(name, 1, 7)
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "register": lambda: subscriptions.register(name, 64, PLACES[0]),
        "beat": lambda: subscriptions.beat(name, member, Beat(1, 1)),
        "claim": lambda: subscriptions.claim(key, member, 0),
    }
    found, lease = {}, None
    for what, call in calls.items():
        async with counting(opened) as sent:
            lease = await call()
        found[what] = dict(sent)
    assert isinstance(lease, Lease)
    async with counting(opened) as sent:
        await subscriptions.refresh(lease)
    found["refresh"] = dict(sent)
    async with counting(opened) as sent:
        await subscriptions.release(lease)
    found["release"] = dict(sent)

    assert found == {
        "register": {"read_registration": 1},
        "beat": {"read_registration": 1, "beat": 1, "read_members": 1, "read_holders": 1},
        "claim": {"read_registration": 2, "read_slice": 1, "change_slice": 1},
        "refresh": {"read_slice": 1},
        "release": {"change_slice": 1},
    }


async def test_hundreds_of_slices_are_read_some_at_a_time(
    opened: EventStore, subscriptions: Subscriptions, name: str
) -> None:
    await subscriptions.register(name, 250, PLACES[0])
    lease = await claimed(subscriptions, name, 249)
    await subscriptions.commit(lease, PLACES[3], {})
    async with counting(opened) as sent:
        positions = (await subscriptions.checkpoints(name)).positions

    assert positions == (*[PLACES[0]] * 249, PLACES[3])
    assert sent == {"read_registration": 2, "read_slices": 3}


# Unknown outcomes

FAULTS = [
    faults.lose_answer,
    faults.lose_request,
    faults.refuse_connection,
    faults.unavailable,
    faults.commit_unavailable,
]


@pytest_asyncio.fixture
async def faulty(opened: EventStore) -> FaultySession:
    return FaultySession(opened._engine.session.raw)


@pytest_asyncio.fixture
async def flaky(faulty: FaultySession, feed_keyspace: str) -> AsyncGenerator[Subscriptions, None]:
    """Give the subscriptions of a store on a session with faults, with its statements prepared."""
    async with EventStore(faulty, keyspace=feed_keyspace, settings=QUIET) as store:
        yield store.subscriptions


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_settled_inside_the_call(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str, fault: Any
) -> None:
    one, two = stream_in(0, 2), stream_in(1, 2)

    def broken() -> None:
        faulty.batches.extend([fault, fault])

    broken()
    first = await flaky.register(name, 2, PLACES[0])
    assert first == await another.register(name, 2, PLACES[0])
    broken()
    member = uuid4()
    lease = await flaky.claim(SliceKey(name, 1, 0), member, 0)
    assert lease is not None
    assert lease.fence == 1
    broken()
    lease = await flaky.commit(lease, PLACES[1], {one: row(one)})
    assert await another.refresh(lease) == lease
    for call in (
        lambda: flaky.park(name, two),
        lambda: flaky.skip(name, one, 3, reason="r", by="b"),
        lambda: flaky.replay(name, two),
        lambda: flaky.pause(name),
        lambda: flaky.resume(name),
    ):
        broken()
        await call()
    rows = await parked(another, name)
    assert (rows[one].version, rows[one].replay) == (4, True)
    assert (rows[two].waits, rows[two].replay) == (False, True)
    assert [each.version async for each in another.skipped(name)] == [3]
    broken()
    await flaky.release(lease)
    assert (await another.beat(name, uuid4(), Beat(1, 1))).holders[0] == (None, 2)
    broken()
    divided = await flaky.reslice(name, 3)
    assert (divided.generation, divided.slices) == (2, 3)
    assert await parked(another, name) == rows
    broken()
    reset = await flaky.reset(name, "now")
    assert (reset.generation, reset.ready) == (3, False)
    broken()
    assert (await flaky.prepared(reset)).ready
    broken()
    await flaky.forget(name)
    with pytest.raises(SubscriptionUnknown):
        await another.checkpoints(name)


@pytest.mark.parametrize("fault", [faults.lose_answer, faults.lose_request])
async def test_what_ended_without_an_answer_is_settled_by_repeating_it(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str, fault: Any
) -> None:
    await flaky.register(name, 1, PLACES[0])
    lease = await claimed(flaky, name)
    stream_id = uuid4()
    change = {stream_id: row(stream_id)}

    async def last(send: faults.Send) -> Any:
        faulty.always = faults.refuse_connection
        return await fault(send)

    store: Any = flaky
    store._tables._settings = replace(QUIET, timeout=0.3, request_timeout=0.3)
    faulty.batches.append(last)
    with pytest.raises(StoreUnavailable):
        await flaky.commit(lease, PLACES[1], change)
    faulty.always = None
    store._tables._settings = QUIET

    again = await flaky.commit(lease, PLACES[1], change)
    assert (again.position, again.parked) == (PLACES[1], change)
    assert await another.refresh(lease) == again
    assert (await flaky.commit(again, PLACES[2], {})).position == PLACES[2]


async def test_a_claim_is_not_won_twice(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str
) -> None:
    await flaky.register(name, 1, PLACES[0])
    key = SliceKey(name, 1, 0)
    won: list[Lease | None] = []

    async def overtaken(send: faults.Send) -> Any:
        won.append(await asyncio.create_task(another.claim(key, uuid4(), 0)))
        return await faults.lose_request(send)

    faulty.batches.append(overtaken)

    assert await flaky.claim(key, uuid4(), 0) is None
    assert won[0] is not None
    assert await another.refresh(won[0]) == won[0]


async def test_a_skip_that_another_was_quicker_with_leaves_no_record(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str
) -> None:
    await flaky.register(name, 1, PLACES[0])
    stream_id = uuid4()
    await flaky.commit(await claimed(flaky, name), PLACES[1], {stream_id: row(stream_id)})

    async def overtaken(send: faults.Send) -> Any:
        quicker = another.skip(name, stream_id, 3, reason="quicker", by="ann")
        await asyncio.create_task(quicker)
        return await send()

    faulty.batches.append(overtaken)
    with pytest.raises(NotParked):
        await flaky.skip(name, stream_id, 3, reason="slower", by="bob")

    assert [each.reason async for each in flaky.skipped(name)] == ["quicker"]


# Two processes


async def test_what_another_process_does_is_seen_by_the_next_commit(
    subscriptions: Subscriptions, another: Subscriptions, name: str
) -> None:
    await subscriptions.register(name, 1, PLACES[0])
    lease = await claimed(subscriptions, name)
    stream_id = uuid4()
    await another.park(name, stream_id)

    lease = await subscriptions.commit(lease, PLACES[1], {})
    assert list(lease.parked) == [stream_id]
    taken = await claimed(another, name)
    with pytest.raises(LeaseLost):
        await subscriptions.commit(lease, PLACES[2], {})
    assert (await another.commit(taken, PLACES[3], {})).position == PLACES[3]
    with pytest.raises(LeaseLost):
        await subscriptions.commit(lease, PLACES[4], {})


async def test_a_name_that_another_process_registered_again_is_another_subscription(
    subscriptions: Subscriptions, another: Subscriptions, name: str
) -> None:
    await subscriptions.register(name, 1, PLACES[0])
    lease = await claimed(subscriptions, name)
    await another.forget(name)
    with pytest.raises(SubscriptionUnknown):
        await subscriptions.commit(lease, PLACES[1], {})
    await another.register(name, 1, PLACES[2])

    with pytest.raises(LeaseLost):
        await subscriptions.commit(lease, PLACES[1], {})
    await subscriptions.release(lease)
    assert (await subscriptions.checkpoints(name)).positions == (PLACES[2],)


@pytest.mark.parametrize("end", ["reset", "divide"])
async def test_a_claim_of_a_generation_that_ends_meanwhile_is_none(
    flaky: Subscriptions, another: Subscriptions, faulty: FaultySession, name: str, end: str
) -> None:
    known = await flaky.register(name, 2, PLACES[0])
    member, key = uuid4(), SliceKey(name, 1, 1)

    async def overtaken(send: faults.Send) -> Any:
        begin = another.reslice(name, 3) if end == "divide" else another.reset(name, "now")
        await asyncio.create_task(begin)
        return await send()

    faulty.batches.append(overtaken)

    assert await flaky.claim(key, member, 0) is None
    assert (await flaky.checkpoints(name)).registration.generation == 2
    with pytest.raises(LeaseLost):
        await flaky.commit(Lease(key, member, 1, known.start), PLACES[2], {})


# Generations that were begun by halves


class Died(BaseException):
    """The process has died."""


@asynccontextmanager
async def dying(store: Subscriptions, method: str, after: int = 0) -> AsyncGenerator[None, None]:
    """Let a process die at a request to the tables, after so many of its kind."""
    assert isinstance(store, CassandraSubscriptions)
    tables: Any = store._tables
    call = getattr(tables, method)
    done = 0

    async def die(*arguments: Any) -> Any:
        nonlocal done
        done += 1
        if done > after:
            raise Died
        return await call(*arguments)

    setattr(tables, method, die)
    try:
        with pytest.raises(Died):
            yield
    finally:
        setattr(tables, method, call)


DEATHS = [("change_slice", 0), ("change_slice", 1), ("fill_slice", 0), ("change_registration", 0)]


@asynccontextmanager
async def begun_by_halves(
    subscriptions: Subscriptions, name: str, method: str, after: int
) -> AsyncGenerator[tuple[Registration, Lease, dict[UUID, ParkedStream]], None]:
    """Give a subscription whose division ended in the death of who had begun it."""
    known = await subscriptions.register(name, 2, PLACES[0])
    lease = await claimed(subscriptions, name, 1)
    one, two = stream_in(1, 2), stream_in(1, 2)
    rows = {one: row(one), two: row(two, last_version=9)}
    lease = await subscriptions.commit(lease, PLACES[2], rows)
    await subscriptions.reslice(name, 5)
    async with dying(subscriptions, method, after):
        await subscriptions.divide(known)
    yield known, lease, rows


@pytest.mark.parametrize(("method", "after"), DEATHS)
async def test_another_completes_a_division(
    subscriptions: Subscriptions, another: Subscriptions, name: str, method: str, after: int
) -> None:
    async with begun_by_halves(subscriptions, name, method, after) as (known, lease, rows):
        begun = await another.divide(known)

        assert (begun.generation, begun.slices, begun.next_slices) == (2, 5, None)
        assert [each.positions for each in begun.earlier] == [(PLACES[0], PLACES[2])]
        assert await parked(another, name) == rows
        assert await subscriptions.divide(known) == begun
        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, PLACES[3], {})
        for number in range(5):
            assert (await claimed(another, name, number)).parked.keys() == {
                each for each in rows if slice_of(each, 5) == number
            }


@pytest.mark.parametrize(("method", "after"), DEATHS)
async def test_a_division_is_taken_back_and_begun_again(
    subscriptions: Subscriptions, another: Subscriptions, name: str, method: str, after: int
) -> None:
    async with begun_by_halves(subscriptions, name, method, after) as (known, _, rows):
        assert (await another.reslice(name, 2)).next_slices is None
        assert (await another.checkpoints(name)).positions == (PLACES[0], PLACES[2])
        lease = await claimed(another, name, 1)
        assert lease.parked == rows
        first, *_ = rows
        lease = await another.commit(lease, PLACES[4], {first: None})
        await another.reslice(name, 5)
        begun = await another.divide(known)

        assert [each.positions for each in begun.earlier] == [(PLACES[0], PLACES[4])]
        assert await parked(another, name) == {key: rows[key] for key in rows if key != first}
        with pytest.raises(LeaseLost):
            await another.commit(lease, PLACES[5], {})


@pytest.mark.parametrize(("method", "after"), DEATHS)
async def test_an_operator_completes_a_division_that_is_in_the_way(
    subscriptions: Subscriptions, another: Subscriptions, name: str, method: str, after: int
) -> None:
    async with begun_by_halves(subscriptions, name, method, after) as (_, _, rows):
        first, *_ = rows
        assert await another.replay(name, first) == 1
        found = await parked(another, name)

        assert found == rows | {first: replace(rows[first], replay=True)}


@pytest.mark.parametrize(("method", "after"), DEATHS)
async def test_a_reset_forgets_what_a_division_has_moved_already(
    subscriptions: Subscriptions, another: Subscriptions, name: str, method: str, after: int
) -> None:
    async with begun_by_halves(subscriptions, name, method, after):
        reset = await another.reset(name, "now")
        assert (reset.generation, reset.slices, reset.next_slices) == (2, 2, 5)
        begun = await another.divide(reset)

        assert (begun.generation, begun.slices) == (3, 5)
        assert await parked(another, name) == {}
        assert (await another.checkpoints(name)).positions == (reset.start,) * 5


@pytest.mark.parametrize("after", [0, 1])
async def test_a_reset_voids_leases_also_if_its_process_dies(
    subscriptions: Subscriptions, another: Subscriptions, name: str, after: int
) -> None:
    await subscriptions.register(name, 2, PLACES[0])
    lease = await claimed(subscriptions, name, 1)
    lease = await subscriptions.commit(lease, PLACES[1], {})
    async with dying(another, "change_slice", after):
        await another.reset(name, "beginning")

    with suppress(LeaseLost):  # it may be stored where nobody reads it any more
        await subscriptions.commit(lease, PLACES[2], {})
    checkpoints = await subscriptions.checkpoints(name)
    start = Position.beginning(checkpoints.registration.start.feed_id)
    assert (checkpoints.registration.generation, checkpoints.positions) == (2, (start,) * 2)
    with pytest.raises(LeaseLost):
        await subscriptions.commit(lease, PLACES[2], {})


async def test_no_commit_falls_between_two_generations(
    subscriptions: Subscriptions, another: Subscriptions, name: str
) -> None:
    """What was stored while others divided the slices is in the next generation."""
    known = await subscriptions.register(name, 1, PLACES[0])
    stored: set[UUID] = set()
    for slices in (3, 2, 4, 1, 5, 2, 6, 1):
        leases = [await claimed(subscriptions, name, each) for each in range(known.slices)]

        async def park(lease: Lease, slices: int) -> Lease:
            stream_id = stream_in(lease.key.slice, slices)
            lease = await subscriptions.commit(lease, lease.position, {stream_id: row(stream_id)})
            stored.add(stream_id)
            return lease

        async def park_many(lease: Lease, slices: int) -> Lease:
            with suppress(LeaseLost):
                for _ in range(20):
                    lease = await park(lease, slices)
            return lease

        await another.reslice(name, slices)
        parking = [asyncio.create_task(park_many(each, known.slices)) for each in leases]
        one, two = await asyncio.gather(subscriptions.divide(known), another.divide(known))
        for lease in await asyncio.gather(*parking):
            with pytest.raises(LeaseLost):
                await park(lease, known.slices)
        assert one == two
        known = one

    assert (await parked(another, name)).keys() == stored


# What there is, and what is left


async def test_forgetting_leaves_no_row(
    opened: EventStore, subscriptions: Subscriptions, name: str, feed_keyspace: str
) -> None:
    async def rows() -> list[int]:
        found = []
        for spec in SUBSCRIPTION_SPECS:
            table = f"{feed_keyspace}.events{spec.suffix}"
            answer = await opened._engine.session.raw.execute(_simple(f"SELECT * FROM {table}"))
            found.append(len(list(answer)))
        return found

    before = await rows()
    await subscriptions.register(name, 2, PLACES[0])
    lease = await claimed(subscriptions, name)
    one = stream_in(0, 2)
    await subscriptions.commit(lease, PLACES[1], {one: row(one)})
    await subscriptions.skip(name, one, 3, reason="r", by="b")
    await subscriptions.reslice(name, 3)
    between = await rows()
    await subscriptions.forget(name)

    assert [after - first for after, first in zip(between, before, strict=True)] == [1, 2, 1, 1]
    assert await rows() == before


def _simple(text: str) -> Any:
    import acsylla

    return acsylla.create_statement(text, timeout=20)


CALLS: list[Callable[[Subscriptions], Awaitable[Any]]] = [
    lambda store: store.register("mails", 1, PLACES[0]),
    lambda store: store.checkpoints("mails"),
    lambda store: store.beat("mails", uuid4(), Beat(1, 1)),
    lambda store: store.claim(SliceKey("mails", 1, 0), uuid4(), 0),
    lambda store: anext(store.all()),
]


async def test_a_table_without_a_feed_says_so(server: Server, keyspace: str) -> None:
    async with server.connect(keyspace, settings=QUIET) as store:
        await store.create_schema(server.replication)
        for call in CALLS:
            with pytest.raises(FeedDisabled):
                await call(store.subscriptions)


async def test_a_closed_store_says_so(server: Server, feed_keyspace: str) -> None:
    from event_store_async import StoreClosed

    async with server.connect(feed_keyspace, settings=QUIET) as store:
        subscriptions = store.subscriptions
    for call in CALLS:
        with pytest.raises(StoreClosed):
            await call(subscriptions)


async def test_an_older_feed_works_without_and_gets_the_tables(server: Server) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    async with server.connect(keyspace, settings=replace(QUICK, sequences=True)) as store:
        await store.create_schema(server.replication, feed=True)
        await store.subscriptions.register("mails", 1, PLACES[0])
        for spec in SUBSCRIPTION_SPECS:
            await run_cql(store, f"DROP TABLE {keyspace}.events{spec.suffix}")
        with pytest.raises(SchemaMissing):  # at a store that has used them
            await store.subscriptions.checkpoints("mails")
        async with server.connect(keyspace, settings=QUIET) as older:
            persisted = await older.persist_events(uuid4(), ["announced"])
            assert not (await older.schema_state()).is_current
            with pytest.raises(SchemaMissing) as caught:
                await older.subscriptions.register("mails", 1, PLACES[0])
            assert caught.value.table == f"{keyspace}.events_feed_subscriptions"
            planned = await older.operations.plan_schema()
            assert sum(text.startswith("CREATE TABLE") for text in planned) == 5
            report = await older.create_schema()
            assert [table.table for table in report.tables if table.created] == [
                f"{keyspace}.events{spec.suffix}" for spec in SUBSCRIPTION_SPECS
            ]
            await older.subscriptions.register("mails", 1, PLACES[0])
        await store.create_schema()
        assert (await store.subscriptions.checkpoints("mails")).positions == (PLACES[0],)
        feed = store.feed()
        await feed.position_of(persisted.stream_id, 1, timeout=60.0)
    # From another connection: the sequencer of this one must not meet missing tables meanwhile.
    async with server.connect(keyspace, settings=QUIET) as other:
        await drop_keyspace(other, keyspace)


async def test_each_table_of_events_has_subscriptions_of_its_own(
    server: Server, feed_keyspace: str, subscriptions: Subscriptions, name: str
) -> None:
    async with server.connect(feed_keyspace, table="history", settings=QUIET) as other:
        await other.create_schema(server.replication, feed=True)
        await other.subscriptions.register(name, 3, await other.feed().head())
        await claimed(other.subscriptions, name, 2)

        with pytest.raises(SubscriptionUnknown):
            await subscriptions.checkpoints(name)
        assert [each.registration.name async for each in other.subscriptions.all()] == [name]
