"""A feed of typed events, over the store in memory and a hostile one."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    BrokenEvent,
    CategoryStore,
    Feed,
    FeedEvent,
    InvalidArgument,
    MemoryEventStore,
    MistypedEvent,
    NewEvent,
    StreamError,
    UnknownEventType,
)
from event_store_async.feeds import Selection
from event_store_async.testing import HostileEventStore
from event_store_async.typed import (
    EventType,
    EventTypes,
    TypedEventStore,
    UnknownEvent,
    typed_feed,
)

from .domain import EVENTS, TYPES, Deposited, Opened


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


async def read(feed: Feed[Any]) -> list[FeedEvent[Any]]:
    return [event async for event in feed.read()]


def errors(items: Iterable[object]) -> list[StreamError]:
    return [item.error for item in items if isinstance(item, BrokenEvent)]


async def test_events_come_as_a_typed_store_reads_them(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(memory, TYPES)
    await typed.persist_events(stream_id, [*EVENTS[:-1], NewEvent(EVENTS[-1], metadata={"a": 1})])

    events = await read(typed_feed(memory.feed(), TYPES))

    stored = [event async for event in typed.read_events(stream_id)]
    assert [event.payload for event in events] == EVENTS
    assert [event.metadata for event in events] == [event.metadata for event in stored]
    assert [event.type for event in events] == [event.type for event in stored]
    plain = await read(memory.feed())
    assert [event.position for event in events] == [event.position for event in plain]


async def test_old_revisions_are_upcast_and_old_names_known(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, [NewEvent({"amount": 7}, "deposit-performed")])

    for unknown in (None, "leave out"):
        feed = typed_feed(memory.feed(), TYPES, unknown=unknown)
        (event,) = await read(feed)
        assert isinstance(event.payload, Deposited)
        assert event.payload.cents == 700


UNKNOWN = [NewEvent({"a": 1}, "elsewhere"), NewEvent("no type")]
LATER = NewEvent({"cents": 1}, "deposited", {"$revision": 4})
MISTYPED = NewEvent({"owner": 7}, "account-opened")


def fresh(*events: NewEvent) -> list[NewEvent]:
    return [NewEvent(event.payload, event.type, event.metadata) for event in events]


async def test_what_is_unknown_is_broken_and_the_next_one_follows(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, fresh(*UNKNOWN, LATER, MISTYPED))
    await TypedEventStore(memory, TYPES).persist_events(stream_id, [EVENTS[0]])
    feed = typed_feed(memory.feed(), TYPES)

    page = await feed.page()

    found = errors(page.events)
    assert [type(error) for error in found] == [UnknownEventType] * 3 + [MistypedEvent]
    assert [getattr(error, "version", None) for error in found] == [1, 2, 3, 4]
    assert isinstance(page.events[4], FeedEvent)
    assert page.events[4].payload == EVENTS[0]
    with pytest.raises(UnknownEventType) as caught:
        await anext(feed.read())
    assert caught.value.position == page.events[0].position


async def test_raw_delivers_what_is_unknown_but_not_a_later_revision(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, fresh(*UNKNOWN, LATER, MISTYPED))

    page = await typed_feed(memory.feed(), TYPES, unknown="raw").page()

    payloads = [event.payload for event in page.events if isinstance(event, FeedEvent)]
    assert payloads == [UnknownEvent("elsewhere", 1, {"a": 1}), UnknownEvent(None, 1, "no type")]
    assert [type(error) for error in errors(page.events)] == [UnknownEventType, MistypedEvent]


async def test_leaving_out_selects_the_registered_names_alone(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, fresh(*UNKNOWN, LATER, MISTYPED))
    feed = typed_feed(memory.feed(), TYPES, unknown="leave out")

    page = await feed.page()

    assert feed.selection.types == TYPES.names
    assert "deposit-performed" in TYPES.names
    assert [type(error) for error in errors(page.events)] == [UnknownEventType, MistypedEvent]
    assert len(page.events) == 2
    assert page.caught_up


async def test_leaving_out_keeps_the_selection_of_the_feed(
    memory: MemoryEventStore,
) -> None:
    types = ["deposited", "elsewhere"]
    whole = Feed(memory.feed().reader, Selection.of(["bank"], types, 1, 3))

    feed = typed_feed(whole, TYPES, unknown="leave out")

    assert feed.selection == Selection(frozenset(["bank"]), frozenset(["deposited"]), 1, 3)
    assert typed_feed(whole, TYPES).selection == whole.selection
    assert feed.outages is whole.outages


async def test_a_selection_that_would_leave_nothing_is_refused_not_widened(
    memory: MemoryEventStore,
) -> None:
    with pytest.raises(InvalidArgument, match="no type of event"):
        typed_feed(memory.feed(types=["elsewhere"]), TYPES, unknown="leave out")
    with pytest.raises(InvalidArgument, match="no type of event"):
        typed_feed(memory.feed(), EventTypes[Opened](), unknown="leave out")


async def test_what_is_no_choice_is_refused(memory: MemoryEventStore) -> None:
    wrong: Any = "skip"

    with pytest.raises(InvalidArgument, match="unknown must be None, 'raw' or 'leave out'"):
        typed_feed(memory.feed(), TYPES, unknown=wrong)


async def test_a_type_that_is_registered_later_can_be_read_then(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await TypedEventStore(memory, TYPES).persist_events(stream_id, [EVENTS[0]])
    before = EventTypes[Deposited](EventType(Deposited, "deposited"))

    with pytest.raises(UnknownEventType):
        await read(typed_feed(memory.feed(), before))
    assert [event.payload for event in await read(typed_feed(memory.feed(), TYPES))] == EVENTS[:1]


async def test_it_finds_and_waits_as_the_feed_does(memory: MemoryEventStore) -> None:
    hostile = HostileEventStore(memory, seed=1)
    feed, stream_id = typed_feed(hostile.feed(), TYPES), uuid4()
    before = await feed.head()
    await TypedEventStore(hostile, TYPES).persist_events(stream_id, EVENTS)

    position = await feed.position_of(stream_id, 4, timeout=10)

    assert position == await memory.feed().head() == await feed.head()
    assert await feed.reader.changed(before, 1.0)
    assert [event.payload for event in await read(feed)] == EVENTS


async def test_the_feed_of_a_category_is_typed(memory: MemoryEventStore, stream_id: UUID) -> None:
    accounts = memory.category("account")
    await TypedEventStore(accounts, TYPES).persist_events(stream_id, EVENTS)
    await memory.persist_events(uuid4(), [NewEvent({"of": "another"}, "other")])

    hostile = HostileEventStore(accounts, seed=1)

    for store in (accounts, hostile, hostile.category("account")):
        events = await read(typed_feed(store.feed(), TYPES))
        assert [event.payload for event in events] == EVENTS
        assert {event.category for event in events} == {"account"}
    with pytest.raises(InvalidArgument):
        hostile.feed(categories=["order"])


async def test_a_view_of_a_store_without_a_feed_says_so(memory: MemoryEventStore) -> None:
    view = CategoryStore(TypedEventStore(memory, TYPES), "account", memory._persist)

    with pytest.raises(InvalidArgument, match=r"TypedEventStore has no feed"):
        view.feed()
