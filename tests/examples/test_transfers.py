"""Transfers: money is neither lost nor made, wherever a process dies."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendResult,
    CategoryStore,
    EventStore,
    ExpectedVersion,
    MemoryEventStore,
    SubscriptionMismatch,
)
from event_store_async.subscriptions import Pace, Subscriptions
from event_store_async.testing import given_events, settle
from event_store_async.testing.deliveries import CrashingSubscriptions
from examples import transfers
from examples.transfers import (
    Closed,
    Completed,
    Failed,
    Opened,
    Received,
    Requested,
    Returned,
    Sent,
    Store,
    Transfers,
    conclude,
    move_money,
)

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

PACE = Pace(page=5, commit_seconds=0, beat=0.01, lease=0.03)
ANN, BOB, CLEO = (UUID(int=number) for number in (1, 2, 3))
REQUESTS = {
    UUID(int=11): (ANN, BOB, 70),
    UUID(int=12): (BOB, ANN, 30),
    UUID(int=13): (ANN, CLEO, 20),
    UUID(int=14): (ANN, BOB, 1000),
}
MONEY = 200


class Died(BaseException):
    """The process has died."""


class Fuse:
    """
    Lets a process die.

    Args:
        at: At which of its appends and commits.
        is_done: Whether that one is still carried out.
    """

    def __init__(self, at: int, *, is_done: bool) -> None:
        self.at = at
        self.is_done = is_done
        self.count = 0

    async def burn(self, call: Any) -> Any:
        self.count += 1
        if self.count > self.at or (self.count == self.at and not self.is_done):
            raise Died
        result = await call()
        if self.count >= self.at:
            raise Died
        return result


class DyingSubscriptions(CrashingSubscriptions):
    """What keeps subscriptions, for a process that dies."""

    def __init__(self, store: Subscriptions, fuse: Fuse) -> None:
        super().__init__(store, None, commits=True)
        self.fuse = fuse

    async def commit(self, *arguments: Any) -> Any:
        return await self.fuse.burn(lambda: self._store.commit(*arguments))


class DyingStore(MemoryEventStore):
    """The store of a process that dies."""

    def __init__(self, store: MemoryEventStore, fuse: Fuse) -> None:
        super().__init__()
        self._table = store._table
        self.fuse = fuse

    def category(self, name: str) -> CategoryStore:
        category = super().category(name)

        async def append(
            stream_id: UUID,
            events: Iterable[Any],
            expected: ExpectedVersion,
            timeout: float | None,
            _: str,
        ) -> AppendResult:
            result: AppendResult = await self.fuse.burn(
                lambda: category.try_persist_events(stream_id, events, expected, timeout=timeout)
            )
            return result

        return CategoryStore(self, name, append)

    @property
    def subscriptions(self) -> Any:
        return DyingSubscriptions(super().subscriptions, self.fuse)


@dataclass
class Books:
    """All that the streams say of money."""

    balances: dict[UUID, int]
    in_flight: int
    outcomes: dict[UUID, list[Completed | Failed]]


async def books(store: Store) -> Books:
    """Read the streams, and demand that no money was lost or made."""
    bank = Transfers(store)
    found = Books({}, 0, {})
    for account in (ANN, BOB, CLEO):
        found.balances[account] = (await bank.balances.load(account)).aggregate.cents
        async for event in bank.accounts.read_events(account):
            match event.payload:
                case Sent(cents=cents):
                    found.in_flight += cents
                case Received(cents=cents) | Returned(cents=cents):
                    found.in_flight -= cents
    for transfer in REQUESTS:
        events = [event.payload async for event in bank.transfers.read_events(transfer)]
        found.outcomes[transfer] = [each for each in events if not isinstance(each, Requested)]
    assert min(found.balances.values()) >= 0
    assert found.in_flight >= 0
    assert sum(found.balances.values()) + found.in_flight == MONEY
    return found


async def begun(store: Store) -> Transfers:
    """Return a bank in which transfers were asked for."""
    bank = Transfers(store, pace=PACE)
    await bank.accounts.persist_events(ANN, [Opened(150)])
    await bank.accounts.persist_events(BOB, [Opened(50)])
    await bank.accounts.persist_events(CLEO, [Opened(0), Closed()])
    for transfer, (source, target, cents) in REQUESTS.items():
        for _ in range(2):
            await bank.request(transfer, source, target, cents)
    return bank


async def expect_the_end(store: Store) -> None:
    end = await books(store)
    assert end.in_flight == 0
    assert end.balances == {ANN: 110, BOB: 90, CLEO: 0}
    *others, (too_much,) = end.outcomes.values()
    assert others == [[Completed()], [Completed()], [Failed("the target is closed")]]
    # Of how much there was, transfers that are carried out at the same time decide.
    assert isinstance(too_much, Failed)
    assert too_much.reason.startswith("the balance is only")


async def test_transfers_are_carried_out() -> None:
    store = MemoryEventStore()
    bank = await begun(store)
    await settle(*bank.subscriptions)
    await expect_the_end(store)


@pytest.mark.slow
@pytest.mark.parametrize("is_done", [False, True])
async def test_no_money_is_lost_or_made_wherever_a_process_dies(is_done: bool) -> None:
    # How often a life commits depends on how its subscriptions take turns: so the lives get longer
    # until one of them ends before it would die.
    for at in count(1):
        store = MemoryEventStore()
        await begun(store)
        dying = Transfers(DyingStore(store, Fuse(at, is_done=is_done)), pace=PACE)
        try:
            await settle(*dying.subscriptions)
        except Died:
            await books(store)
        else:
            assert at > 4 * len(REQUESTS)
            await expect_the_end(store)
            return
        await settle(*Transfers(store, pace=PACE).subscriptions)
        await expect_the_end(store)


async def test_a_process_that_dies_again_and_again_gets_there() -> None:
    store = MemoryEventStore()
    await begun(store)
    for _ in range(1000):
        dying = Transfers(DyingStore(store, Fuse(2, is_done=True)), pace=PACE)
        try:
            await settle(*dying.subscriptions)
        except Died:
            await books(store)
        else:
            break
    await expect_the_end(store)


async def test_all_events_delivered_again_store_nothing() -> None:
    store = MemoryEventStore()
    bank = await begun(store)
    await settle(*bank.subscriptions)
    head = await store.feed().head()
    for subscription in bank.subscriptions:
        await store.subscriptions.reset(subscription.name, "beginning")
    await settle(*Transfers(store, pace=PACE).subscriptions)

    assert await store.feed().head() == head
    await expect_the_end(store)


def test_reactions_are_pure_functions() -> None:
    (requested,) = given_events(Requested(ANN, BOB, 70))
    (command,) = move_money(requested)
    (received,) = given_events(Received(UUID(int=11), 70), stream_id=BOB)
    (outcome,) = conclude(received)

    assert command.aggregate_id == ANN
    assert outcome.aggregate_id == UUID(int=11)


async def test_no_transfer_is_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one cent"):
        await Transfers(MemoryEventStore()).request(uuid4(), ANN, BOB, 0)


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    store: EventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        await transfers.main(keyspace)
    finally:
        await drop_keyspace(store, keyspace)

    _, _, documented = (transfers.__doc__ or "").partition("prints::\n\n")
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line.strip() for line in documented.splitlines()]


async def test_nobody_waits_for_an_outcome_that_cannot_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Kept(MemoryEventStore):
        async def create_schema(self, *, feed: bool) -> None:
            assert feed

    kept = Kept()
    await kept.subscriptions.register("move-money", 7, await kept.feed().head())
    monkeypatch.setattr(transfers, "open_store", lambda _: kept)

    async with asyncio.timeout(60):
        with pytest.raises(ExceptionGroup) as caught:
            await transfers.main("anywhere")
    assert caught.group_contains(SubscriptionMismatch)


@pytest.mark.slow
async def test_two_runs_that_are_cancelled_on_cassandra_lose_no_money(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    pace = Pace(beat=0.1, lease=0.5)
    try:
        async with server.connect(keyspace) as own:
            await own.create_schema(server.replication, feed=True)
            await begun(own)
            for rounds in range(1, 5):
                members = [Transfers(own, pace=pace) for _ in range(2)]
                running = [asyncio.create_task(member.run()) for member in members]
                await asyncio.wait(running, timeout=0.1 * rounds)
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                await books(own)
            last = Transfers(own, pace=pace)
            running = [asyncio.create_task(last.run())]
            async with asyncio.timeout(120):
                for transfer in REQUESTS:
                    await last.outcome(transfer)
            for subscription in last.subscriptions:
                subscription.stop()
            await asyncio.gather(*running)
            await expect_the_end(own)
    finally:
        await drop_keyspace(store, keyspace)
