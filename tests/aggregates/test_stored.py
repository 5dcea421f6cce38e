"""Stored snapshots: fewer reads in every process, and never another result."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    InvalidArgument,
    MemoryEventStore,
    Settings,
    SnapshotStore,
    StoreUnavailable,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Reducer,
    Repository,
    Snapshot,
    SnapshotCache,
    StoredSnapshot,
)
from event_store_async.aggregates.proof import Disproved, Proof
from event_store_async.events import RecordedEvent
from event_store_async.snapshots.saves import AT_ONCE, WAITING
from event_store_async.testing import HostileEventStore

from .bank import SpyStore
from .totals import (
    EVERY,
    KIND,
    MOMENT,
    TOTAL,
    Bank,
    Blocked,
    Broken,
    Total,
    WithHead,
    add,
    lying,
    total,
)

# What is saved, and when


async def test_a_long_load_saves_a_snapshot_from_which_another_process_reads_on(
    bank: Bank, account: UUID
) -> None:
    await bank.memory.persist_events(account, [1] * 25)

    first = await bank.repository().load(account)
    await bank.saved()
    await bank.memory.persist_events(account, [1] * 3)
    second = await bank.repository().load(account)

    assert (first.version, first.aggregate) == (25, total(25))
    assert (second.version, second.aggregate) == (28, total(28))
    assert type(second) is Snapshot
    assert bank.store.reads == [1, 25], "the event at the version of the snapshot proves it"
    assert bank.outcomes("save") == ["saved"]


async def test_a_short_load_saves_nothing(bank: Bank, account: UUID) -> None:
    await bank.memory.persist_events(account, [1] * (EVERY - 1))

    await bank.repository().load(account)
    await bank.saved()

    assert bank.outcomes("save") == []


@pytest.mark.parametrize("cached", [True, False])
async def test_commands_save_one_snapshot_in_so_many_events(
    bank: Bank, account: UUID, cached: bool
) -> None:
    handler = bank.handler(cache=SnapshotCache() if cached else None)
    for number in range(35):
        await handler.handle(add(account, number))
        await bank.saved()

    saved = [it.version for it in bank.records if it.operation == "save"]
    found = await bank.memory.snapshots.load(account, KIND)
    assert saved == [10, 20, 30]
    assert found is not None
    assert found.aggregate == {"sum": sum(range(30)), "count": 30}


async def test_of_many_handlers_one_saves(bank: Bank, account: UUID) -> None:
    handlers = [bank.handler() for _ in range(4)]
    for number in range(40):
        await handlers[number % 4].handle(add(account))
        await bank.saved()

    assert [it.version for it in bank.records if it.operation == "save"] == [10, 20, 30, 40]


async def test_a_command_of_many_events_saves_its_end(bank: Bank, account: UUID) -> None:
    await bank.handler().handle(Command(account, lambda _: [1] * 37))
    await bank.saved()
    found = await bank.repository().load(account)

    assert [it.version for it in bank.records if it.operation == "save"] == [37]
    assert found.aggregate == total(37)
    assert bank.store.reads[-1] == 37


async def test_the_timestamp_of_a_snapshot_is_that_of_its_event(bank: Bank, account: UUID) -> None:
    await bank.memory.persist_events(account, [1] * 25)
    whole = await bank.repository().load(account)
    await bank.saved()

    assert await bank.repository().load(account) == whole


# Another kind


async def test_a_changed_reducer_never_meets_an_old_snapshot(bank: Bank, account: UUID) -> None:
    await bank.memory.persist_events(account, [1] * 25)
    await bank.repository().load(account)
    await bank.saved()
    doubled = Reducer[Total, int](
        {"sum": 0, "count": 0},
        lambda total, amount: {"sum": total["sum"] + 2 * amount, "count": 0},
    )
    changed = Repository(
        bank.store, doubled, snapshots=bank.memory.snapshots, kind="total/2", every=EVERY
    )

    first = await changed.load(account)
    await bank.saved()

    assert first.aggregate == {"sum": 50, "count": 0}
    assert (await changed.load(account)).aggregate == {"sum": 50, "count": 0}
    assert (await bank.repository().load(account)).aggregate == total(25)
    assert bank.store.reads == [1, 1, 25, 25]


# Snapshots that lie


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 26}, "it is above the head, 25"),
        ({"version": 1_000_000}, "it is above the head, 25"),
        ({"timestamp": MOMENT}, "another event is at its version"),
        ({"recent": (uuid4(),)}, "another event is at its version"),
        ({"version": 19}, "another event is at its version"),
        ({"aggregate": {"sun": 3}}, "the reducer cannot go on from it: KeyError"),
        ({"aggregate": None}, "the reducer cannot go on from it: TypeError"),
        ({"aggregate": 7}, "the reducer cannot go on from it: TypeError"),
    ],
    ids=str,
)
async def test_a_snapshot_that_does_not_fit_is_reported_and_not_used(
    bank: Bank, account: UUID, changes: dict[str, Any], reason: str
) -> None:
    bank.store = WithHead(bank.memory)
    await lying(bank, account, **changes)

    found = await bank.repository().load(account)
    await bank.saved()
    again = await bank.repository().load(account)

    assert (found.version, found.aggregate) == (25, total(25))
    assert again == found
    assert bank.outcomes("reject") == ["rejected"]
    assert [it.reason for it in bank.records if it.operation == "reject"] == [reason]
    assert bank.store.reads[-1] == 25, "a new snapshot has taken its place"


async def test_the_head_is_read_at_the_serial_level_before_a_snapshot_is_called_wrong(
    bank: Bank, account: UUID
) -> None:
    bank.store = store = WithHead(bank.memory)
    await lying(bank, account, version=26)

    await bank.repository().load(account)

    assert store.asked == [True]


async def test_a_command_is_decided_on_the_stream_and_not_on_a_snapshot_above_it(
    bank: Bank, account: UUID
) -> None:
    bank.store = WithHead(bank.memory)
    await lying(bank, account, version=400, aggregate=total(400))
    seen: list[Total] = []

    def decide(state: Total) -> list[int]:
        seen.append(state)
        return [1]

    done = await bank.handler().handle(Command(account, decide))

    assert isinstance(done, CommandHandled)
    assert (done.after.version, seen) == (26, [total(25)])


async def test_a_reducer_that_fails_anyway_does_not_cost_the_snapshot(
    bank: Bank, account: UUID
) -> None:
    await lying(bank, account)
    failing = Reducer[Total, int]({"sum": 0, "count": 0}, lambda *_: 1 // 0)  # type: ignore[arg-type]
    repository = Repository(bank.store, failing, snapshots=bank.memory.snapshots, kind=KIND)

    with pytest.raises(ZeroDivisionError):
        await repository.load(account)

    assert bank.outcomes("reject") == []
    assert await bank.memory.snapshots.load(account, KIND) is not None


class Forgetful(SpyStore):
    """A store whose events up to a version are gone."""

    kept_from = 1

    def read_events(
        self, stream_id: UUID, from_version: int | None = None, *a: Any, **o: Any
    ) -> Any:
        return super().read_events(stream_id, max(from_version or 1, self.kept_from), *a, **o)


@pytest.mark.parametrize("kept_from", [20, 21])
async def test_a_snapshot_stands_for_events_that_are_gone(
    bank: Bank, account: UUID, kept_from: int
) -> None:
    bank.store = store = Forgetful(bank.memory)
    await lying(bank, account)
    store.kept_from = kept_from

    found = await bank.repository().load(account)

    assert (found.version, found.aggregate) == (25, total(25))
    assert bank.outcomes("reject") == []


async def test_a_snapshot_from_before_a_gap_is_not_used(account: UUID) -> None:
    proof = Proof(StoredSnapshot(total(20), 20, MOMENT), MemoryEventStore(), account)

    with pytest.raises(Disproved, match="events after it are no longer there"):
        proof.takes(RecordedEvent(account, 22, 1, MOMENT))


# Snapshots that cannot be saved or loaded


@dataclass(frozen=True)
class Account:
    balance: int = 0


async def test_an_aggregate_that_would_come_back_as_something_else_is_not_saved(
    bank: Bank, account: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    reducer = Reducer[Account, int](Account(), lambda at, amount: Account(at.balance + amount))
    repository = Repository(
        bank.store, reducer, snapshots=bank.memory.snapshots, kind="account/1", every=EVERY
    )
    await bank.memory.persist_events(account, [1] * 25)

    with caplog.at_level(logging.WARNING, "event_store_async"):
        for _ in range(3):
            assert (await repository.load(account)).aggregate == Account(25)
            await bank.saved()

    assert bank.outcomes("save") == ["invalid"] * 3
    assert bank.outcomes("load") == ["missing"] * 3
    assert len(caplog.records) == 1, "logged once, for those without hooks"
    assert "typed_snapshots" in caplog.text
    assert "balance=25" not in caplog.text, "an aggregate may hold personal data"


@pytest.mark.parametrize(
    "error", [StoreUnavailable("away"), RuntimeError("no"), OSError("disk")], ids=repr
)
async def test_no_failure_of_the_snapshots_is_one_of_the_repository(
    bank: Bank, account: UUID, error: Exception
) -> None:
    handler = bank.handler(snapshots=Broken(error))
    for _ in range(25):
        await handler.handle(add(account))

    assert (await bank.repository(snapshots=Broken(error)).load(account)).aggregate == total(25)


async def test_a_cancellation_is_passed_on(bank: Bank, account: UUID) -> None:
    with pytest.raises(asyncio.CancelledError):
        await bank.repository(snapshots=Broken(asyncio.CancelledError())).load(account)


async def test_the_truth_is_found_through_any_faults(account: UUID) -> None:
    async def no_time(_: float) -> None:
        await asyncio.sleep(0)

    memory = MemoryEventStore()
    store = HostileEventStore(
        memory,
        seed=11,
        no_snapshot=0.1,
        stale_snapshot=0.2,
        snapshot_ahead=0.2,
        undecodable_snapshot=0.1,
        delay=0.2,
        sleep=no_time,
    )
    for number in range(1, 201):
        writer = Repository(store, TOTAL, snapshots=store.snapshots, kind=KIND, every=EVERY)
        handled = await CommandHandler(writer, store).handle(add(account))
        assert isinstance(handled, CommandHandled)
        reader = Repository(store, TOTAL, snapshots=store.snapshots, kind=KIND, every=EVERY)
        found = await reader.load(account)
        assert (found.version, found.aggregate) == (number, total(number))
    injected = {each.injection.value for each in store.injected}
    assert {"no snapshot", "stale snapshot", "snapshot ahead"} <= injected
    assert "undecodable snapshot" in injected


# In the background


async def test_commands_do_not_wait_for_saves_and_few_are_saved_at_a_time(bank: Bank) -> None:
    blocked = Blocked(bank.memory)
    handler = bank.handler(every=1)
    accounts = [uuid4() for _ in range(20)]

    for _ in range(5):
        for each in accounts:
            await handler.handle(add(each))

    waiting = bank.memory._snapshot_saves._waiting
    assert blocked.writing == AT_ONCE
    assert len(waiting) == len(accounts), "of one stream, the newest waits"
    blocked.go.set()
    await bank.memory.close()
    async with bank.memory.reopened() as again:
        for each in accounts:
            found = await again.snapshots.load(each, KIND)
            assert found is not None
            assert found.version == 5


async def test_what_cannot_wait_is_given_up_and_reported(bank: Bank) -> None:
    blocked = Blocked(bank.memory)
    for _ in range(AT_ONCE):
        bank.memory.snapshots.save_soon(uuid4(), KIND, Snapshot(total(1), 1, MOMENT))
    await asyncio.sleep(0)
    for _ in range(WAITING + 3):
        bank.memory.snapshots.save_soon(uuid4(), KIND, Snapshot(total(1), 1, MOMENT))

    assert bank.outcomes("save") == ["dropped"] * 3
    assert len(bank.memory._snapshot_saves._waiting) == WAITING
    blocked.go.set()
    await bank.memory.close()
    assert bank.outcomes("save").count("saved") == AT_ONCE + WAITING


async def test_what_comes_after_closing_is_given_up(bank: Bank, account: UUID) -> None:
    await bank.memory.close()

    bank.memory.snapshots.save_soon(account, KIND, Snapshot(total(1), 1, MOMENT))

    assert bank.outcomes("save") == ["dropped"]


async def test_closing_gives_up_what_takes_too_long(bank: Bank) -> None:
    memory = bank.memory.reopened(
        settings=Settings(close_timeout=0.01, hooks=bank.memory._settings.hooks)
    )
    blocked = Blocked(memory)
    for _ in range(AT_ONCE + 2):
        memory.snapshots.save_soon(uuid4(), KIND, Snapshot(total(1), 1, MOMENT))
    await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await memory.close()
        await memory._snapshot_saves.ended()

    assert blocked.writing == AT_ONCE
    assert sorted(bank.outcomes("save")) == ["cancelled"] * AT_ONCE + ["dropped"] * 2


async def test_a_command_that_is_cancelled_leaves_nothing_wrong(bank: Bank, account: UUID) -> None:
    handler = bank.handler()
    await bank.memory.persist_events(account, [1] * 9)
    for turns in range(12):  # cancelled at each of its steps
        task = asyncio.ensure_future(handler.handle(add(account)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await bank.saved()
        version = await bank.memory.current_version(account)
        found = await bank.repository().load(account)
        assert (found.version, found.aggregate) == (version, total(version))


async def test_a_process_that_dies_before_it_saves_costs_a_longer_read(
    bank: Bank, account: UUID
) -> None:
    await bank.memory.persist_events(account, [1] * 10)  # as by a handler that died after this
    handler = bank.handler()
    for _ in range(10):
        await handler.handle(add(account))
    await bank.saved()

    found = await bank.repository().load(account)

    assert found.aggregate == total(20)
    assert bank.store.reads[-1] == 20


# Commands that are repeated


@pytest.mark.parametrize("cached", [True, False])
async def test_a_repeated_command_is_recognised_by_a_process_that_reads_from_a_snapshot(
    bank: Bank, account: UUID, cached: bool
) -> None:
    commands = [add(account, number, command_id=uuid4()) for number in range(25)]
    handler = bank.handler(cache=SnapshotCache() if cached else None)
    for command in commands:
        await handler.handle(command)
    await bank.saved()

    for command in commands:
        again = await bank.handler(cache=SnapshotCache() if cached else None).handle(command)
        assert isinstance(again, CommandHandled)
        assert again.handled_earlier
    assert await bank.memory.current_version(account) == 25


async def test_a_long_command_is_recognised_by_its_first_event(bank: Bank, account: UUID) -> None:
    command = Command[Total, int](account, lambda _: [1] * 30)
    await bank.handler().handle(command)
    await bank.saved()

    again = await bank.handler().handle(command)

    assert isinstance(again, CommandHandled)
    assert (again.handled_earlier, len(again.events)) == (True, 30)
    assert bank.outcomes("reject") == [], "the last id of a snapshot is that of its last event"


async def test_a_command_from_long_before_the_snapshot_is_carried_out_again(
    bank: Bank, account: UUID
) -> None:
    command = add(account)
    await bank.handler().handle(command)
    await bank.memory.persist_events(account, [1] * 150)
    await bank.repository().load(account)
    await bank.saved()

    again = await bank.handler().handle(command)

    assert isinstance(again, CommandHandled)
    assert not again.handled_earlier, "documented, as for a cache"


# Arguments


@pytest.mark.parametrize(
    "options",
    [
        {"kind": KIND},
        {"snapshots": "store"},
        {"snapshots": "self"},
        {"snapshots": "self", "kind": ""},
        {"snapshots": "self", "kind": 7},
        {"snapshots": "self", "kind": KIND, "every": 0},
        {"snapshots": "self", "kind": KIND, "every": 1.5},
        {"snapshots": "class", "kind": KIND},
        {"snapshots": "memory", "kind": KIND},
    ],
    ids=str,
)
def test_arguments_of_the_wrong_kind_are_refused(bank: Bank, options: dict[str, Any]) -> None:
    named = {
        "store": "store",
        "self": bank.memory.snapshots,
        "class": SnapshotStore,
        "memory": bank.memory,
    }
    if "snapshots" in options:
        options = options | {"snapshots": named[options["snapshots"]]}

    with pytest.raises(InvalidArgument):
        Repository(bank.store, TOTAL, **options)


def test_a_store_without_snapshots_cannot_be_hostile_about_them(bank: Bank) -> None:
    hostile = HostileEventStore(bank.store, seed=1)

    with pytest.raises(InvalidArgument, match="SpyStore has no snapshots"):
        _ = hostile.snapshots
