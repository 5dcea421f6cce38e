"""A store of typed events, over the store in memory and a hostile one."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    AppendOutcomeUnknown,
    AppendTooLarge,
    ConcurrentModification,
    EventReaderWriter,
    InvalidArgument,
    InvalidEvent,
    MemoryEventStore,
    MistypedEvent,
    NewEvent,
    PayloadNotEncodable,
    Polling,
    Settings,
    UnknownEventType,
    correlated,
)
from event_store_async.testing import HostileEventStore, Injection
from event_store_async.typed import TypedEventStore, UnknownEvent

from .domain import EVENTS, TYPES, Deposited, Event, Opened


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def typed(memory: MemoryEventStore) -> TypedEventStore[Event]:
    return TypedEventStore(memory, TYPES)


async def read(store: EventReaderWriter, stream_id: UUID, *arguments: Any) -> list[Any]:
    return [event async for event in store.read_events(stream_id, *arguments)]


async def test_events_come_back_as_what_they_were(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    result = await typed.persist_events(stream_id, EVENTS, NO_STREAM)

    events = await read(typed, stream_id)
    assert [event.payload for event in events] == EVENTS
    assert [type(event.payload) for event in events] == [type(event) for event in EVENTS]
    assert result.events == tuple(events)
    assert await typed.current_version(stream_id) == result.version == 4
    assert await read(typed, stream_id, 2, 1) == events[1:2]


async def test_what_is_stored_is_plain_and_named(
    typed: TypedEventStore[Event], memory: MemoryEventStore, stream_id: UUID
) -> None:
    await typed.persist_events(stream_id, EVENTS)

    stored = await read(memory, stream_id)
    assert [(event.type, event.metadata, event.payload) for event in stored] == [
        ("account-opened", None, {"owner": "ann", "on": "2026-01-02", "tags": ["new", "web"]}),
        ("deposited", {"$revision": 3}, {"cents": 50, "rate": "1.25"}),
        ("transferred", None, {"to": str(UUID(int=7)), "Amount": 3}),
        ("account-closed", None, {"kind": "account-closed", "reason": "moved"}),
    ]


@pytest.mark.parametrize(
    ("name", "metadata", "payload"),
    [
        ("deposited", None, {"amount": 2}),
        ("deposited", {"$revision": 2}, {"cents": 200}),
        ("deposited", {"$revision": 3}, {"cents": 200, "rate": "0.5"}),
        ("deposit-performed", None, {"amount": 2}),
    ],
)
async def test_old_revisions_and_names_are_brought_up_to_date(
    typed: TypedEventStore[Event],
    memory: MemoryEventStore,
    stream_id: UUID,
    name: str,
    metadata: dict[str, Any] | None,
    payload: Any,
) -> None:
    from decimal import Decimal

    await memory.persist_events(stream_id, [NewEvent(payload, name, metadata)])

    (event,) = await read(typed, stream_id)
    assert event.payload == Deposited(200, Decimal("0.5"))
    assert (event.type, event.metadata) == (name, None)


async def test_a_new_event_keeps_its_id_and_metadata(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    new = NewEvent(Deposited(1), "deposited", {"user": "ann"})
    with correlated("request-1"):
        first = await typed.persist_events(stream_id, [new])
    again = await typed.persist_events(stream_id, [new])

    (event,) = await read(typed, stream_id)
    assert (event.event_id, event.payload) == (new.event_id, Deposited(1))
    assert event.metadata == {"correlation_id": "request-1", "user": "ann"}
    assert first.events == again.events == (event,)
    assert again.stored_earlier


async def test_the_stores_own_ids_and_look_back_hold_for_bare_events(stream_id: UUID) -> None:
    ids = map(UUID, (f"{number:032x}" for number in range(1, 9)))
    memory = MemoryEventStore(settings=Settings(new_event_id=lambda: next(ids)))
    typed = TypedEventStore(memory, TYPES)

    result = await typed.persist_events(stream_id, EVENTS[:2])

    assert [event.event_id for event in result.events] == [UUID(int=1), UUID(int=2)]


async def test_a_conflict_is_raised_and_returned(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    await typed.persist_events(stream_id, EVENTS)
    conflict = ConcurrentModification(stream_id, 1, 4)

    assert await typed.try_persist_events(stream_id, EVENTS[:1], 1) == conflict
    with pytest.raises(ConcurrentModification):
        await typed.persist_events(stream_id, EVENTS[:1], 1)


async def test_an_unknown_outcome_carries_typed_events_to_append_again(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = HostileEventStore(memory, seed=1, script=[Injection.UNKNOWN_STORED])
    typed = TypedEventStore(hostile, TYPES)
    given: list[Any] = [Deposited(1), NewEvent(EVENTS[0], metadata={"user": "ann"})]

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await typed.persist_events(stream_id, given)
    result = await typed.persist_events(stream_id, caught.value.events)

    assert [event.payload for event in caught.value.events] == [Deposited(1), EVENTS[0]]
    assert caught.value.events[1].metadata == {"user": "ann"}
    assert result.stored_earlier
    assert await typed.current_version(stream_id) == 2


async def test_what_is_unknown_is_an_error_and_readable_raw(
    typed: TypedEventStore[Event], memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(
        stream_id,
        [
            {"bare": True},
            NewEvent({"a": 1}, "merged"),
            NewEvent({"a": 2}, "deposited", {"$revision": 4}),
            NewEvent({"a": 3}, "deposited", {"$revision": "four"}),
        ],
    )
    await typed.persist_events(stream_id, EVENTS[:1])

    raw = [event.payload async for event in typed.read_events(stream_id, unknown="raw")]
    assert raw == [
        UnknownEvent(None, 1, {"bare": True}),
        UnknownEvent("merged", 1, {"a": 1}),
        UnknownEvent("deposited", 4, {"a": 2}),
        UnknownEvent("deposited", "four", {"a": 3}),  # type: ignore[arg-type]
        EVENTS[0],
    ]
    messages = []
    for version in (1, 2, 3):
        with pytest.raises(UnknownEventType) as caught:
            await read(typed, stream_id, version)
        assert caught.value.version == version
        messages.append(str(caught.value).partition(": ")[2])
    assert messages == [
        "the event type None is not registered (register it, or read with unknown='raw')",
        "the event type 'merged' is not registered (register it, or read with unknown='raw')",
        "revision 4 of 'deposited' is not registered (a newer program wrote it)",
    ]
    assert len(await read(typed, stream_id, 5)) == 1


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("account-opened", {"owner": 7}, "Expected `str`, got `int`"),
        ("deposited", {"sum": 1}, "amount"),
        ("transferred", {"to": "nobody"}, "UUID"),
        ("account-closed", {"kind": "other", "reason": "x"}, "Invalid enum value"),
    ],
)
async def test_a_payload_that_is_not_what_its_type_says_is_an_error_of_its_own(
    typed: TypedEventStore[Event],
    memory: MemoryEventStore,
    stream_id: UUID,
    name: str,
    payload: Any,
    reason: str,
) -> None:
    await memory.persist_events(stream_id, [NewEvent(payload, name)])

    with pytest.raises(MistypedEvent, match=reason) as caught:
        [event async for event in typed.read_events(stream_id, unknown="raw")]
    error = caught.value
    facts = (error.stream_id, error.version, error.type, error.revision, error.payload)
    assert facts == (stream_id, 1, name, 1, payload)


@dataclass(frozen=True)
class Opened2(Opened):
    """A subclass is another type."""


@pytest.mark.parametrize(
    ("events", "error", "match"),
    [
        ([EVENTS[0], "text"], InvalidEvent, "event 2: str is not registered"),
        ([Opened2("ann", EVENTS[0].on)], InvalidEvent, "Opened2 is not registered"),  # type: ignore[union-attr]
        ([{"kind": "other"}], InvalidEvent, "dict is not registered"),
        ([{"kind": ["account-closed"]}], InvalidEvent, "dict is not registered"),
        ([Opened("ann", "today")], PayloadNotEncodable, "event 1: could not be read back"),  # type: ignore[arg-type]
        ([{"kind": "account-closed"}], PayloadNotEncodable, "reason"),
        ([NewEvent(Deposited(1), "withdrawn")], InvalidEvent, "the NewEvent says 'withdrawn'"),
        ([NewEvent(Deposited(1), metadata=[])], InvalidEvent, "metadata must be a mapping"),  # type: ignore[arg-type]
        ([NewEvent(EVENTS[0], metadata={"$revision": 1})], InvalidEvent, "reserved for the store"),
        (EVENTS[3], InvalidEvent, None),
        (NewEvent(EVENTS[0]), InvalidEvent, None),
        (None, InvalidEvent, None),
        (EVENTS * 300, AppendTooLarge, "1,001 events"),
    ],
)
async def test_bad_input_is_refused_before_anything_is_stored(
    typed: TypedEventStore[Event],
    stream_id: UUID,
    events: Any,
    error: type[Exception],
    match: str | None,
) -> None:
    with pytest.raises(error, match=match and re.escape(match)):
        await typed.persist_events(stream_id, events)
    assert await typed.current_version(stream_id) == 0


async def test_bad_arguments_of_a_read_are_refused_at_the_call(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    with pytest.raises(InvalidArgument, match="unknown must be None or 'raw', not 'skip'"):
        typed.read_events(stream_id, unknown="skip")  # type: ignore[call-overload]
    with pytest.raises(InvalidArgument):
        typed.read_events("stream")  # type: ignore[call-overload]


async def test_events_may_come_from_anything_that_gives_them_once(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    def generated() -> Iterator[Event]:
        yield from EVENTS

    result = await typed.persist_events(stream_id, generated(), ANY)
    nothing = await typed.persist_events(stream_id, [], 4)

    assert [event.payload for event in result.events] == EVENTS
    assert (nothing.version, nothing.events) == (4, ())


async def test_an_abandoned_read_closes_the_one_below(stream_id: UUID) -> None:
    closed = asyncio.Event()

    class Watched(MemoryEventStore):
        async def _read(self, *arguments: Any, **options: Any) -> Any:
            try:
                async for event in super()._read(*arguments, **options):
                    yield event
            finally:
                closed.set()

    typed = TypedEventStore(Watched(), TYPES)
    await typed.persist_events(stream_id, EVENTS)
    events = typed.read_events(stream_id)
    await anext(events)
    await events.aclose()

    assert closed.is_set()


# Following and listing


async def test_a_typed_stream_is_followed(typed: TypedEventStore[Event], stream_id: UUID) -> None:
    async with aclosing(typed.follow(stream_id)) as events:
        coming = asyncio.ensure_future(anext(events))
        await typed.persist_events(stream_id, EVENTS)
        found = [await coming, *[await anext(events) for _ in EVENTS[1:]]]

    assert found == await read(typed, stream_id)
    assert [type(event.payload) for event in found] == [type(event) for event in EVENTS]


async def test_an_unknown_type_ends_a_follower_or_comes_raw(
    typed: TypedEventStore[Event], memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.persist_events(stream_id, [NewEvent({"a": 1}, type="unknown")])
    await typed.persist_events(stream_id, EVENTS[:1])

    async with aclosing(typed.follow(stream_id)) as events:
        with pytest.raises(UnknownEventType) as caught:
            await anext(events)
        with pytest.raises(StopAsyncIteration):
            await anext(events)
    async with aclosing(typed.follow(stream_id, caught.value.version + 1)) as events:
        assert (await anext(events)).payload == EVENTS[0]
    async with aclosing(typed.follow(stream_id, unknown="raw")) as events:
        assert (await anext(events)).payload == UnknownEvent("unknown", 1, {"a": 1})
        assert (await anext(events)).payload == EVENTS[0]
        with pytest.raises(KeyError):
            await events.athrow(KeyError())
        with pytest.raises(StopAsyncIteration):
            await anext(events)
    wrong: Any = "skip"
    with pytest.raises(InvalidArgument, match="unknown must be"):
        typed.follow(stream_id, unknown=wrong)


async def test_a_typed_step_that_is_cancelled_loses_nothing(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    async with aclosing(typed.follow(stream_id, polling=Polling(shortest=0.001))) as events:
        for version in (1, 2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await anext(events)
            await typed.persist_events(stream_id, EVENTS[:1])
            assert (await anext(events)).version == version


async def test_a_store_that_only_reads_and_appends_can_be_followed_typed(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    class Plain(EventReaderWriter):
        try_persist_events = memory.try_persist_events
        read_events = memory.read_events
        current_version = memory.current_version

    typed = TypedEventStore(Plain(), TYPES)
    await typed.persist_events(stream_id, EVENTS)

    async with aclosing(typed.follow(stream_id)) as events:
        assert [(await anext(events)).payload for _ in EVENTS] == EVENTS
    with pytest.raises(InvalidArgument, match="Plain has no streams"):
        typed.streams()


async def test_a_typed_store_lists_all_streams(
    typed: TypedEventStore[Event], memory: MemoryEventStore, stream_id: UUID
) -> None:
    await typed.persist_events(stream_id, EVENTS)
    await memory.persist_events(UUID(int=7), ["untyped"])

    found = [head async for head in typed.streams()]

    assert found == [head async for head in memory.streams()]
    assert {head.stream_id: head.version for head in found} == {stream_id: 4, UUID(int=7): 1}
    assert [head async for head in typed.streams(found[0].cursor, 5, page_size=1)] == found[1:]
