"""Stored snapshots with personal values, and repositories of aggregates that hold some."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    InvalidArgument,
    InvalidSnapshot,
    MemoryEventStore,
    StoreUnavailable,
    UndecodableSnapshot,
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
from event_store_async.errors import SubjectForgotten, UndecryptableField
from event_store_async.privacy import (
    FORGOTTEN,
    Encrypted,
    Forgotten,
    MemoryKeyStore,
    Personal,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_snapshots

from .key_stores import WatchedKeys

KIND = "customer/1"
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


class AsItIs:
    """A conversion of an application's own: it says itself what is personal."""

    def plain(self, aggregate: Any) -> Any:
        return aggregate

    def aggregate(self, plain: Any) -> Any:
        return plain


class Store(PrivateEventStore):
    @cached_property
    def snapshots(self) -> Any:
        return super().snapshots.converted(AsItIs())


@pytest.fixture
def store(memory: MemoryEventStore, keys: WatchedKeys) -> PrivateEventStore:
    return Store(memory, keys)


def snapshot(aggregate: Any, version: int = 3) -> StoredSnapshot[Any]:
    return StoredSnapshot(aggregate, version, MOMENT, (uuid4(),))


def stored(memory: MemoryEventStore) -> bytes:
    """Return all snapshots that a store in memory has encoded."""
    rows: Any = memory._table.snapshot_rows
    return b"".join(
        row.payload or b""
        for kinds in rows._rows.values()
        for kept in kinds.values()
        for row in kept.values()
    )


async def aggregate(store: Any, stream_id: UUID) -> Any:
    found = await store.snapshots.load(stream_id, KIND)
    return None if found is None else found.aggregate


