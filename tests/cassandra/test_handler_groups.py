"""Groups on Cassandra: members of two processes, one of which dies; reset, slices, parked."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
import pytest_asyncio

from event_store_async import Backoff, EventStore, FeedEvent
from event_store_async.hooks import CheckpointCommitted, EventHandled, LeaseChanged, Record
from event_store_async.subscriptions import (
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    Subscription,
    SubscriptionProgress,
)

from ..fixtures.server import Server
from ..fixtures.stores import QUICK, complete_feed, drop_keyspace

PACE = Pace(page=10, commit_seconds=0.05, beat=0.2, lease=5.0)
# Where nobody dies: however slow the machine is, no slice is taken from a member that works.
STEADY = replace(PACE, lease=120.0)
RECOVERY = Recovery(attempts=2, backoff=Backoff(initial=0.001, maximum=0.01))
LIMIT = 120.0
SEQUENCING = replace(QUICK, sequences=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_keyspace(server: Server, keyspace: str) -> AsyncGenerator[str, None]:
    """Give a keyspace whose table has a feed."""
    name = f"{keyspace}_groups"
    async with server.connect(name) as store:
        await store.create_schema(server.replication, feed=True)
        await complete_feed(store)
    yield name
    async with server.connect(name) as store:
        await drop_keyspace(store, name)


@pytest_asyncio.fixture
async def processes(
    server: Server, feed_keyspace: str
) -> AsyncGenerator[tuple[EventStore, EventStore], None]:
    """Give the stores of two processes; both sequence."""
    async with (
        server.connect(feed_keyspace, settings=SEQUENCING) as one,
        server.connect(feed_keyspace, settings=SEQUENCING) as other,
    ):
        yield one, other


class Notes:
    """What the handlers of a group were given, and what each of them has in hand."""

    def __init__(self) -> None:
        self.got: list[tuple[UUID, int]] = []
        self.failing: set[UUID] = set()
        self.stuck: set[str] = set()
        self.stuck_now: set[str] = set()

    def handler(self, member: str) -> Callable[[FeedEvent[Any]], Any]:
        async def handle(event: FeedEvent[Any]) -> None:
            if member in self.stuck:
                self.stuck_now.add(member)
                await asyncio.Event().wait()
            if event.stream_id in self.failing:
                raise ValueError("no")
            self.got.append((event.stream_id, event.version))

        return handle

    def of(self, stream_id: UUID) -> list[int]:
        return [version for stream, version in self.got if stream == stream_id]

    def firsts(self, stream_id: UUID) -> list[int]:
        """Return the versions of a stream in the order in which each came first."""
        return list(dict.fromkeys(self.of(stream_id)))


async def until(condition: Callable[[], Any]) -> None:
    with anyio.fail_after(LIMIT):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


def subscribed(
    store: EventStore, notes: Notes, member: str, pace: Pace = STEADY, **options: Any
) -> Subscription[Any]:
    return Subscription(
        options.pop("name"),
        store.feed(),
        notes.handler(member),
        store.subscriptions,
        recovery=RECOVERY,
        pace=pace,
        start="now",
        **options,
    )


@asynccontextmanager
async def running(*subscriptions: Any) -> AsyncGenerator[list[asyncio.Task[None]], None]:
    """Run members during a block, and stop them in good order."""
    tasks = [asyncio.create_task(each.run()) for each in subscriptions]
    try:
        yield tasks
    finally:
        for each in subscriptions:
            each.stop()
        await asyncio.gather(*tasks, return_exceptions=True)


async def append(store: EventStore, streams: Sequence[UUID], times: int = 1) -> None:
    for _ in range(times):
        for stream_id in streams:
            await store.persist_events(stream_id, [{"n": 1}])


async def register(store: EventStore, name: str, slices: int) -> None:
    """Register before anything is appended, so that all of it is to be handled."""
    await store.subscriptions.register(name, slices, await store.feed().head())


@pytest.mark.timeout(300)
async def test_a_member_that_dies_is_taken_over_and_nothing_is_lost(
    processes: tuple[EventStore, EventStore],
) -> None:
    one, other = processes
    name, streams, notes = f"test-{uuid4().hex}", [uuid4() for _ in range(12)], Notes()
    await register(one, name, 6)
    members = {
        "a": subscribed(one, notes, "a", PACE, name=name, slices=6),
        "b": subscribed(one, notes, "b", PACE, name=name, slices=6),
        "c": subscribed(other, notes, "c", PACE, name=name, slices=6),
    }
    async with running(*members.values()) as tasks:
        await until(lambda: {each.health().slices_held for each in members.values()} == {2})
        await append(one, streams, 3)
        await until(lambda: all(len(notes.firsts(each)) == 3 for each in streams))
        notes.stuck.add("a")
        await append(other, streams, 2)
        await until(lambda: "a" in notes.stuck_now)
        # As kill -9: it releases nothing, and says nothing any more.
        silence(members["a"])
        tasks[0].cancel()
        await until(lambda: all(len(notes.firsts(each)) == 5 for each in streams))
        await until(lambda: {members[each].health().slices_held for each in "bc"} == {3})

    assert all(notes.firsts(each) == [1, 2, 3, 4, 5] for each in streams)
    status = await one.subscriptions.status(name)
    assert [each.holder for each in status.lag.slices] == [None] * 6
    assert await caught_up(one, name)


def silence(subscription: Subscription[Any]) -> None:
    """Let a member send nothing to what keeps subscriptions any more."""

    class Dead:
        def __getattr__(self, _: str) -> Any:
            async def never(*_: Any) -> None:
                await asyncio.Event().wait()

            return never

    member: Any = subscription._member
    member._work.store = Dead()
    for worker in member.workers.values():
        worker.ledger._store = Dead()


async def caught_up(store: EventStore, name: str) -> bool:
    return (await store.subscriptions.status(name)).lag.events == 0


@pytest.mark.timeout(300)
async def test_another_number_of_slices_while_both_work(
    processes: tuple[EventStore, EventStore],
) -> None:
    one, other = processes
    name, streams, notes = f"test-{uuid4().hex}", [uuid4() for _ in range(10)], Notes()
    await register(one, name, 2)
    members = [
        subscribed(store, notes, "x", name=name, slices=2) for store in (one, other, one, other)
    ]
    async with running(*members):
        for slices in (5, 1, 3):
            await append(one, streams, 2)
            await one.subscriptions.reslice(name, slices)
            await append(other, streams, 2)

            async def done(slices: int = slices) -> bool:
                known = (await one.subscriptions.checkpoints(name)).registration
                return known.slices == slices and known.ready

            await until(done)
        await until(lambda: len(notes.got) >= 120)

    # Nobody died, so nothing came twice.
    assert len(notes.got) == 120
    assert all(notes.of(each) == list(range(1, 13)) for each in streams)


@pytest.mark.timeout(300)
async def test_a_reset_delivers_again_and_a_parked_stream_is_replayed(
    processes: tuple[EventStore, EventStore],
) -> None:
    one, other = processes
    name, streams, notes = f"test-{uuid4().hex}", [uuid4() for _ in range(6)], Notes()
    start = await one.feed().head()
    await register(one, name, 3)
    bad = streams[0]
    notes.failing.add(bad)

    async def waiting() -> int:
        return sum([row.last_version async for row in other.subscriptions.parked(name, bad)])

    async with running(*[subscribed(each, notes, "x", name=name, slices=3) for each in processes]):
        await append(one, streams, 3)
        progress = SubscriptionProgress(name, other.feed(), other.subscriptions)
        for each in streams[1:]:
            assert await progress.wait_for(each, 3, timeout=LIMIT) == "handled"
        assert await progress.wait_for(bad, 3, timeout=LIMIT) == "parked"
        await until(lambda: _is(waiting(), 3))
        notes.failing.clear()
        await other.subscriptions.skip(name, bad, 1, reason="a test", by="tests")
        await until(lambda: notes.of(bad) == [2, 3])
        await until(lambda: _is(waiting(), 0))
        await append(one, [bad])
        await until(lambda: notes.of(bad) == [2, 3, 4])
        notes.got.clear()
        await other.subscriptions.reset(name, start)
        await until(lambda: len(notes.got) == 19)

    assert notes.of(bad) == [1, 2, 3, 4]
    assert all(notes.of(each) == [1, 2, 3] for each in streams[1:])


async def _is(found: Any, wanted: int) -> bool:
    return bool(await found == wanted)


@pytest.mark.timeout(300)
async def test_a_view_with_transactions_is_right_though_members_change(
    processes: tuple[EventStore, EventStore],
) -> None:
    one, _ = processes
    name, streams = f"test-{uuid4().hex}", [uuid4() for _ in range(8)]
    transactions: MemoryTransactions[dict[UUID, int]] = MemoryTransactions({})
    start = await one.feed().head()
    await register(one, name, 3)

    async def apply(view: dict[UUID, int], events: Sequence[FeedEvent[Any]]) -> None:
        for event in events:
            view[event.stream_id] = view.get(event.stream_id, 0) + event.payload["n"]

    async def clear(view: dict[UUID, int]) -> None:
        view.clear()

    def projected(store: EventStore) -> Projection[Any, Any]:
        return Projection(
            name,
            store.feed(),
            apply,
            store.subscriptions,
            transactions=transactions,
            clear=clear,
            slices=3,
            pace=PACE,
            recovery=RECOVERY,
        )

    async def sums_are(wanted: int) -> bool:
        return [transactions.view.get(each) for each in streams] == [wanted] * 8

    for round_ in range(1, 4):
        members = [projected(store) for store in processes]
        async with running(*members) as tasks:
            await append(one, streams, 2)
            if round_ == 2:
                tasks[0].cancel()
            if round_ == 3:
                await one.subscriptions.reset(name, start)
            await until(functools.partial(sums_are, round_ * 2))

    assert await sums_are(6)
    await projected(one).catch_up()
    assert await sums_are(6)


async def test_the_hooks_of_the_store_are_told(server: Server, feed_keyspace: str) -> None:
    told: list[Record] = []
    settings = replace(SEQUENCING, hooks=(told.append,))
    async with server.connect(feed_keyspace, settings=settings) as store:
        name, notes, stream_id = f"test-{uuid4().hex}", Notes(), uuid4()
        await register(store, name, 1)
        await append(store, [stream_id], 3)
        subscription = subscribed(store, notes, "one", name=name)
        async with running(subscription):
            await until(lambda: len(notes.of(stream_id)) == 3)
            found = subscription.statistics()
        source = store.statistics().source

    mine = [it for it in told if isinstance(it, EventHandled) and it.stream_id == stream_id]
    assert [(it.version, it.outcome, it.source) for it in mine] == [
        (version, "handled", source) for version in (1, 2, 3)
    ]
    commits = [it for it in told if isinstance(it, CheckpointCommitted)]
    assert {it.outcome for it in commits} == {"committed"}
    assert [it.change for it in told if isinstance(it, LeaseChanged)] == ["claimed", "released"]
    assert (found.source, found.name, len(found.slices)) == (source, name, 1)
