"""Stored snapshots that are wrong in every way, and saves that end in every way."""

import asyncio
import gc
import logging
from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncGenerator
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    InvalidSnapshot,
    JsonCodec,
    MemoryEventStore,
    NewEvent,
    Settings,
    StoreUnavailable,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Reducer,
    Repository,
    Snapshot,
    StoredSnapshot,
)
from event_store_async.hooks import SnapshotEnded
from event_store_async.snapshots.rows import SnapshotRow
from event_store_async.snapshots.saves import AT_ONCE

from .bank import SpyStore
from .totals import (
    EVERY,
    KIND,
    MOMENT,
    TOTAL,
    Bank,
    Blocked,
    Broken,
    WithHead,
    add,
    lying,
    total,
)

# Rows that another program wrote


async def stored(bank: Bank, account: UUID, **changes: Any) -> None:
    """Store 25 events, and a row at version 20 with something wrong in it."""
    done = await bank.memory.persist_events(account, [NewEvent(1) for _ in range(25)])
    at = done.events[19]
    right = SnapshotRow(
        20,
        round(at.timestamp.timestamp() * 1000),
        JsonCodec().encode(total(20)),
        JsonCodec.content_type,
        at.event_id.bytes if at.event_id else b"",
    )
    facts = {name: getattr(right, name) for name in SnapshotRow.__slots__} | changes
    await bank.memory._table.snapshot_rows.write(account, KIND, SnapshotRow(**facts))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": -5},
        {"timestamp": None},
        {"timestamp": 2**62},
        {"payload": None},
        {"payload": b""},
        {"payload": b"{"},
        {"content_type": "text/unknown"},
        {"content_type": None, "payload": b"\x00"},
        {"content_type": f"{JsonCodec.content_type}+zstd"},
        {"recent": b"too short"},
    ],
    ids=str,
)
async def test_what_cannot_be_decoded_is_reported_and_not_used(
    bank: Bank, account: UUID, changes: dict[str, Any]
) -> None:
    await stored(bank, account, **changes)

    found = await bank.repository().load(account)
    await bank.saved()
    again = await bank.repository().load(account)

    assert (found.version, found.aggregate) == (25, total(25))
    assert again == found
    assert bank.outcomes("load") == ["undecodable", "found"], "a newer one has taken its place"
    assert bank.outcomes("reject") == [], "a newer program may be able to decode it"


async def test_a_row_without_ids_is_proved_by_the_moment_of_its_event(
    bank: Bank, account: UUID
) -> None:
    await stored(bank, account, recent=None)

    assert (await bank.repository().load(account)).aggregate == total(25)
    assert bank.store.reads == [20]


async def test_one_above_the_head_that_cannot_be_decoded_costs_one_load(
    bank: Bank, account: UUID
) -> None:
    bank.store = WithHead(bank.memory)
    await stored(bank, account, version=1_000_000, payload=b"{")

    found = [await bank.repository().load(account)]
    await bank.saved()
    found += [await bank.repository().load(account) for _ in range(2)]

    assert [(each.version, each.aggregate) for each in found] == [(25, total(25))] * 3
    assert [it.reason for it in bank.records if it.operation == "reject"] == [
        "it is above the head, 25"
    ]
    assert bank.store.reads == [1, 25, 25], "otherwise no newer one would ever replace it"


class Headless(SpyStore):
    """A store that cannot be asked for the version of a stream."""

    async def current_version(self, *_: Any, **__: Any) -> int:
        raise StoreUnavailable("no quorum answered in time")


async def test_a_load_does_not_depend_on_the_head_that_would_show_it(
    bank: Bank, account: UUID
) -> None:
    bank.store = Headless(bank.memory)
    await stored(bank, account, version=1_000_000, payload=b"{")

    assert (await bank.repository().load(account)).aggregate == total(25)
    assert bank.outcomes("reject") == []


async def test_the_snapshot_of_another_stream_is_not_used(bank: Bank, account: UUID) -> None:
    other = uuid4()
    await bank.memory.persist_events(other, [NewEvent(2) for _ in range(25)])
    await bank.repository().load(other)
    await bank.saved()
    row = await bank.memory._table.snapshot_rows.read(other, KIND)
    assert row is not None
    await bank.memory.persist_events(account, [NewEvent(1) for _ in range(25)])
    await bank.memory._table.snapshot_rows.write(account, KIND, row)

    assert (await bank.repository().load(account)).aggregate == total(25)
    assert bank.outcomes("reject") == ["rejected"]