async def test_personal_values_are_encrypted_and_forgotten(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    given = snapshot({"names": [PersonalValue("a", "Ada"), PersonalValue("b", "Bea")], "n": 1})
    await store.snapshots.save(stream_id, KIND, given)

    assert b"Ada" not in stored(memory)
    found = await store.snapshots.load(stream_id, KIND)
    assert found == replace(given, aggregate={"names": ["Ada", "Bea"], "n": 1})
    assert keys.names() == ["key_for"]
    await store.keys.forget("a")
    assert await aggregate(store, stream_id) == {"names": [FORGOTTEN, "Bea"], "n": 1}
    elsewhere = Store(memory, MemoryKeyStore())
    (first, _) = (await aggregate(elsewhere, stream_id))["names"]
    assert isinstance(first, Encrypted)
    await store.snapshots.forget(stream_id)
    assert await aggregate(store, stream_id) is None


async def test_what_is_known_of_a_forgotten_subject_is_saved_as_forgotten(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.keys.forget("a")
    await store.keys.forget("c")
    state = [PersonalValue(each, f"Secret {each}") for each in ("a", "b", "c")] + [FORGOTTEN]
    await store.snapshots.save(stream_id, KIND, snapshot(state))

    assert b"Secret" not in stored(memory)
    assert await aggregate(store, stream_id) == [FORGOTTEN, "Secret b", FORGOTTEN, FORGOTTEN]


async def test_it_decrypts_in_its_own_place_only(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.snapshots.save(stream_id, KIND, snapshot({"name": PersonalValue("a", "Ada")}))
    found = await memory.snapshots.load(stream_id, KIND)
    assert found is not None
    other = uuid4()
    await memory.snapshots.save(other, KIND, found)
    await memory.snapshots.save(stream_id, "customer/2", found)
    await memory.snapshots.save(stream_id, KIND, replace(found, version=4))

    for stream, kind, version in (
        (other, KIND, 3),
        (stream_id, "customer/2", 3),
        (stream_id, KIND, 4),
    ):
        with pytest.raises(UndecryptableField) as caught:
            await store.snapshots.load(stream, kind)
        error = caught.value
        assert (error.stream_id, error.version, error.path) == (stream, version, "/name")


class Status(StrEnum):
    OPEN = "open"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (Encrypted("a", uuid4()), "read without its key"),
        ({"$personal": 1}, "reserved"),
        (PersonalValue("", 1), "subject"),
        (PersonalValue("a", object()), "cannot be stored"),
        (PersonalValue("a", PersonalValue("b", 1)), "another one"),
    ],
    ids=lambda each: str(each)[:20],
)
async def test_what_cannot_be_saved_is_refused(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID, state: Any, reason: str
) -> None:
    with pytest.raises(InvalidSnapshot, match=reason):
        await store.snapshots.save(stream_id, KIND, snapshot(state))
    store.snapshots.save_soon(stream_id, KIND, snapshot(state))
    assert keys.calls == []
    assert await aggregate(store, stream_id) is None


@pytest.mark.parametrize(
    "state",
    [
        {"x": PersonalValue("a", (1, 2))},
        {"x": (1, 2), "id": "a"},
        {"x": Status.OPEN, "id": "a"},
        {"y": (1, 2)},
    ],
    ids=lambda each: str(each)[:20],
)
async def test_plain_data_that_would_be_read_back_as_something_else_is_refused(
    memory: MemoryEventStore, keys: WatchedKeys, stream_id: UUID, state: Any
) -> None:
    fields = {KIND: PersonalFields("id", ["x"])}
    store = PrivateEventStore(memory, keys, snapshot_fields=fields)
    with pytest.raises(InvalidSnapshot, match="would be read back"):
        await store.snapshots.save(stream_id, KIND, snapshot(state))
    assert stored(memory) == b""


async def test_bad_arguments(store: PrivateEventStore, stream_id: UUID) -> None:
    wrong: Any = 7
    good = snapshot(PersonalValue("a", 1))
    with pytest.raises(InvalidArgument):
        await store.snapshots.save(wrong, KIND, good)
    with pytest.raises(InvalidArgument):
        await store.snapshots.save(stream_id, wrong, good)
    with pytest.raises(InvalidSnapshot):
        await store.snapshots.save(stream_id, KIND, wrong)
    with pytest.raises(InvalidSnapshot):
        await store.snapshots.save(stream_id, KIND, Snapshot(PersonalValue("a", 1), 0, None))
    with pytest.raises(InvalidArgument):
        await store.snapshots.load(wrong, KIND)
    with pytest.raises(InvalidArgument):
        await store.snapshots.forget(wrong)
    with pytest.raises(InvalidArgument):
        store.snapshots.converted(wrong)


async def test_a_plain_store_refuses_personal_values(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    with pytest.raises(InvalidSnapshot, match="PrivateEventStore"):
        await memory.snapshots.save(stream_id, KIND, snapshot([PersonalValue("a", "Ada")]))


# In the background


async def settled(store: PrivateEventStore, stream_id: UUID) -> Any:
    for _ in range(1000):
        found = await aggregate(store, stream_id)
        if found is not None:
            return found
        await asyncio.sleep(0)
    return None


async def test_it_is_saved_soon_with_and_without_keys_at_hand(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    store.snapshots.save_soon(stream_id, KIND, snapshot([PersonalValue("a", "Ada")]))
    assert await settled(store, stream_id) == ["Ada"]
    other = uuid4()
    store.snapshots.save_soon(other, KIND, snapshot([PersonalValue("a", "Ada")]))
    assert await settled(store, other) == ["Ada"]
    assert keys.names() == ["key_for"]


async def test_a_failure_in_the_background_is_logged_once(
    store: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    keys.failure = StoreUnavailable("away")
    for version in (1, 2):
        store.snapshots.save_soon(stream_id, KIND, snapshot(PersonalValue("a", "Ada"), version))
        for _ in range(10):
            await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await store.snapshots.save(stream_id, KIND, snapshot(PersonalValue("a", "Ada")))

    (record,) = caplog.records
    assert "was not saved" in record.message
    assert "Ada" not in caplog.text


async def test_what_waits_for_keys_is_given_up_with_its_stream(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    keys.gate.clear()
    store.snapshots.save_soon(stream_id, KIND, snapshot(PersonalValue("a", "Ada"), 1))
    store.snapshots.save_soon(stream_id, KIND, snapshot(PersonalValue("a", "Ada"), 2))
    forgetting = asyncio.ensure_future(store.snapshots.forget(stream_id))
    for _ in range(5):
        await asyncio.sleep(0)
    keys.gate.set()
    await forgetting
    for _ in range(20):
        await asyncio.sleep(0)
    assert await aggregate(store, stream_id) is None


# Aggregates


@dataclass(frozen=True)
class Renamed:
    customer_id: str
    name: Annotated[str | Forgotten, Personal("customer_id")]


@dataclass(frozen=True)
class Customer:
    customer_id: str = ""
    name: Annotated[str, Personal("customer_id", forgotten="(erased)")] = ""
    changes: int = 0


TYPES = EventTypes[Renamed](EventType(Renamed, "renamed"))
STATES = EventTypes[Customer](EventType(Customer, "customer"))


def changed(state: Customer, event: Renamed) -> Customer:
    return Customer(event.customer_id, str(event.name), state.changes + 1)


REDUCER = Reducer(Customer(), changed)


def repository(store: PrivateEventStore, every: int = 2) -> Repository[Customer, Renamed]:
    snapshots = typed_snapshots(store.snapshots, STATES)
    typed = TypedEventStore(store, TYPES)
    return Repository(typed, REDUCER, snapshots=snapshots, kind=KIND, every=every)


async def test_reducers_go_on_after_forgetting(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, TYPES)
    await typed.persist_events(stream_id, [Renamed("c-1", "Secret"), Renamed("c-1", "Secret2")])
    loaded = await repository(store).load(stream_id)
    assert loaded.aggregate == Customer("c-1", "Secret2", 2)
    saved = await settled(store, stream_id)
    assert saved["$state"]["name"] == "Secret2"
    assert b"Secret" not in stored(memory)

    await store.keys.forget("c-1")
    loaded = await repository(store).load(stream_id)
    assert loaded.aggregate == Customer("c-1", "(erased)", 2)
    await store.keys.key_for(["c-1"], renew=True)
    await typed.persist_events(stream_id, [Renamed("c-1", "Back")])
    assert (await repository(store).load(stream_id)).aggregate == Customer("c-1", "Back", 3)
    whole = Repository(typed, REDUCER)
    assert (await whole.load(stream_id)).aggregate == Customer("c-1", "Back", 3)


async def test_the_state_of_a_forgotten_customer_is_saved_and_loaded(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, TYPES)
    await typed.persist_events(stream_id, [Renamed("c-1", "Secret")] * 4)
    await store.keys.forget("c-1")
    await repository(store).load(stream_id)
    saved = await settled(store, stream_id)

    assert saved["$state"] == {"customer_id": "c-1", "name": FORGOTTEN, "changes": 4}
    assert (await repository(store).load(stream_id)).aggregate == Customer("c-1", "(erased)", 4)


async def test_a_snapshot_that_fits_no_type_is_undecodable(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.snapshots.save(stream_id, KIND, snapshot({"name": PersonalValue("a", "Ada")}))
    with pytest.raises(UndecodableSnapshot, match="it has no type"):
        await typed_snapshots(store.snapshots, STATES).load(stream_id, KIND)
    with pytest.raises(InvalidSnapshot):
        wrong: Any = Renamed("a", "b")
        await typed_snapshots(store.snapshots, STATES).save(stream_id, KIND, snapshot(wrong))
    loaded = await repository(store).load(stream_id)
    assert loaded.aggregate == Customer()


async def test_typed_snapshots_are_rejected_and_forgotten(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = typed_snapshots(store.snapshots, STATES)
    await typed.save(stream_id, KIND, snapshot(Customer("c", "Ada", 1)))
    found = await typed.load(stream_id, KIND)
    assert found is not None
    assert found.aggregate == Customer("c", "Ada", 1)
    await typed.reject(stream_id, KIND, 3, "wrong")
    assert await typed.load(stream_id, KIND) is None


def renaming(stream_id: UUID, name: str) -> Command[Customer, Renamed]:
    return Command(stream_id, lambda _: [Renamed("c-1", name)])


async def test_a_repeated_command_is_recognised_after_forgetting(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, TYPES)
    handler = CommandHandler(repository(store), typed)
    command = renaming(stream_id, "Ada")
    handled = await handler.handle(command)
    assert isinstance(handled, CommandHandled)
    assert handled.after.aggregate == Customer("c-1", "Ada", 1)
    await store.keys.forget("c-1")

    again = await CommandHandler(repository(store), typed).handle(command)
    assert isinstance(again, CommandHandled)
    assert again.after.aggregate == Customer("c-1", "(forgotten)", 1)
    assert again.handled_earlier
    with pytest.raises(SubjectForgotten):
        await handler.handle(renaming(stream_id, "Grace"))
    assert await store.current_version(stream_id) == 1
