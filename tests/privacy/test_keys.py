"""How a private store asks for keys: how often, in which order, and what happens if it fails."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    AppendOutcomeUnknown,
    MemoryEventStore,
    NewEvent,
    Polling,
    StoreUnavailable,
)
from event_store_async.errors import (
    EventStoreError,
    InvalidArgument,
    InvalidKey,
    KeyOutcomeUnknown,
    MasterKeyMissing,
    SubjectForgotten,
)
from event_store_async.privacy import (
    FORGOTTEN,
    CachedKeys,
    Encrypted,
    MemoryKeyStore,
    PersonalValue,
    PrivateEventStore,
    private_feed,
)
from event_store_async.privacy.cached_keys import cache_of
from event_store_async.testing import HostileEventStore, Injection

from .key_stores import Clock, WatchedKeys
from .readings import payloads


def people(count: int) -> list[Any]:
    return [{"who": PersonalValue(f"c-{number}", number)} for number in range(count)]


async def append_people(store: PrivateEventStore, stream_id: UUID, count: int) -> None:
    await store.persist_events(stream_id, people(count))


# How often


async def test_one_request_for_an_append_and_none_for_the_next(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 3)
    assert keys.calls == [("key_for", ["c-0", "c-1", "c-2"])]
    await append_people(store, stream_id, 3)
    await store.persist_events(stream_id, ["nothing personal"])
    assert len(keys.calls) == 1
    await append_people(store, stream_id, 4)
    assert keys.calls[1:] == [("key_for", ["c-3"])]


async def test_one_request_for_a_page(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 40)
    keys.calls.clear()

    for count, options in ((1, {}), (4, {"page_size": 10}), (1, {"backward": True})):
        other = PrivateEventStore(memory, keys)
        assert len(await payloads(other, stream_id, **options)) == 40
        assert keys.names() == ["get"] * count
        await payloads(other, stream_id)
        assert keys.names() == []


async def test_one_request_for_a_page_of_the_feed(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys
) -> None:
    for _ in range(20):
        await append_people(store, uuid4(), 2)
    keys.calls.clear()
    feed = private_feed(memory.feed(), keys)

    assert len([event async for event in feed.read()]) == 40
    assert keys.names() == ["get"]
    assert len((await feed.page()).events) == 40
    assert keys.names() == []


async def test_a_page_of_the_feed_asks_for_a_thousand_events_at_most(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys
) -> None:
    for _ in range(11):
        await append_people(store, uuid4(), 100)
    feed = private_feed(memory.feed(), keys)

    page = await feed.page(max_count=8_000)

    assert len(page.events) == 1_000
    assert not page.caught_up
    rest = await feed.page(page.position, max_count=8_000)
    assert len(rest.events) == 100
    assert rest.caught_up


async def test_forgotten_subjects_are_asked_for_once(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 3)
    for number in range(3):
        await store.keys.forget(f"c-{number}")
    keys.calls.clear()

    for _ in range(3):
        assert await payloads(store, stream_id) == [{"who": FORGOTTEN}] * 3
    assert keys.calls == [("get", ["c-0", "c-1", "c-2"])]


async def test_what_is_not_personal_waits_for_nothing(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a", PersonalValue("c", "b"), "c"])
    keys.gate.clear()
    events = PrivateEventStore(memory, keys).read_events(stream_id)

    assert (await anext(events)).payload == "a"
    step = asyncio.ensure_future(anext(events))
    while keys.calls[-1][0] != "get":
        await asyncio.sleep(0)
    assert not step.done()
    keys.gate.set()
    assert (await step).payload == "b"
    assert (await anext(events)).payload == "c"
    await events.aclose()


async def test_a_long_page_is_opened_in_parts(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    for _ in range(10):
        large = [{"who": PersonalValue(str(uuid4()), 1), "x": "x" * 900_000} for _ in range(1)]
        await store.persist_events(stream_id, large)
    keys.calls.clear()

    assert len(await payloads(PrivateEventStore(memory, keys), stream_id)) == 10
    assert [len(subjects) for _, subjects in keys.calls] == [5, 5]


# The cache


async def test_what_another_process_forgets_is_forgotten_here_in_time(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    clock = Clock()
    here = PrivateEventStore(memory, keys, cache_seconds=30, clock=clock)
    await append_people(here, stream_id, 1)
    clock.now += 20
    assert await payloads(here, stream_id) == [{"who": 0}]
    await keys.keys.forget("c-0")
    clock.now += 9.99
    assert await payloads(here, stream_id) == [{"who": 0}]
    clock.now += 0.01
    assert await payloads(here, stream_id) == [{"who": FORGOTTEN}]
    with pytest.raises(SubjectForgotten):
        await append_people(here, stream_id, 1)


async def test_without_a_cache_it_is_forgotten_at_once(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    here = PrivateEventStore(memory, keys, cache_seconds=0)
    await append_people(here, stream_id, 1)
    assert await payloads(here, stream_id) == [{"who": 0}]
    assert keys.names() == ["key_for", "get"]
    await keys.keys.forget("c-0")
    assert await payloads(here, stream_id) == [{"who": FORGOTTEN}]


async def test_what_this_process_forgets_is_forgotten_at_once_everywhere_in_it(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 1)
    other = PrivateEventStore(memory, store.keys)
    feed = private_feed(memory.feed(), store.keys)
    assert await payloads(other, stream_id) == [{"who": 0}]
    await other.keys.forget("c-0")

    assert await payloads(store, stream_id) == [{"who": FORGOTTEN}]
    assert [event.payload async for event in feed.read()] == [{"who": FORGOTTEN}]


async def test_a_key_that_was_asked_for_before_is_not_kept_after(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 1)
    other = PrivateEventStore(memory, keys)
    keys.gate.clear()
    reading = asyncio.ensure_future(payloads(other, stream_id))
    while keys.calls[-1][0] != "get":
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)  # the key is read, and its answer is on the way
    await other.keys.forget("c-0")
    keys.gate.set()

    assert await reading == [{"who": 0}]
    assert cache_of(other.keys).known("c-0") is None
    assert await payloads(other, stream_id) == [{"who": FORGOTTEN}]


async def test_forgetting_drops_the_key_even_if_it_fails(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 1)
    keys.failure = KeyOutcomeUnknown("c-0", "forget")
    with pytest.raises(KeyOutcomeUnknown):
        await store.keys.forget("c-0")
    assert cache_of(store.keys).known("c-0") is None


async def test_the_cache_is_bounded(memory: MemoryEventStore, keys: WatchedKeys) -> None:
    cached = CachedKeys(keys, size=2)
    await cached.key_for(["a", "b"])
    assert cache_of(cached).known("a") is not None  # used last
    await cached.key_for(["c"])

    assert cache_of(cached).known("b") is None
    assert cache_of(cached).known("a") is not None
    assert cache_of(cached).known("c") is not None


async def test_old_keys_are_dropped(keys: WatchedKeys) -> None:
    clock = Clock()
    cached = CachedKeys(keys, seconds=10, clock=clock)
    await cached.key_for(["a", "b"])
    clock.now += 9
    await cached.key_for(["c"])
    clock.now += 1
    assert cache_of(cached).known("a") is None
    assert list(cache_of(cached)._ready) == ["b", "c"]
    await cached.key_for(["d"])
    assert list(cache_of(cached)._ready) == ["c", "d"]


async def test_a_value_with_an_old_key_shows_that_a_kept_one_is_destroyed(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    here, there = PrivateEventStore(memory, keys), PrivateEventStore(memory, keys)
    await here.persist_events(stream_id, [PersonalValue("c", 1)])
    await there.keys.forget("c")
    await there.keys.key_for(["c"], renew=True)
    await there.persist_events(stream_id, [PersonalValue("c", 2)])
    # The first value alone is read with the key that is kept; the second one asks for a later key.
    assert await payloads(here, stream_id, max_count=1) == [1]
    assert await payloads(here, stream_id, backward=True) == [2, FORGOTTEN]
    await there.keys.forget("c")
    assert await payloads(there, stream_id) == [FORGOTTEN, FORGOTTEN]


async def test_cached_keys_are_a_key_store(keys: WatchedKeys) -> None:
    cached = CachedKeys(keys)
    made = await cached.key_for(["a"])
    assert await cached.get(["a", "b"]) == made
    assert await cached.get(["a"]) == await cached.key_for(["a"])
    forgotten = await cached.forget("a")
    assert await cached.get(["a"]) == {"a": forgotten}
    assert keys.names() == ["key_for", "get", "get", "key_for", "forget", "get"]
    with pytest.raises(InvalidArgument):
        await cached.forget("")


@pytest.mark.parametrize(
    "options", [{"seconds": -1}, {"seconds": "1"}, {"size": 0}, {"clock": 7}], ids=str
)
def test_a_cache_has_bounds(keys: WatchedKeys, options: Any) -> None:
    with pytest.raises(InvalidArgument):
        CachedKeys(keys, **options)


# Order


async def test_appends_to_a_stream_are_stored_in_the_order_of_the_calls(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    keys.gate.clear()
    first = asyncio.ensure_future(store.persist_events(stream_id, [PersonalValue("a", 1)]))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(store.persist_events(stream_id, [2]))
    third = asyncio.ensure_future(store.persist_events(stream_id, [PersonalValue("b", 3)]))
    other = await store.persist_events(uuid4(), ["another stream waits for nobody"])
    assert other.version == 1
    for _ in range(5):
        await asyncio.sleep(0)
    assert not second.done()
    keys.gate.set()

    results = await asyncio.gather(first, second, third)
    assert [result.version for result in results] == [1, 2, 3]
    assert await payloads(store, stream_id) == [1, 2, 3]
    assert store._appends._order._last == {}


@pytest.mark.parametrize("ending", ["cancelled", "failed"])
async def test_an_append_that_ends_early_lets_the_next_one_go_in_order(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID, ending: str
) -> None:
    keys.gate.clear()
    first = asyncio.ensure_future(store.persist_events(stream_id, [PersonalValue("a", 1)]))
    await asyncio.sleep(0)
    if ending == "failed":
        keys.failure = StoreUnavailable("away")
    second = asyncio.ensure_future(store.persist_events(stream_id, [PersonalValue("b", 2)]))
    await asyncio.sleep(0)
    third = asyncio.ensure_future(store.persist_events(stream_id, [3]))
    await asyncio.sleep(0)
    second.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert second.done()
    assert not third.done()
    keys.gate.set()

    await asyncio.gather(first, third)
    assert await payloads(store, stream_id) == [1, 3]
    assert store._appends._order._last == {}


async def test_a_cancelled_append_stores_nothing(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    keys.gate.clear()
    call = asyncio.ensure_future(store.persist_events(stream_id, [PersonalValue("a", 1)]))
    while not keys.calls:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    keys.gate.set()

    assert await memory.current_version(stream_id) == 0
    await store.persist_events(stream_id, [PersonalValue("a", 2)])
    assert await payloads(store, stream_id) == [2]


# Failures


@pytest.mark.parametrize(
    "failure",
    [
        StoreUnavailable("away"),
        KeyOutcomeUnknown("c-0", "create"),
        MasterKeyMissing("c-0", "2025"),
        InvalidKey("c-0", "changed"),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_what_the_key_store_raises_reaches_the_caller_and_nothing_is_stored(
    memory: MemoryEventStore,
    store: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    failure: EventStoreError,
) -> None:
    keys.failure = failure
    with pytest.raises(type(failure)):
        await append_people(store, stream_id, 1)
    assert await memory.current_version(stream_id) == 0

    keys.failure = None
    await append_people(store, stream_id, 1)
    keys.failure = failure
    other = PrivateEventStore(memory, keys)
    with pytest.raises(type(failure)):
        await payloads(other, stream_id)
    with pytest.raises(type(failure)):
        await other.feed().page()
    keys.failure = None
    assert await payloads(other, stream_id) == [{"who": 0}]


async def test_keys_that_come_too_late_are_an_outage(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 1)
    keys.gate.clear()
    with pytest.raises(StoreUnavailable, match="key store"):
        await store.persist_events(stream_id, [PersonalValue("new", 1)], timeout=0.01)
    with pytest.raises(StoreUnavailable, match="key store"):
        await payloads(PrivateEventStore(memory, keys), stream_id, timeout=0.01)
    assert await memory.current_version(stream_id) == 1


async def test_an_unknown_outcome_carries_what_the_caller_gave(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    script = [Injection.UNKNOWN_STORED]
    hostile = HostileEventStore(memory, seed=1, script=script)
    store = PrivateEventStore(hostile, keys)
    given = [{"who": PersonalValue("c", "Ada")}, NewEvent("plain", "b"), PersonalValue("d", 1)]
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await store.persist_events(stream_id, given)

    events = caught.value.events
    assert [event.payload for event in events] == [given[0], "plain", given[2]]
    result = await store.persist_events(stream_id, events)
    assert result.stored_earlier
    assert await payloads(store, stream_id) == [{"who": "Ada"}, "plain", 1]


async def test_a_stored_append_is_never_said_not_to_be_stored(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    given = [NewEvent({"who": PersonalValue("c", "Ada")})]
    await store.persist_events(stream_id, given)
    other = PrivateEventStore(memory, keys, cache_seconds=0)
    calls = 0
    get = keys.get

    async def failing(subjects: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreUnavailable("away")
        return await get(subjects)

    keys.get = failing  # type: ignore[method-assign]
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await other.persist_events(stream_id, given)
    assert caught.value.events == tuple(given)
    again = await other.persist_events(stream_id, caught.value.events)
    assert again.stored_earlier
    assert again.events[0].payload == {"who": "Ada"}


async def test_an_append_that_was_perhaps_stored_before_forgetting_is_unknown(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    script = [Injection.NONE, Injection.UNAVAILABLE]
    hostile = HostileEventStore(memory, seed=1, script=script)
    store = PrivateEventStore(hostile, keys)
    given = [NewEvent(PersonalValue("c", "Ada"), "t", {"m": 1})]
    await store.persist_events(stream_id, given)
    await store.keys.forget("c")

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await store.persist_events(stream_id, given, ANY)
    assert caught.value.events == tuple(given)
    assert (await store.persist_events(stream_id, given, ANY)).stored_earlier


async def test_unknown_subjects_are_encrypted_and_forgotten_ones_are_not(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 2)
    others = MemoryKeyStore()
    await others.forget("c-0")

    first, second = await payloads(PrivateEventStore(memory, others), stream_id)
    assert first == {"who": FORGOTTEN}
    assert isinstance(second["who"], Encrypted)


# Following


async def test_following_waits_out_an_outage_of_the_keys(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await append_people(store, stream_id, 2)
    other = PrivateEventStore(memory, keys, cache_seconds=0)
    keys.failure = StoreUnavailable("away")
    polling = Polling(shortest=0.001, longest=0.01)
    events = other.follow(stream_id, polling=polling)
    step = asyncio.ensure_future(anext(events))
    while len(keys.calls) < 3:
        await asyncio.sleep(0.001)
    assert not step.done()
    keys.failure = None

    assert (await step).payload == {"who": 0}
    assert (await anext(events)).payload == {"who": 1}
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await store.persist_events(stream_id, [PersonalValue("c-9", "later")])
    assert (await anext(events)).payload == "later"
    await events.aclose()
