"""The hostile store: it passes the contract without faults, and its faults are truthful."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from itertools import repeat
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    AppendTooLarge,
    ConcurrentModification,
    ErasureOutcomeUnknown,
    EventReaderWriter,
    EventStoreError,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    MemoryEventStore,
    NewEvent,
    PayloadNotEncodable,
    Persisted,
    Polling,
    RecordedEvent,
    Settings,
    StoreClosed,
    StoreUnavailable,
    StreamHead,
)
from event_store_async.testing import HostileEventStore, Injected, Injection
from event_store_async.testing.contract import (
    CategoryContract,
    ErasureContract,
    EventStoreContract,
)
from event_store_async.testing.injections import APPENDS, READS


class WithoutFaults:
    @pytest.fixture
    def store(self) -> HostileEventStore:
        self.memory = MemoryEventStore()
        return HostileEventStore(self.memory, seed=1)

    def reopened(self, store: HostileEventStore, **options: Any) -> MemoryEventStore:
        del store  # another process would open a plain store
        return self.memory.reopened(**options)


class WithCheckedAppends(WithoutFaults):
    """Every append is checked as if a fault came; a rival without events changes nothing."""

    @pytest.fixture
    def store(self) -> HostileEventStore:
        self.memory = MemoryEventStore()
        return HostileEventStore(self.memory, seed=1, conflict=1.0, rival=lambda _: [])


class TestWithoutFaults(WithoutFaults, EventStoreContract):
    follows = True
    lists_streams = True


class TestWithCheckedAppends(WithCheckedAppends, EventStoreContract):
    follows = True
    lists_streams = True


class TestCategoriesWithoutFaults(WithoutFaults, CategoryContract):
    pass


class TestErasureWithoutFaults(WithoutFaults, ErasureContract):
    follows = True
    lists_streams = True
    has_feed = True


class TestCategoriesWithCheckedAppends(WithCheckedAppends, CategoryContract):
    pass


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


def rival(stream_id: UUID) -> Iterable[str]:
    return ["the rival's"]


async def read(store: EventReaderWriter, stream_id: UUID) -> list[RecordedEvent]:
    return [event async for event in store.read_events(stream_id)]


async def payloads(store: EventReaderWriter, stream_id: UUID) -> list[Any]:
    return [event.payload for event in await read(store, stream_id)]


def scripted(memory: MemoryEventStore, *script: Injection, **options: Any) -> HostileEventStore:
    return HostileEventStore(memory, seed=1, script=script, rival=rival, **options)


# Unknown outcomes


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
async def test_after_unknown_and_stored_the_events_are_there_and_repeating_settles(
    memory: MemoryEventStore, stream_id: UUID, expected: int
) -> None:
    hostile = scripted(memory, Injection.UNKNOWN_STORED)
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await hostile.persist_events(stream_id, ["a", NewEvent("b")], expected)
    unknown = caught.value

    stored = await read(memory, stream_id)
    assert tuple(event.event_id for event in stored) == unknown.event_ids
    assert (unknown.stream_id, unknown.expected_version) == (stream_id, expected)
    settled = await hostile.persist_events(stream_id, unknown.events, unknown.expected_version)
    assert settled == Persisted(stream_id, 2, tuple(stored), stored_earlier=True)
    assert hostile.injected == [Injected(Injection.UNKNOWN_STORED, stream_id)]


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
async def test_after_unknown_and_lost_nothing_is_there_and_repeating_stores(
    memory: MemoryEventStore, stream_id: UUID, expected: int
) -> None:
    hostile = scripted(memory, Injection.UNKNOWN_LOST)
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await hostile.persist_events(stream_id, (name for name in "ab"), expected)

    assert await memory.current_version(stream_id) == 0
    settled = await hostile.persist_events(stream_id, caught.value.events, expected)
    assert (settled.version, settled.stored_earlier) == (2, False)
    assert await payloads(memory, stream_id) == ["a", "b"]


async def test_an_append_that_stays_unknown_is_stored_once(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = scripted(memory, *[Injection.UNKNOWN_LOST, Injection.UNKNOWN_STORED] * 3)
    events: Iterable[Any] = ["a", "b"]
    for _ in range(6):
        with pytest.raises(AppendOutcomeUnknown) as caught:
            await hostile.persist_events(stream_id, events)
        events = caught.value.events

    settled = await hostile.persist_events(stream_id, events)

    assert settled.stored_earlier
    assert await payloads(memory, stream_id) == ["a", "b"]


async def test_an_append_that_conflicts_reports_it_and_is_not_unknown(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = scripted(memory, Injection.UNKNOWN_STORED)

    result = await hostile.try_persist_events(stream_id, ["a"], 7)

    assert result == ConcurrentModification(stream_id, 7, 0)
    assert hostile.injected == []


@pytest.mark.parametrize("fault", [Injection.UNKNOWN_LOST, Injection.UNKNOWN_STORED])
async def test_an_append_without_events_is_never_unknown(
    memory: MemoryEventStore, stream_id: UUID, fault: Injection
) -> None:
    hostile = scripted(memory, fault)

    assert await hostile.persist_events(stream_id, []) == Persisted(stream_id, 0, ())
    refused = await hostile.try_persist_events(stream_id, [], STREAM_EXISTS)
    assert isinstance(refused, ConcurrentModification)


# Conflicts


@pytest.mark.parametrize(
    ("standing", "expected"), [(0, NO_STREAM), (2, 2)], ids=["new stream", "old stream"]
)
async def test_a_conflict_is_real(
    memory: MemoryEventStore, stream_id: UUID, standing: int, expected: int
) -> None:
    await memory.persist_events(stream_id, ["old"] * standing)
    hostile = scripted(memory, Injection.CONFLICT)

    result = await hostile.try_persist_events(stream_id, ["mine"], expected)

    assert result == ConcurrentModification(stream_id, expected, standing + 1)
    assert await payloads(memory, stream_id) == ["old"] * standing + ["the rival's"]


async def test_any_appends_after_the_rival(memory: MemoryEventStore, stream_id: UUID) -> None:
    result = await scripted(memory, Injection.CONFLICT).persist_events(stream_id, ["mine"])

    assert result.version == 2


# Unavailable


async def test_unavailable_means_that_nothing_is_stored(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = scripted(memory, *[Injection.UNAVAILABLE] * 4)

    with pytest.raises(StoreUnavailable):
        await hostile.persist_events(stream_id, ["a"])
    with pytest.raises(StoreUnavailable):
        await hostile.persist_events(stream_id, [])
    with pytest.raises(StoreUnavailable):
        await hostile.current_version(stream_id)
    with pytest.raises(StoreUnavailable):
        await read(hostile, stream_id)
    assert await memory.current_version(stream_id) == 0
    assert [each.injection for each in hostile.injected] == [Injection.UNAVAILABLE] * 4


@pytest.mark.parametrize("standing", [0, 1, 30])
@pytest.mark.parametrize("seed", range(5))
async def test_a_broken_read_yields_real_events_and_fails(
    memory: MemoryEventStore, stream_id: UUID, standing: int, seed: int
) -> None:
    await memory.persist_events(stream_id, range(standing))
    hostile = HostileEventStore(memory, seed=seed, script=[Injection.BROKEN_READ])
    seen: list[int] = []

    with pytest.raises(StoreUnavailable):
        async for event in hostile.read_events(stream_id):
            seen.append(event.payload)

    assert seen == list(range(len(seen)))
    assert min(standing, 1) <= len(seen) <= min(standing, 9)
    assert await payloads(hostile, stream_id) == list(range(standing))


# Delays


async def test_delays_use_the_given_sleep(memory: MemoryEventStore, stream_id: UUID) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    hostile = HostileEventStore(memory, seed=3, delay=1.0, longest_delay=9.0, sleep=sleep)
    await hostile.persist_events(stream_id, ["a"])
    await hostile.current_version(stream_id)
    await read(hostile, stream_id)

    assert len(waited) == 3
    assert all(0 < seconds <= 9 for seconds in waited)
    assert [each.injection for each in hostile.injected] == [Injection.DELAY] * 3


async def test_a_delay_in_the_script_waits_too(memory: MemoryEventStore, stream_id: UUID) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    hostile = scripted(memory, Injection.DELAY, sleep=sleep)
    await hostile.persist_events(stream_id, ["a"])
    await hostile.persist_events(stream_id, ["b"])

    assert len(waited) == 1


# Scripts


async def test_a_fault_in_the_script_waits_for_a_call_that_it_can_happen_to(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = scripted(memory, Injection.NONE, Injection.UNKNOWN_LOST, Injection.BROKEN_READ)

    await hostile.persist_events(stream_id, ["passes"])
    assert await payloads(hostile, stream_id) == ["passes"]
    assert hostile.script == (Injection.UNKNOWN_LOST, Injection.BROKEN_READ)
    with pytest.raises(AppendOutcomeUnknown):
        await hostile.persist_events(stream_id, ["lost"])
    await hostile.persist_events(stream_id, ["passes too"])
    with pytest.raises(StoreUnavailable):
        await read(hostile, stream_id)
    assert not hostile.script


# At random


async def run_program(seed: int, **chances: Any) -> tuple[list[Injection], list[Any]]:
    """Return the faults injected into a fixed program, and the events in its stream afterwards."""
    stream_id = UUID(int=1)
    memory = MemoryEventStore()

    async def sleep(seconds: float) -> None:
        pass

    hostile = HostileEventStore(memory, seed=seed, sleep=sleep, rival=rival, **chances)
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: hostile.persist_events(stream_id, ["a", "b"]),
        lambda: hostile.persist_events(stream_id, ["c"], 3),
        lambda: hostile.current_version(stream_id),
        lambda: read(hostile, stream_id),
    ]
    for call in calls * 50:
        try:
            await call()
        except EventStoreError:
            continue
    return [each.injection for each in hostile.injected], await payloads(memory, stream_id)


EVERYTHING = {
    "unknown_stored": 0.1,
    "unknown_lost": 0.1,
    "conflict": 0.1,
    "unavailable": 0.1,
    "broken_read": 0.1,
    "delay": 0.1,
}


async def test_a_seed_determines_the_faults() -> None:
    first = await run_program(seed=7, **EVERYTHING)

    assert await run_program(seed=7, **EVERYTHING) == first
    assert await run_program(seed=8, **EVERYTHING) != first
    assert set(first[0]) == (APPENDS | READS) - {Injection.NONE}


async def test_without_probabilities_there_are_no_faults() -> None:
    faults, _ = await run_program(seed=7)

    assert faults == []


@pytest.mark.parametrize("chance", EVERYTHING)
async def test_each_probability_injects_one_fault(chance: str) -> None:
    never, _ = await run_program(seed=7, **{chance: 0.0})
    sometimes, _ = await run_program(seed=7, **{chance: 0.5})

    assert never == []
    assert len(set(sometimes)) == 1
    assert 10 < len(sometimes) < 190


async def test_an_application_that_repeats_unknown_appends_loses_and_doubles_nothing() -> None:
    for seed in range(30):
        memory, stream_id = MemoryEventStore(), uuid4()
        hostile = HostileEventStore(
            memory, seed=seed, unknown_stored=0.3, unknown_lost=0.3, unavailable=0.2
        )
        for number in range(20):
            events = [NewEvent(number)]
            while True:
                try:
                    await hostile.persist_events(stream_id, events)
                except (AppendOutcomeUnknown, StoreUnavailable):
                    continue
                break
        assert await payloads(memory, stream_id) == list(range(20))


# Invalid arguments


@pytest.mark.parametrize("fault", sorted(APPENDS, key=str))
async def test_invalid_arguments_are_refused_with_every_fault(
    memory: MemoryEventStore, stream_id: UUID, fault: Injection
) -> None:
    small = memory.reopened(settings=Settings(max_append_events=3))
    refusals: list[tuple[type[Exception], Any, Any]] = [
        (InvalidEvent, "text", ANY),
        (InvalidEvent, None, ANY),
        (PayloadNotEncodable, [{1, 2}], ANY),
        (AppendTooLarge, repeat("endless"), ANY),
        (InvalidExpectedVersion, ["a"], -1),
        (InvalidExpectedVersion, ["a"], None),
    ]
    for error, events, expected in refusals:
        hostile = HostileEventStore(small, seed=1, script=[fault], rival=rival)
        with pytest.raises(error):
            await hostile.persist_events(stream_id, events, expected)
    assert await memory.current_version(stream_id) == 0


@pytest.mark.parametrize("fault", sorted(APPENDS, key=str))
async def test_a_closed_store_refuses_appends_with_every_fault(
    memory: MemoryEventStore, stream_id: UUID, fault: Injection
) -> None:
    await memory.close()

    with pytest.raises(StoreClosed):
        await scripted(memory, fault).persist_events(stream_id, ["a"])


@pytest.mark.parametrize(
    "options",
    [
        {"unknown_stored": -0.1},
        {"delay": 1.1},
        {"unknown_stored": 0.6, "unknown_lost": 0.6},
        {"conflict": 0.1},
        {"script": [Injection.CONFLICT]},
    ],
)
def test_invalid_options_are_refused(memory: MemoryEventStore, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        HostileEventStore(memory, seed=1, **options)


# Following and listing


@pytest.mark.parametrize("fault", [Injection.UNAVAILABLE, Injection.BROKEN_READ])
async def test_a_follower_waits_out_every_fault_and_skips_nothing(
    memory: MemoryEventStore, stream_id: UUID, fault: Injection
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await memory.persist_events(stream_id, range(1, 31))
    hostile = scripted(memory, *[fault, Injection.DELAY] * 5, sleep=sleep)

    async with aclosing(hostile.follow(stream_id, polling=Polling(sleep=sleep))) as events:
        found = [await anext(events) for _ in range(30)]

    assert [event.version for event in found] == list(range(1, 31))
    faults = [each for each in hostile.injected if each.injection is fault]
    assert faults
    assert len(slept) >= len(hostile.injected)


async def test_a_follower_without_patience_raises_and_goes_on(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, range(1, 4))
    hostile = scripted(memory, Injection.UNAVAILABLE, Injection.BROKEN_READ)
    polling = Polling(shortest=0.001, longest=0.001, max_outage=0)
    found: list[int] = []

    async with aclosing(hostile.follow(stream_id, polling=polling)) as events:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="injected"):
                while True:
                    found.append((await anext(events)).version)
        while len(found) < 3:
            found.append((await anext(events)).version)

    assert found == [1, 2, 3]


async def test_a_list_that_breaks_goes_on_after_its_last_stream(memory: MemoryEventStore) -> None:
    streams = [uuid4() for _ in range(30)]
    for each in streams:
        await memory.persist_events(each, ["a"])
    whole = [head async for head in memory.streams()]
    hostile = scripted(memory, *[Injection.BROKEN_READ, Injection.UNAVAILABLE] * 3)

    found: list[StreamHead] = []
    for _ in range(6):
        with pytest.raises(StoreUnavailable, match="the streams"):
            async for head in hostile.streams(found[-1].cursor if found else None):
                found.append(head)
    found += [head async for head in hostile.streams(found[-1].cursor)]

    assert found == whole
    assert hostile.injected[0] == Injected(Injection.BROKEN_READ, None)
    assert len(hostile.injected) == 6
    assert [head async for head in scripted(memory, Injection.UNAVAILABLE).streams(None, 0)] == []


async def test_a_wrapped_store_that_cannot_list_is_named() -> None:
    class Plain(EventReaderWriter):
        pass

    hostile = HostileEventStore(cast("Any", Plain)(), seed=1)

    with pytest.raises(InvalidArgument, match="Plain has no streams"):
        hostile.streams()


# Erasure


@pytest.mark.parametrize("operation", ["truncate", "delete", "close"])
@pytest.mark.parametrize("injection", [Injection.UNKNOWN_STORED, Injection.UNKNOWN_LOST])
async def test_an_erasure_whose_outcome_is_unknown_can_be_repeated(
    memory: MemoryEventStore, operation: str, injection: Injection
) -> None:
    store, stream_id = scripted(memory, injection), uuid4()
    await memory.persist_events(stream_id, ["a", "b", "c"])

    async def erase() -> object:
        if operation == "truncate":
            return await store.truncate_stream(stream_id, before=3)
        return await (store.delete_stream if operation == "delete" else store.close_stream)(
            stream_id
        )

    with pytest.raises(ErasureOutcomeUnknown):
        await erase()
    left = await payloads(memory, stream_id)
    assert (left == ["a", "b", "c"]) == (injection is Injection.UNKNOWN_LOST)
    await erase()
    assert await payloads(memory, stream_id) == (["c"] if operation == "truncate" else [])


async def test_an_erasure_that_is_unavailable_erases_nothing(memory: MemoryEventStore) -> None:
    store, stream_id = scripted(memory, Injection.UNAVAILABLE), uuid4()
    await memory.persist_events(stream_id, ["a"])

    with pytest.raises(StoreUnavailable, match="injected"):
        await store.close_stream(stream_id)
    assert await payloads(memory, stream_id) == ["a"]


async def test_an_erasure_with_invalid_arguments_raises_as_usual(memory: MemoryEventStore) -> None:
    for injection in (Injection.UNAVAILABLE, Injection.UNKNOWN_LOST, Injection.UNKNOWN_STORED):
        with pytest.raises(InvalidArgument):
            await scripted(memory, injection).truncate_stream(uuid4(), before=0)
        with pytest.raises(InvalidExpectedVersion):
            await scripted(memory, injection).delete_stream(uuid4(), -1)
