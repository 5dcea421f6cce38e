"""Snapshots of plain data: what a reducer makes of personal values is never in plain text."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import pytest

from event_store_async import (
    InvalidArgument,
    InvalidSnapshot,
    MemoryEventStore,
    NewEvent,
    UndecodableSnapshot,
)
from event_store_async.aggregates import Reducer, Repository
from event_store_async.privacy import (
    FORGOTTEN,
    MemoryKeyStore,
    Personal,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
)
from event_store_async.testing import HostileEventStore
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_snapshots

from .key_stores import WatchedKeys
from .test_snapshots import KIND, snapshot, stored

FIELDS = {"registered": PersonalFields("customer_id", ["name"])}
OF_KIND = {KIND: PersonalFields("customer_id", ["name"])}
REDUCER: Reducer[Any, Any] = Reducer({}, lambda state, event: {**state, **event})


async def registered(store: PrivateEventStore, stream_id: UUID) -> None:
    event = NewEvent({"customer_id": "c", "name": "SECRET"}, "registered")
    await store.persist_events(stream_id, [event, *({"n": each} for each in range(5))])


async def kept(store: Any, stream_id: UUID) -> Any:
    for _ in range(1000):
        found = await store.snapshots.load(stream_id, KIND)
        if found is not None:
            return found.aggregate
        await asyncio.sleep(0)
    return None


def repository(store: Any, snapshots: Any) -> Repository[Any, Any]:
    return Repository(store, REDUCER, snapshots=snapshots, kind=KIND, every=2)


async def test_a_kind_of_which_nothing_is_said_is_refused_at_once(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    store = PrivateEventStore(memory, keys, FIELDS)
    await registered(store, stream_id)

    with pytest.raises(InvalidArgument, match="plain text") as caught:
        repository(store, store.snapshots)
    assert "snapshot_fields" in (caught.value.hint or "")
    with pytest.raises(InvalidArgument):
        await store.snapshots.save(stream_id, KIND, snapshot({"name": "SECRET"}))
    with pytest.raises(InvalidArgument):
        await store.snapshots.load(stream_id, KIND)
    store.snapshots.save_soon(stream_id, KIND, snapshot({"name": "SECRET"}))
    assert stored(memory) == b""


async def test_stated_fields_are_encrypted_and_forgotten(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    def opened() -> PrivateEventStore:
        return PrivateEventStore(memory, keys, FIELDS, snapshot_fields=OF_KIND)

    store = opened()
    await registered(store, stream_id)
    loaded = await repository(store, store.snapshots).load(stream_id)
    assert loaded.aggregate == {"customer_id": "c", "name": "SECRET", "n": 4}
    assert (await kept(memory, stream_id))["n"] == 4
    assert b"SECRET" not in stored(memory)
    assert await kept(store, stream_id) == loaded.aggregate

    # What was loaded from a snapshot is saved again: it carries no mark of its own.
    again = opened()
    await again.persist_events(stream_id, [{"n": 5}, {"n": 6}])
    await repository(again, again.snapshots).load(stream_id)
    for _ in range(1000):
        if (await kept(memory, stream_id))["n"] == 6:
            break
        await asyncio.sleep(0)
    assert b"SECRET" not in stored(memory)

    await store.keys.forget("c")
    other = opened()
    found = await repository(other, other.snapshots).load(stream_id)
    assert found.aggregate == {"customer_id": "c", "name": FORGOTTEN, "n": 6}


async def test_snapshots_of_the_other_store_are_refused(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    private = PrivateEventStore(memory, MemoryKeyStore(), FIELDS, snapshot_fields=OF_KIND)
    types: EventTypes[Any] = EventTypes(EventType(Named, "registered"))
    for reader in (
        private,
        TypedEventStore(private, types),
        private.category("customers"),
        HostileEventStore(private, seed=1),
        TypedEventStore(private.category("customers"), types),
    ):
        with pytest.raises(InvalidArgument, match="plain text") as caught:
            repository(reader, memory.snapshots)
        assert "private.snapshots" in (caught.value.hint or "")
        repository(reader, private.snapshots)
    hostile = HostileEventStore(private, seed=1)
    repository(hostile, hostile.snapshots)
    with pytest.raises(InvalidArgument):
        Repository(hostile, REDUCER, snapshots=hostile.snapshots, kind="other/1")
    repository(memory, memory.snapshots)


@dataclass(frozen=True)
class Named:
    customer_id: str
    name: Annotated[str, Personal("customer_id", forgotten="?")]


@dataclass(frozen=True)
class Unmarked:
    name: str


async def test_classes_without_marks_say_nothing(memory: MemoryEventStore, stream_id: UUID) -> None:
    marked: EventTypes[Any] = EventTypes(EventType(Named, "named"))
    unmarked: EventTypes[Any] = EventTypes(EventType(Unmarked, "unmarked"))
    store = PrivateEventStore(memory, MemoryKeyStore(), FIELDS)
    stated = PrivateEventStore(memory, MemoryKeyStore(), FIELDS, snapshot_fields={KIND: None})

    repository(store, typed_snapshots(store.snapshots, marked))
    with pytest.raises(InvalidArgument, match="mark no field"):
        repository(store, typed_snapshots(store.snapshots, unmarked))
    with pytest.raises(InvalidArgument, match="mark no field"):
        await typed_snapshots(store.snapshots, unmarked).save(
            stream_id, KIND, snapshot(Unmarked("SECRET"))
        )
    assert stored(memory) == b""
    snapshots = typed_snapshots(stated.snapshots, unmarked)
    await snapshots.save(stream_id, KIND, snapshot(Unmarked("public")))
    found = await snapshots.load(stream_id, KIND)
    assert found is not None
    assert found.aggregate == Unmarked("public")


@pytest.mark.parametrize("fields", [OF_KIND, {KIND: None}], ids=["fields", "none"])
async def test_a_personal_value_elsewhere_is_refused(
    memory: MemoryEventStore, stream_id: UUID, fields: Any
) -> None:
    # It would be loaded without a mark, and be saved so.
    store = PrivateEventStore(memory, MemoryKeyStore(), snapshot_fields=fields)
    secret = PersonalValue("c", "SECRET")
    for state in (
        secret,
        [secret],
        {"other": secret},
        {"name": 1, "customer_id": "c", "x": secret},
    ):
        with pytest.raises(InvalidSnapshot, match=r"not among the fields|must be a dict"):
            await store.snapshots.save(stream_id, KIND, snapshot(state))
    await store.snapshots.save(stream_id, KIND, snapshot({"other": FORGOTTEN}))
    assert await kept(store, stream_id) == {"other": FORGOTTEN}
    assert b"SECRET" not in stored(memory)


async def test_what_has_no_fields_or_no_subject_is_refused(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    store = PrivateEventStore(memory, MemoryKeyStore(), snapshot_fields=OF_KIND)
    for state, reason in (
        (["SECRET"], "must be a dict, not list"),
        ({"name": "SECRET"}, "a subject must be a str"),
        ({"name": "SECRET", "customer_id": ""}, "a subject must be 1 to 200"),
    ):
        with pytest.raises(InvalidSnapshot, match=reason) as caught:
            await store.snapshots.save(stream_id, KIND, snapshot(state))
        assert "SECRET" not in str(caught.value)
    await store.snapshots.save(stream_id, KIND, snapshot({"customer_id": "c"}))
    assert await kept(store, stream_id) == {"customer_id": "c"}


async def test_snapshots_from_before_a_field_was_stated_are_not_used(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    keys = MemoryKeyStore()
    before = PrivateEventStore(memory, keys, FIELDS, snapshot_fields={KIND: None})
    store = PrivateEventStore(memory, keys, FIELDS, snapshot_fields=OF_KIND)
    await registered(store, stream_id)
    await before.snapshots.save(stream_id, KIND, snapshot({"customer_id": "c", "name": "OLD"}, 1))

    with pytest.raises(UndecodableSnapshot, match="/name is stored in plain text"):
        await store.snapshots.load(stream_id, KIND)
    assert (await repository(store, store.snapshots).load(stream_id)).aggregate["name"] == "SECRET"

    await store.snapshots.save(stream_id, KIND, snapshot({"customer_id": "c", "name": "A"}, 6))
    with pytest.raises(UndecodableSnapshot, match="not among the fields"):
        await before.snapshots.load(stream_id, KIND)


@pytest.mark.parametrize("fields", [[], {7: None}, {"": None}, {KIND: ["name"]}, "x"])
def test_wrong_fields_are_refused(memory: MemoryEventStore, fields: Any) -> None:
    with pytest.raises(InvalidArgument):
        PrivateEventStore(memory, MemoryKeyStore(), snapshot_fields=fields)
