"""The hostile store's subscriptions: the contract, each fault, and views that are right anyway."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    Backoff,
    FeedEvent,
    InvalidArgument,
    LeaseLost,
    MemoryEventStore,
    StoreUnavailable,
    SubscriptionUnknown,
)
from event_store_async.subscriptions import (
    Beat,
    Lease,
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    SliceKey,
    Subscription,
)
from event_store_async.testing import (
    HostileEventStore,
    HostileTransactions,
    Injected,
    Injection,
)
from event_store_async.testing.contract import SubscriptionStoreContract, TransactionsContract
from event_store_async.testing.contract.transactions import at, lease_of

from ..subscriptions.group import Notes, append, simulated, streams

A, B, C, D = streams(4)
View = dict[UUID, list[int]]


class Closing(HostileEventStore):
    """A hostile store that closes the wrapped one: the contract opens others."""

    def __init__(self, memory: MemoryEventStore, **chances: Any) -> None:
        super().__init__(memory, seed=1, **chances)
        self.memory = memory

    async def close(self) -> None:
        await self.memory.close()

    async def __aenter__(self) -> "Closing":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class TestWithoutFaults(SubscriptionStoreContract):
    @pytest.fixture
    def store(self) -> Closing:
        return Closing(MemoryEventStore())


async def leased(memory: MemoryEventStore) -> Lease:
    await append(memory, A, B)
    head = await memory.feed().head()
    await memory.subscriptions.register("test", 1, head.beginning(head.feed_id))
    lease = await memory.subscriptions.claim(SliceKey("test", 1, 0), UUID(int=1), 0)
    assert lease is not None
    return lease


@pytest.mark.parametrize(
    ("injection", "error", "is_stored"),
    [
        (Injection.COMMIT_STORED, StoreUnavailable, True),
        (Injection.COMMIT_LOST, StoreUnavailable, False),
        (Injection.UNAVAILABLE, StoreUnavailable, False),
        (Injection.STOLEN, LeaseLost, False),
        (Injection.NEW_GENERATION, LeaseLost, False),
    ],
)
async def test_a_commit(injection: Injection, error: type[Exception], is_stored: bool) -> None:
    memory = MemoryEventStore()
    lease = await leased(memory)
    head = await memory.feed().head()
    hostile = HostileEventStore(memory, seed=1, script=[injection])

    with pytest.raises(error):
        await hostile.subscriptions.commit(lease, head, {})

    assert hostile.injected == [Injected(injection, None)]
    known = await memory.subscriptions.checkpoints("test")
    assert (known.positions == (head,)) is is_stored
    assert known.registration.generation == (2 if injection is Injection.NEW_GENERATION else 1)


async def test_a_claim_gives_an_older_checkpoint_and_the_store_keeps_its_own() -> None:
    memory = MemoryEventStore()
    await append(memory, A, B, C)
    head = await memory.feed().head()
    places = [event.position async for event in memory.feed().read()]
    hostile = HostileEventStore(memory, seed=1, script=[Injection.REDELIVERED])
    shown, kept = hostile.subscriptions, memory.subscriptions
    await shown.register("test", 1, head.beginning(head.feed_id))
    first = await shown.claim(SliceKey("test", 1, 0), UUID(int=1), 0)
    assert first is not None
    assert hostile.injected == []  # there was no older one
    await shown.commit(await shown.commit(first, places[1], {}), places[2], {})

    lease = await shown.claim(first.key, UUID(int=2), first.fence)
    assert lease is not None
    assert lease.position in {first.position, places[1]}
    assert hostile.injected == [Injected(Injection.REDELIVERED, None)]
    assert await shown.refresh(lease) == lease
    moved = await shown.commit(lease, places[1], {})
    assert moved.position == places[1]
    assert (await kept.checkpoints("test")).positions == (places[2],)
    moved = await shown.commit(moved, places[2], {})
    assert await kept.refresh(moved) == moved


async def test_a_subscription_handles_again_what_it_handled_since_an_older_checkpoint() -> None:
    memory, notes = MemoryEventStore(), Notes()
    await append(memory, A, B, A)
    hostile = HostileEventStore(memory, seed=1, script=[Injection.REDELIVERED])
    for _ in range(2):  # the process starts again
        subscription: Subscription[Any] = Subscription(
            "test", memory.feed(), notes.handle, hostile.subscriptions, pace=PACE
        )
        await subscription.catch_up()

    assert hostile.script == ()
    assert len(notes.got) > 3
    assert [list(dict.fromkeys(notes.of(each))) for each in (A, B)] == [[1, 2], [1]]


async def test_a_late_beat_is_sent_and_answered_late() -> None:
    memory, slept = MemoryEventStore(), list[float]()
    lease = await leased(memory)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    hostile = HostileEventStore(memory, seed=1, script=[Injection.LATE_BEAT], sleep=sleep)
    roster = await hostile.subscriptions.beat("test", lease.member, Beat(1, 1))

    assert roster.members[lease.member].count == 1
    assert hostile.injected == [Injected(Injection.LATE_BEAT, None)]
    assert 1 <= slept[0] <= 9


async def test_a_store_without_subscriptions_says_so() -> None:
    class Bare:
        read_events = try_persist_events = staticmethod(lambda *_: None)

    bare: Any = Bare()
    with pytest.raises(InvalidArgument, match="has no subscriptions"):
        _ = HostileEventStore(bare, seed=1).subscriptions


FAULTS: dict[str, Any] = {
    "commit_stored": 0.1,
    "commit_lost": 0.1,
    "stolen": 0.1,
    "redelivered": 0.3,
    "new_generation": 0.02,
    "late_beat": 0.1,
    "unavailable": 0.1,
}
RECOVERY = Recovery(backoff=Backoff(initial=0.01, maximum=0.1))
PACE = Pace(page=3, commit_seconds=0.0)


@pytest.mark.parametrize("seed", range(20))
def test_every_event_is_handled_in_order_whatever_happens(seed: int) -> None:
    async def program() -> None:
        memory, notes = MemoryEventStore(), Notes()
        await append(memory, *[A, B, C, D] * 5)
        hostile = HostileEventStore(memory, seed=seed, **FAULTS)
        subscription: Subscription[Any] = Subscription(
            "test",
            memory.feed(),
            notes.handle,
            hostile.subscriptions,
            slices=2,
            pace=PACE,
            recovery=RECOVERY,
        )
        await _run(memory, subscription)

        for stream_id in (A, B, C, D):
            assert list(dict.fromkeys(notes.of(stream_id))) == [1, 2, 3, 4, 5]

    simulated(program)


async def _run(memory: MemoryEventStore, runner: Any) -> None:
    """Run until everything is handled: `catch_up` raises in an outage, `run` waits."""
    running = asyncio.create_task(runner.run())
    head = await memory.feed().head()
    while True:
        await asyncio.sleep(0.1)
        try:
            known = await memory.subscriptions.checkpoints("test")
        except SubscriptionUnknown:
            continue
        if min(known.positions) >= head and known.registration.ready:
            break
    runner.stop()
    await running


@pytest.mark.parametrize("seed", range(20))
def test_a_view_is_right_whatever_happens(seed: int) -> None:
    async def program() -> None:
        memory, view = MemoryEventStore(), MemoryTransactions[View]({})
        await append(memory, *[A, B, C, D] * 5)

        async def apply(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            for event in events:
                into.setdefault(event.stream_id, []).append(event.version)

        async def clear(into: View) -> None:
            into.clear()

        hostile = HostileEventStore(memory, seed=seed, **FAULTS)
        transactions = HostileTransactions(
            view, seed=seed, commit_unknown=0.1, deadlock=0.1, waits=0.1, wait_seconds=20.0
        )
        projection: Projection[Any, View] = Projection(
            "test",
            memory.feed(),
            apply,
            hostile.subscriptions,
            transactions=transactions,
            clear=clear,
            slices=2,
            pace=PACE,
            recovery=RECOVERY,
        )
        await _run(memory, projection)

        assert hostile.injected
        assert transactions.injected
        assert view.view == {each: [1, 2, 3, 4, 5] for each in (A, B, C, D)}

    simulated(program)


async def test_members_tell_the_hooks_of_the_wrapped_store() -> None:
    memory = MemoryEventStore()
    kept: Any = HostileEventStore(memory, seed=1).subscriptions

    assert kept.source == memory.subscriptions.source  # type: ignore[attr-defined]
    subscription = Subscription("test", memory.feed(), Notes().handle, kept)
    assert subscription.statistics().source == kept.source


class TestTransactionsWithoutFaults(TransactionsContract):
    @pytest.fixture
    def transactions(self) -> HostileTransactions[set[str]]:
        return HostileTransactions(MemoryTransactions(set()), seed=1)

    async def write(self, connection: Any, mark: str) -> None:
        connection.add(mark)

    async def marks(self, transactions: Any) -> set[str]:
        found: set[str] = transactions._transactions.view
        return found


@pytest.mark.parametrize(
    ("injection", "is_stored"), [(Injection.COMMIT_UNKNOWN, True), (Injection.DEADLOCK, False)]
)
async def test_a_transaction(injection: Injection, is_stored: bool) -> None:
    hostile = HostileTransactions(MemoryTransactions[View]({}), seed=1, script=[injection])
    with pytest.raises(ConnectionError) as caught:
        async with hostile.begin(lease_of("test")) as transaction:
            await transaction.advance(at(1))

    assert hostile.is_transient(caught.value)
    assert isinstance(caught.value, hostile.transient)
    assert hostile.injected == [Injected(injection, None)]
    assert (await hostile.positions("test", 1) == {0: at(1)}) is is_stored


async def test_a_transaction_that_waits() -> None:
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    hostile = HostileTransactions(
        MemoryTransactions[View]({}),
        seed=1,
        wait_seconds=7.0,
        sleep=sleep,
        script=[Injection.WAITS],
    )
    async with hostile.begin(lease_of("test")) as transaction:
        await transaction.advance(at(1))

    assert slept == [7.0]
    assert await hostile.positions("test", 1) == {0: at(1)}


async def test_outages_of_the_wrapped_ones_stay_outages() -> None:
    class Earlier:
        """Transactions as they were before they could tell outages from other errors."""

        transient = (KeyError,)
        begin = positions = staticmethod(lambda *_: None)

    earlier: Any = Earlier()
    hostile = HostileTransactions(earlier, seed=1)

    assert hostile.is_transient(KeyError())
    assert hostile.is_transient(ConnectionError())
    assert not hostile.is_transient(ValueError())


async def test_a_handlers_error_is_its_own() -> None:
    hostile = HostileTransactions(
        MemoryTransactions[View]({}), seed=1, script=[Injection.COMMIT_UNKNOWN]
    )
    with pytest.raises(ValueError, match="no"):
        async with hostile.begin(lease_of("test")):
            raise ValueError("no")

    assert hostile.injected == []
