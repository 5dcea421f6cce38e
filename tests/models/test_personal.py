"""Events of any content go through encryption and upcasters unchanged, until they are forgotten."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async import MemoryEventStore, NewEvent
from event_store_async.privacy import (
    FORGOTTEN,
    MemoryKeyStore,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore
from tests.privacy.people import (
    Address,
    Booked,
    Event,
    Group,
    Invited,
    Passenger,
    Phoned,
    Registered,
    Ticket,
    Toured,
)
from tests.privacy.readings import payloads, stored_bytes

from .extent import TIMEOUT, extent

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SECRET = TEXT.map("SECRET{}".format)
NAMES = st.sampled_from(["c-1", "c-2", "c'3", "ä 4"])
IDS = st.sampled_from([UUID(int=1), UUID(int=2)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | SECRET,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SECRET, inner, max_size=3),
    max_leaves=6,
)
PASSENGER = st.builds(Passenger, NAMES, SECRET)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Registered,
        NAMES,
        SECRET,
        st.none() | st.builds(Address, SECRET, SECRET),
        st.dates(),
        TEXT,
    ),
    st.builds(Phoned, IDS, SECRET, st.lists(SECRET, max_size=3), st.integers(0, 99)),
    st.builds(
        Invited,
        guest_id=IDS,
        email_address=SECRET,
        Note=SECRET,
        details=st.dictionaries(SECRET, JSON, max_size=3),
    ),
    st.builds(
        Booked,
        PASSENGER,
        st.lists(PASSENGER, max_size=2).map(tuple),
        st.none() | PASSENGER,
        st.dictionaries(TEXT, PASSENGER, max_size=2),
        st.lists(st.lists(PASSENGER, max_size=2), max_size=2),
    ),
    st.builds(
        Toured,
        st.builds(Group, PASSENGER, st.lists(PASSENGER, max_size=2)),
        st.builds(Group, st.builds(Group, PASSENGER), st.just([])),
    ),
    st.fixed_dictionaries(
        {"kind": st.just("ticket"), "holder": NAMES, "seat_name": SECRET},
        optional={"remarks": SECRET},
    ).map(lambda it: cast("Ticket", it)),
)
# What revision 1 of a Registered looked like, and how it was marked then.
OLD = st.fixed_dictionaries({"who": NAMES, "full": SECRET, "born": st.dates().map(str)})
OLD_FIELDS = {"registered": PersonalFields("who", ["full", "born"])}


def renamed(plain: Any) -> Any:
    return {"customer_id": plain["who"], "name": plain["full"], "born": plain["born"]}


TYPES = EventTypes[Event](
    EventType(Registered, "registered", revision=2, upcasters={1: renamed}),
    EventType(Phoned, "phoned"),
    EventType(Invited, "invited"),
    EventType(Ticket, "ticket"),
    EventType(Booked, "booked"),
    EventType(Toured, "toured"),
)


def forgotten(event: Event, gone: set[str]) -> Event:
    """Return what an event is read as once some subjects are forgotten."""
    if isinstance(event, Booked | Toured):
        return travelled(event, gone)
    if subject_of(event) not in gone:
        return event
    if isinstance(event, Registered):
        return replace(event, name="(erased)", address=None, born=FORGOTTEN)
    if isinstance(event, Phoned):
        return msgspec.structs.replace(event, phone_number=FORGOTTEN, call_notes=[])
    if isinstance(event, Invited):
        return Invited(guest_id=event.guest_id, email_address="n/a", Note=FORGOTTEN, details={})
    hidden = {key: "?" for key in ("seat_name", "remarks") if key in event}
    return cast("Ticket", {**event, **hidden})


def subject_of(event: Registered | Phoned | Invited | Ticket) -> str:
    if isinstance(event, Registered):
        return event.customer_id
    if isinstance(event, Phoned):
        return str(event.caller_id)
    return str(event.guest_id) if isinstance(event, Invited) else event["holder"]


def seen(each: Passenger, gone: set[str]) -> Passenger:
    return Passenger(each.id, FORGOTTEN) if each.id in gone else each


def travelled(event: Booked | Toured, gone: set[str]) -> Event:
    if isinstance(event, Toured):
        group, groups = event.group, event.groups
        return Toured(
            Group(seen(group.lead, gone), [seen(each, gone) for each in group.others]),
            Group(Group(seen(groups.lead.lead, gone))),
        )
    return Booked(
        seen(event.lead, gone),
        tuple(seen(each, gone) for each in event.others),
        None if event.agent is None else seen(event.agent, gone),
        {key: seen(each, gone) for key, each in event.seats.items()},
        [[seen(each, gone) for each in group] for group in event.groups],
    )


@pytest.mark.timeout(TIMEOUT)
def test_typed_events() -> None:
    with asyncio.Runner() as runner:

        @extent(80)
        @given(
            st.lists(EVENTS, max_size=5),
            st.lists(OLD, max_size=2),
            st.sets(NAMES | IDS.map(str), max_size=3),
        )
        def check(events: list[Event], old: list[Any], gone: set[str]) -> None:
            runner.run(_check(events, old, gone))

        check()


async def _check(events: list[Event], old: list[Any], gone: set[str]) -> None:
    memory, stream_id = MemoryEventStore(), uuid4()
    store = PrivateEventStore(memory, MemoryKeyStore(), OLD_FIELDS)
    typed = TypedEventStore(store, TYPES)
    await store.persist_events(stream_id, [NewEvent(each, "registered") for each in old])
    await typed.persist_events(stream_id, events)
    appended: list[Event] = [
        Registered(each["who"], each["full"], born=date.fromisoformat(each["born"])) for each in old
    ] + events

    assert b"SECRET" not in stored_bytes(memory)
    assert await payloads(typed, stream_id) == appended
    for subject in gone:
        await store.keys.forget(subject)
    left = [forgotten(event, gone) for event in appended]
    assert await payloads(typed, stream_id) == left
    others = TypedEventStore(PrivateEventStore(memory, store.keys), TYPES)
    assert await payloads(others, stream_id, backward=True) == left[::-1]


PLAIN = st.recursive(
    st.sampled_from(["c-1", "c-2"]).flatmap(
        lambda who: st.builds(PersonalValue, st.just(who), JSON)
    )
    | TEXT
    | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def shown(value: Any, gone: set[str]) -> Any:
    """Return what plain data is read as."""
    if isinstance(value, PersonalValue):
        return FORGOTTEN if value.subject in gone else value.value
    if isinstance(value, dict):
        return {key: shown(each, gone) for key, each in value.items()}
    return [shown(each, gone) for each in value] if isinstance(value, list) else value


@pytest.mark.timeout(TIMEOUT)
def test_plain_data() -> None:
    with asyncio.Runner() as runner:

        async def check_one(given: list[Any], gone: set[str]) -> None:
            memory, stream_id = MemoryEventStore(), uuid4()
            store = PrivateEventStore(memory, MemoryKeyStore())
            await store.persist_events(stream_id, given)
            assert b"SECRET" not in stored_bytes(memory)
            assert await payloads(store, stream_id) == [shown(each, set()) for each in given]
            for subject in gone:
                await store.keys.forget(subject)
            assert await payloads(store, stream_id) == [shown(each, gone) for each in given]
            assert [event.payload async for event in store.feed().read()] == [
                shown(each, gone) for each in given
            ]

        @extent(80)
        @given(st.lists(PLAIN, max_size=4), st.sets(st.sampled_from(["c-1", "c-2"])))
        def check(events: list[Any], gone: set[str]) -> None:
            runner.run(check_one(events, gone))

        check()