async def test_a_rejected_snapshot_is_logged_once_for_those_without_hooks(
    account: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    memory = MemoryEventStore()
    await memory.persist_events(account, [1] * 5)
    repository = Repository(memory, TOTAL, snapshots=memory.snapshots, kind=KIND, every=EVERY)
    with caplog.at_level(logging.WARNING, "event_store_async"):
        for _ in range(3):
            await memory.snapshots.save(account, KIND, Snapshot(total(9), 9, MOMENT))
            assert (await repository.load(account)).aggregate == total(5)

    assert [record.getMessage() for record in caplog.records] == [
        f"a snapshot of {KIND!r}, stream {account}, version 9, was not used: it is above the head, "
        "5; further ones are only reported to hooks"
    ]


# What a store of the application's own gives back


class Giving(Broken):
    """Stored snapshots that give whatever they were told to."""

    def __init__(self, given: Any) -> None:
        super().__init__(RuntimeError())
        self.given = given

    async def load(self, *_: Any) -> Any:
        return self.given


@pytest.mark.parametrize(
    "given",
    [
        "text",
        total(20),
        Snapshot(total(20), 20, MOMENT),
        StoredSnapshot(total(20), 0, MOMENT),
        StoredSnapshot(total(20), -1, MOMENT),
        StoredSnapshot(total(20), "20", MOMENT),  # type: ignore[arg-type]
        StoredSnapshot(total(20), 2**31, MOMENT),
        StoredSnapshot(total(20), 20, None),
        StoredSnapshot(total(20), 20, MOMENT, ["id"]),  # type: ignore[arg-type]
    ],
    ids=lambda it: repr(it)[:60],
)
async def test_what_is_no_snapshot_is_not_used(bank: Bank, account: UUID, given: Any) -> None:
    await bank.memory.persist_events(account, [1] * 25)

    found = await bank.repository(snapshots=Giving(given)).load(account)

    assert (found.version, found.aggregate) == (25, total(25))


class Raising(Giving):
    """Stored snapshots whose `save_soon` raises, against its contract."""

    def save_soon(self, *_: Any) -> None:
        raise RuntimeError("no")


async def test_a_save_that_raises_fails_neither_commands_nor_loads(
    bank: Bank, account: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    handler = bank.handler(snapshots=Raising(None), every=1)
    with caplog.at_level(logging.WARNING, "event_store_async"):
        for _ in range(3):
            assert isinstance(await handler.handle(add(account)), CommandHandled)
        found = await bank.repository(snapshots=Raising(None), every=1).load(account)

    assert found.aggregate == total(3)
    assert len(caplog.records) == 2, "once for each repository"


# Reads that do not see the event of the snapshot


class Late(WithHead):
    """A store whose first read does not see the last events: they are being committed."""

    late = 1

    def read_events(self, *arguments: Any, **options: Any) -> Any:
        events = super().read_events(*arguments, **options)
        if self.late:
            self.late -= 1
            return self._none_of(events)
        return events

    async def _none_of(self, events: Any) -> AsyncGenerator[Any, None]:
        await events.aclose()
        nothing: list[Any] = []
        for event in nothing:
            yield event


@pytest.mark.parametrize(
    ("changes", "rejected"), [({}, []), ({"recent": (uuid4(),)}, ["rejected"])]
)
async def test_an_event_in_the_middle_of_its_commit_is_looked_at_as_well(
    bank: Bank, account: UUID, changes: dict[str, Any], rejected: list[str]
) -> None:
    bank.store = Late(bank.memory)
    await lying(bank, account, **changes)

    found = await bank.repository().load(account)

    assert (found.version, found.aggregate) == (25, total(25))
    assert bank.outcomes("reject") == rejected


class Emptied(WithHead):
    """A store whose streams have a head, and no events any more."""

    late = True

    def read_events(self, stream_id: UUID, *_: Any, **options: Any) -> Any:
        return super().read_events(stream_id, 1000, **options)


@pytest.mark.parametrize(
    ("version", "found", "rejected"),
    [(25, 25, []), (20, 0, ["events after it are no longer there"])],
)
async def test_a_stream_without_events_is_what_the_snapshot_at_its_head_says(
    bank: Bank, account: UUID, version: int, found: int, rejected: list[str]
) -> None:
    await bank.memory.persist_events(account, [1] * 25)
    await bank.memory.snapshots.save(account, KIND, StoredSnapshot(total(version), version, MOMENT))
    bank.store = Emptied(bank.memory)

    loaded = await bank.repository().load(account)

    assert (loaded.version, loaded.aggregate) == (found, total(found))
    assert [it.reason for it in bank.records if it.operation == "reject"] == rejected


# Aggregates that would come back as something else


class Status(StrEnum):
    OPEN = "open"


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    "aggregate",
    [
        {"status": Status.OPEN},
        {"levels": [Level.LOW]},
        {Status.OPEN: 1},
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        {"words": Counter("a")},
        {"number": float("nan")},
    ],
    ids=repr,
)
async def test_a_subclass_that_equals_its_value_is_not_saved(
    bank: Bank, account: UUID, aggregate: Any
) -> None:
    with pytest.raises(InvalidSnapshot):
        await bank.memory.snapshots.save(account, KIND, Snapshot(aggregate, 1, MOMENT))


async def test_a_reducer_that_asks_for_an_enums_member_is_not_misled(
    bank: Bank, account: UUID
) -> None:
    reducer = Reducer[dict[str, Any], str](
        {"status": Status.OPEN, "count": 0},
        lambda at, _: {**at, "count": at["count"] + (at["status"] is Status.OPEN)},
    )
    await bank.memory.persist_events(account, ["a"] * 25)
    for _ in range(2):
        repository = Repository(
            bank.memory, reducer, snapshots=bank.memory.snapshots, kind=KIND, every=EVERY
        )
        found = await repository.load(account)
        await bank.saved()
        assert found.aggregate == {"status": "open", "count": 25}
    await bank.memory.persist_events(account, ["a"])
    assert (await repository.load(account)).aggregate["count"] == 26
    await bank.saved()
    assert bank.outcomes("save") == ["invalid"] * 3


class Counting(JsonCodec):
    """Counts what it decodes."""

    decoded = 0

    def decode(self, data: bytes) -> Any:
        self.decoded += 1
        return super().decode(data)


async def test_one_that_is_too_large_is_given_up_before_it_is_decoded(account: UUID) -> None:
    codec = Counting()
    records: list[Any] = []
    settings = Settings(max_append_bytes=1000, hooks=(records.append,))
    async with MemoryEventStore(codec=codec, settings=settings) as memory:
        with pytest.raises(InvalidSnapshot, match=r"1,002 bytes, above Settings\.max_append_bytes"):
            await memory.snapshots.save(account, KIND, Snapshot("x" * 1000, 1, MOMENT))
        memory.snapshots.save_soon(account, KIND, Snapshot("x" * 1000, 1, MOMENT))

    assert codec.decoded == 0, "nothing else runs while it is"
    assert [each.outcome for each in records] == ["invalid", "invalid"]


async def test_one_that_decompresses_to_too_much_is_not_used(account: UUID) -> None:
    records: list[Any] = []
    large = {"sum": 0, "count": 0, "filler": "x" * 5000}
    async with MemoryEventStore(settings=Settings(compress_above=100)) as writer:
        (first,) = (await writer.persist_events(account, [1])).events
        at = StoredSnapshot(large, 1, first.timestamp)
        await writer.snapshots.save(account, KIND, at)
        small = Settings(max_payload_bytes=1000, hooks=(records.append,))
        async with writer.reopened(settings=small) as reader:
            repository = Repository(reader, TOTAL, snapshots=reader.snapshots, kind=KIND)
            assert (await repository.load(account)).aggregate == total(1)
        assert await writer.snapshots.load(account, KIND) == at

    outcomes = [each.outcome for each in records if isinstance(each, SnapshotEnded)]
    assert outcomes == ["undecodable"]


# Saves that end in other ways


class Panic(BaseException):
    """What an extension in Rust raises when it panics."""


class Panicking(JsonCodec):
    """Panics over one aggregate."""

    def encode(self, payload: Any) -> bytes:
        if payload == "panic":
            raise Panic
        return super().encode(payload)


async def test_a_panic_in_one_save_does_not_keep_the_others_from_being_saved() -> None:
    records: list[Any] = []
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: problems.append(about))
    memory = MemoryEventStore(codec=Panicking(), settings=Settings(hooks=(records.append,)))
    streams = [uuid4() for _ in range(3 * AT_ONCE)]
    for _ in range(AT_ONCE):
        memory.snapshots.save_soon(uuid4(), KIND, Snapshot("panic", 1, MOMENT))
    for each in streams:
        memory.snapshots.save_soon(each, KIND, Snapshot("fine", 1, MOMENT))

    await memory.close()
    gc.collect()

    async with memory.reopened() as again:
        for each in streams:
            assert await again.snapshots.load(each, KIND) is not None
    outcomes = [(each.outcome, each.error) for each in records]
    assert outcomes.count(("failed", "Panic")) == AT_ONCE
    assert outcomes.count(("saved", None)) == len(streams)
    assert [type(each.get("exception")) for each in problems] == [Panic] * AT_ONCE


