"""The feed of the hostile store: it keeps the contract, and its faults are truthful."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from random import Random
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    Backoff,
    BrokenEvent,
    EventReaderWriter,
    Feed,
    ForeignPosition,
    InvalidArgument,
    MemoryEventStore,
    NewEvent,
    Position,
    StoreUnavailable,
    StreamError,
    UndecodableEvent,
)
from event_store_async.testing import HostileEventStore, Injected, Injection
from event_store_async.testing.contract import FeedContract

Place = tuple[UUID, int]

CHANCES = {
    Injection.LATE: "late",
    Injection.INTERLEAVED: "interleaved",
    Injection.EMPTY_PAGE: "empty_page",
    Injection.SHORT_PAGE: "short_page",
    Injection.STALE_HEAD: "stale_head",
    Injection.DEAF: "deaf",
    Injection.FALSE_ALARM: "false_alarm",
    Injection.BROKEN_EVENT: "broken_event",
    Injection.UNAVAILABLE: "unavailable",
}
"""The faults of feeds, and the options that ask for them."""


async def no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


class TestWithoutFaults(FeedContract):
    @pytest.fixture
    def store(self) -> HostileEventStore:
        self.memory = MemoryEventStore()
        return HostileEventStore(self.memory, seed=1)

    def reopened(self, store: HostileEventStore, **options: Any) -> MemoryEventStore:
        del store  # another process would open a plain store
        return self.memory.reopened(**options)


class TestWithFaults(FeedContract):
    """Whoever keeps to the contract of feeds need not know of these faults."""

    opens_others = False

    @pytest.fixture(params=range(3))
    def store(self, request: pytest.FixtureRequest) -> HostileEventStore:
        return HostileEventStore(
            MemoryEventStore(),
            seed=request.param,
            late=0.2,
            interleaved=0.2,
            empty_page=0.2,
            short_page=0.2,
            stale_head=0.1,
            deaf=0.2,
            false_alarm=0.3,
            sleep=no_sleep,
        )


def hostile_feed(memory: EventReaderWriter, seed: int, **chances: Any) -> HostileEventStore:
    return HostileEventStore(memory, seed=seed, sleep=no_sleep, **chances)


async def filled(memory: MemoryEventStore, seed: int) -> list[Place]:
    """Append to some streams, in any order; return what stands there."""
    random, places = Random(seed), list[Place]()
    streams = [uuid4() for _ in range(7)]
    for _ in range(60):
        stream_id = random.choice(streams)
        events = [NewEvent("event", random.choice(["wanted", None])) for _ in range(3)]
        done = await memory.persist_events(stream_id, events[: random.randint(1, 3)])
        places += [(stream_id, event.version) for event in done.events]
    return places


async def read_all(feed: Feed[Any], end: int) -> list[Place]:
    """Read a feed to its end, from one error to the next; a broken event counts as delivered."""
    found: list[Place] = []
    after: Position | None = None
    while after is None or after.ordinal < end:
        try:
            async for event in feed.read(after):
                found.append((event.stream_id, event.version))
                after = event.position
        except UndecodableEvent as error:
            found.append((error.stream_id, error.version))
            after = error.position
        except StoreUnavailable:
            continue
    return found


async def follow_all(feed: Feed[Any], count: int) -> list[Place]:
    """Follow a feed until it has given so many events; a broken event counts as one."""
    found: list[Place] = []
    after: Position | None = None
    quick = Feed(feed.reader, feed.selection, outages=Backoff(initial=1e-6, maximum=1e-6))
    while len(found) < count:
        try:
            async with aclosing(quick.follow(after)) as events:
                while len(found) < count:
                    event = await anext(events)
                    found.append((event.stream_id, event.version))
                    after = event.position
        except UndecodableEvent as error:
            found.append((error.stream_id, error.version))
            after = error.position
    return found


def check_order(found: Iterable[Place]) -> None:
    """Demand that the events of every stream come in the order of their versions."""
    versions: dict[UUID, int] = {}
    for stream_id, version in found:
        assert version == versions.get(stream_id, 0) + 1
        versions[stream_id] = version


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fault", CHANCES, ids=str)
async def test_a_read_delivers_everything_once(fault: Injection, seed: int) -> None:
    memory = MemoryEventStore()
    places = await filled(memory, seed)
    hostile = hostile_feed(memory, seed, **{CHANCES[fault]: 0.5})

    found = await asyncio.wait_for(read_all(hostile.feed(), len(places)), 30)

    assert sorted(found) == sorted(places)
    check_order(found)
    assert {each.injection for each in hostile.injected} <= {fault}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fault", CHANCES, ids=str)
async def test_following_delivers_everything_once(fault: Injection, seed: int) -> None:
    memory = MemoryEventStore()
    before = await filled(memory, seed)
    hostile = hostile_feed(memory, seed, **{CHANCES[fault]: 0.5})

    async def append() -> list[Place]:
        await asyncio.sleep(0)
        return await filled(memory, seed + 100)

    appending = asyncio.ensure_future(append())
    first = await asyncio.wait_for(follow_all(hostile.feed(), len(before)), 30)
    places = before + await appending
    found = await asyncio.wait_for(follow_all(hostile.feed(), len(places)), 30)

    assert sorted(found) == sorted(places)
    check_order(found)
    assert found[: len(first)] == first, "the order never changes"


@pytest.mark.parametrize("seed", range(10))
async def test_all_faults_together_leave_nothing_out(seed: int) -> None:
    memory = MemoryEventStore()
    places = await filled(memory, seed)
    hostile = hostile_feed(memory, seed, **dict.fromkeys(CHANCES.values(), 0.1))

    found = await asyncio.wait_for(read_all(hostile.feed(), len(places)), 30)

    assert sorted(found) == sorted(places)
    assert await asyncio.wait_for(follow_all(hostile.feed(), len(places)), 30) == found
    selected = hostile.feed(types=["wanted"])
    wanted = [event async for event in memory.feed(types=["wanted"]).read()]
    given = await asyncio.wait_for(follow_all(selected, len(wanted)), 30)
    assert sorted(given) == sorted((event.stream_id, event.version) for event in wanted)


async def some(memory: MemoryEventStore, count: int = 3) -> list[UUID]:
    """Append one event each to new streams."""
    streams = [uuid4() for _ in range(count)]
    for stream_id in streams:
        await memory.persist_events(stream_id, ["event"])
    return streams


def scripted(memory: EventReaderWriter, *script: Injection) -> HostileEventStore:
    return HostileEventStore(memory, seed=1, script=script, sleep=no_sleep)


async def test_what_is_late_is_published_later_for_all() -> None:
    memory = MemoryEventStore()
    hostile = scripted(memory, Injection.NONE, Injection.LATE)
    feed, other = hostile.feed(), hostile.feed()
    start = await feed.head()
    streams = await some(memory)

    assert await feed.head() == start
    page = await other.page()
    assert (page.events, page.head) == ((), start)
    found = await feed.position_of(streams[2], 1, timeout=10)
    assert found == await memory.feed().locate(streams[2], 1)
    assert hostile.injected == [Injected(Injection.LATE, None)]


async def test_what_a_caller_knows_of_is_not_late() -> None:
    memory = MemoryEventStore()
    await some(memory)
    hostile = scripted(memory, Injection.LATE)
    known = await memory.feed().head()

    page = await hostile.feed().page(known)

    assert (page.position, page.head) == (known, known)


async def test_another_order_is_legal_and_stays() -> None:
    orders = set()
    for seed in range(60):
        memory = MemoryEventStore()
        hostile = HostileEventStore(memory, seed=seed, script=[Injection.INTERLEAVED])
        alone, first, second = UUID(int=1), UUID(int=2), UUID(int=3)
        await memory.persist_events(alone, ["another process"])
        await hostile.persist_events(first, [1])
        await hostile.persist_events(second, [2])
        await hostile.persist_events(first, [3])

        events = [event async for event in hostile.feed().read()]

        order = [(event.stream_id.int, event.version) for event in events]
        mine = [place for place in order if place[0] != alone.int]
        assert mine == [(2, 1), (3, 1), (2, 2)], "each was acknowledged before the next one began"
        assert [event.position.ordinal for event in events] == [1, 2, 3, 4]
        assert [event async for event in hostile.feed().read()] == events
        orders.add(tuple(order))
    assert len(orders) == 4, "the other process's event stands in any place"


async def test_appends_at_once_come_in_any_order() -> None:
    orders = set()
    for seed in range(20):
        memory = MemoryEventStore()
        hostile = HostileEventStore(memory, seed=seed, script=[Injection.INTERLEAVED])
        await asyncio.gather(
            *(hostile.persist_events(UUID(int=number), ["event"]) for number in (1, 2))
        )
        orders.add(tuple([event.stream_id.int async for event in hostile.feed().read()]))

    assert orders == {(1, 2), (2, 1)}


async def test_an_append_of_unknown_outcome_is_in_the_feed_before_or_after_the_next() -> None:
    orders = set()
    for seed in range(20):
        hostile = HostileEventStore(
            MemoryEventStore(),
            seed=seed,
            script=[Injection.UNKNOWN_STORED, Injection.NONE, Injection.INTERLEAVED],
        )
        with pytest.raises(AppendOutcomeUnknown):
            await hostile.persist_events(UUID(int=1), ["unknown"])
        await hostile.persist_events(UUID(int=2), ["known"])
        orders.add(tuple([event.stream_id.int async for event in hostile.feed().read()]))

    assert orders == {(1, 2), (2, 1)}


async def test_a_feed_that_may_have_another_order_is_another_feed() -> None:
    memory = MemoryEventStore()
    await some(memory)
    hostile = scripted(memory, Injection.INTERLEAVED)

    with pytest.raises(ForeignPosition):
        await hostile.feed().page(await memory.feed().head())
    with pytest.raises(ForeignPosition):
        await memory.feed().page(await hostile.feed().head())


async def test_an_empty_page_has_moved_over_what_is_not_selected() -> None:
    memory = MemoryEventStore()
    unwanted = [NewEvent("no") for _ in range(5)]
    await memory.persist_events(uuid4(), [*unwanted, NewEvent("yes", "wanted")])
    hostile = scripted(memory, *[Injection.EMPTY_PAGE] * 10)
    feed = hostile.feed(types=["wanted"])

    empty = await feed.page()
    assert empty.events == ()
    assert 0 < empty.position.ordinal <= 5
    assert not empty.caught_up
    found = [event async for event in feed.read()]
    assert [event.payload for event in found] == ["yes"]


async def test_a_page_that_seems_to_be_the_last_is_not() -> None:
    memory = MemoryEventStore()
    await some(memory)
    hostile = scripted(memory, Injection.STALE_HEAD)

    page = await hostile.feed().page(None, 2)

    assert page.caught_up
    assert len(page.events) == 2
    rest = await hostile.feed().page(page.position)
    assert len(rest.events) == 1
    assert hostile.injected == [Injected(Injection.STALE_HEAD, None)]


async def test_a_broken_event_can_be_read_the_next_time() -> None:
    memory = MemoryEventStore()
    await memory.persist_events(UUID(int=1), [NewEvent({"a": 1}, "noted")])
    hostile = scripted(memory, Injection.BROKEN_EVENT)

    broken = (await hostile.feed().page()).events[0]
    event = (await hostile.feed().page()).events[0]

    assert isinstance(broken, BrokenEvent)
    assert (broken.stream_id, broken.version, broken.type) == (UUID(int=1), 1, "noted")
    assert isinstance(broken.error, StreamError)
    assert cast("UndecodableEvent", broken.error).data == b'{"a":1}'
    assert not isinstance(event, BrokenEvent)
    assert (event.payload, event.position) == ({"a": 1}, broken.position)
    assert hostile.injected == [Injected(Injection.BROKEN_EVENT, UUID(int=1))]


async def test_a_deaf_wait_takes_its_time_and_a_false_alarm_takes_none() -> None:
    memory, slept = MemoryEventStore(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    hostile = HostileEventStore(
        memory, seed=1, script=[Injection.DEAF, Injection.FALSE_ALARM], sleep=sleep
    )
    reader = hostile.feed().reader
    end = await memory.feed().head()
    await some(memory)

    assert not await reader.changed(end, 7.0)
    assert slept == [7.0]
    assert await reader.changed(await memory.feed().head(), 7.0)
    assert slept == [7.0]


async def test_an_event_is_located_at_the_latest_one_of_its_stream() -> None:
    """As on Cassandra: what takes it for the event's own position must fail here, too."""
    memory = MemoryEventStore()
    busy, calm = uuid4(), uuid4()
    for stream_id in (busy, calm, busy):
        await memory.persist_events(stream_id, ["a"])
    feed = HostileEventStore(memory, seed=1).feed()

    at = {(each.stream_id, each.version): each.position async for each in feed.read()}
    assert await feed.locate(busy, 1) == await feed.locate(busy, 2) == at[busy, 2]
    assert await feed.locate(calm, 1) == at[calm, 1]
    assert await feed.locate(busy, 3) is None


async def test_every_delivery_has_a_payload_of_its_own() -> None:
    memory = MemoryEventStore()
    await memory.persist_events(uuid4(), [{"a": 1}])
    feed = hostile_feed(memory, 1, interleaved=0.5).feed()

    for _ in range(2):
        event = (await feed.page()).events[0]
        assert not isinstance(event, BrokenEvent)
        assert event.payload == {"a": 1}
        event.payload["a"] = 2


async def test_a_wrapped_store_without_a_feed_is_named() -> None:
    class Plain(EventReaderWriter):
        pass

    hostile = HostileEventStore(cast("Any", Plain)(), seed=1)

    with pytest.raises(InvalidArgument, match="Plain has no feed"):
        hostile.feed()


@pytest.mark.parametrize("options", [{"late": -0.1}, {"late": 0.6, "short_page": 0.6}])
def test_invalid_chances_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        HostileEventStore(MemoryEventStore(), seed=1, **options)