@pytest.mark.parametrize("error", [Panic(), asyncio.CancelledError(), KeyboardInterrupt()])
async def test_what_is_no_error_is_passed_on_by_a_load(
    bank: Bank, account: UUID, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        await bank.repository(snapshots=Broken(error)).load(account)


async def test_forgetting_gives_up_what_waits_and_waits_for_what_is_being_saved(
    bank: Bank, account: UUID
) -> None:
    blocked, other = Blocked(bank.memory), uuid4()
    for stream in (account, other):
        for version in (1, 2):
            bank.memory.snapshots.save_soon(stream, KIND, Snapshot(total(1), version, MOMENT))
    await asyncio.sleep(0)

    forgetting = asyncio.ensure_future(bank.memory.snapshots.forget(account))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not forgetting.done()
    blocked.go.set()
    await forgetting
    await bank.saved()

    assert await bank.memory.snapshots.load(account, KIND) is None, "nothing came back"
    kept = await bank.memory.snapshots.load(other, KIND)
    assert kept is not None
    assert kept.version == 2
    assert sorted(bank.outcomes("save")) == ["dropped", "saved", "saved", "saved"]


async def test_of_one_stream_one_is_saved_at_a_time(bank: Bank, account: UUID) -> None:
    blocked = Blocked(bank.memory)
    for version in range(1, 20):
        bank.memory.snapshots.save_soon(account, KIND, Snapshot(total(1), version, MOMENT))
        await asyncio.sleep(0)

    assert blocked.writing == 1
    blocked.go.set()
    await bank.saved()
    assert [it.version for it in bank.records] == [1, 19], "the others are pointless by now"


async def test_a_loop_that_ends_starts_no_more_saves(account: UUID) -> None:
    memory = MemoryEventStore()
    Blocked(memory)

    async def main() -> None:
        for _ in range(AT_ONCE + 5):
            memory.snapshots.save_soon(uuid4(), KIND, Snapshot(total(1), 1, MOMENT))
        await asyncio.sleep(0)

    await asyncio.to_thread(asyncio.run, main())

    assert memory._snapshot_saves._running == {}
    assert len(memory._snapshot_saves._waiting) == 5


async def test_a_snapshot_is_saved_outside_the_context_of_its_command(
    bank: Bank, account: UUID
) -> None:
    seen: list[str] = []
    bank.memory._table.snapshot_rows.write = lambda *_: record()  # type: ignore[method-assign]

    async def record() -> bool:
        task = asyncio.current_task()
        assert task is not None
        seen.append("own" if task is not caller else "the command's")
        return True

    caller = asyncio.current_task()
    await bank.handler(every=1).handle(Command(account, lambda _: [1]))
    await bank.saved()

    assert seen == ["own"]


async def test_handlers_of_two_processes_on_one_stream_save_what_the_stream_says(
    bank: Bank, account: UUID
) -> None:
    stores = [bank.memory.reopened() for _ in range(3)]
    handlers = [
        CommandHandler(Repository(each, TOTAL, snapshots=each.snapshots, kind=KIND, every=3), each)
        for each in stores
    ]
    await asyncio.gather(
        *(handlers[number % 3].handle(add(account, number)) for number in range(60))
    )
    for each in stores:
        await each.close()

    whole = await Repository(bank.memory, TOTAL).load(account)
    found = await bank.memory.snapshots.load(account, KIND)
    assert whole.version == 60
    assert await bank.repository().load(account) == whole
    assert found is not None
    assert found.version >= 57
    assert bank.outcomes("reject") == []
