"""Typed snapshots: aggregates of an application's own types, with revisions and upcasters."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict
from uuid import UUID, uuid4

import msgspec
import pydantic
import pytest

from event_store_async import (
    InvalidArgument,
    InvalidSnapshot,
    MemoryEventStore,
    SnapshotStore,
    UndecodableSnapshot,
)
from event_store_async.aggregates import Reducer, Repository, Snapshot, StoredSnapshot
from event_store_async.testing import HostileEventStore, Injection
from event_store_async.typed import EventType, EventTypes, typed_snapshots

KIND = "account/1"
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    at: datetime
    amount: Decimal


@dataclass(frozen=True)
class Account:
    owner: UUID
    lines: tuple[Line, ...] = ()
    tags: frozenset[str] = field(default_factory=frozenset)


class Struct(msgspec.Struct, frozen=True):
    pairs: tuple[tuple[int, str], ...]


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    amounts: tuple[Decimal, ...]
    on: datetime


class Dictionary(TypedDict):
    kind: Literal["dictionary"]
    amounts: list[int]


TYPES: EventTypes[Any] = EventTypes(
    EventType(Account, "account"),
    EventType(Struct, "struct"),
    EventType(Model, "model"),
    EventType(Dictionary, "dictionary"),
)

AGGREGATES: list[Any] = [
    Account(uuid4(), (Line(MOMENT, Decimal("1.10")), Line(MOMENT, Decimal(2))), frozenset({"a"})),
    Struct(((1, "a"), (2, "b"))),
    Model(amounts=(Decimal("0.1"),), on=MOMENT),
    Dictionary(kind="dictionary", amounts=[1, 2]),
]


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def snapshots(memory: MemoryEventStore) -> SnapshotStore[Any]:
    return typed_snapshots(memory.snapshots, TYPES)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda it: type(it).__name__)
async def test_an_aggregate_comes_back_as_it_was(
    snapshots: SnapshotStore[Any], stream_id: UUID, aggregate: Any
) -> None:
    given = StoredSnapshot(aggregate, 3, MOMENT, (uuid4(),))

    await snapshots.save(stream_id, KIND, given)
    found = await snapshots.load(stream_id, KIND)

    assert found == given
    assert found is not None
    assert type(found.aggregate) is type(aggregate)


async def test_it_is_stored_as_plain_data_with_its_name_and_revision(
    memory: MemoryEventStore, snapshots: SnapshotStore[Any], stream_id: UUID
) -> None:
    await snapshots.save(stream_id, KIND, Snapshot(Struct(((1, "a"),)), 3, MOMENT))
    found = await memory.snapshots.load(stream_id, KIND)

    assert found is not None
    assert found.aggregate == {"$type": "struct", "$revision": 1, "$state": {"pairs": [[1, "a"]]}}


@dataclass(frozen=True)
class Old:
    euros: int


@dataclass(frozen=True)
class New:
    cents: int


def states(revision: int) -> EventTypes[Any]:
    if revision == 1:
        return EventTypes(EventType(Old, "state"))
    upcasters = {1: lambda plain: {"cents": plain["euros"] * 100}}
    return EventTypes(EventType(New, "state", revision=2, upcasters=upcasters))


async def test_an_earlier_revision_is_upcast(memory: MemoryEventStore, stream_id: UUID) -> None:
    old = typed_snapshots(memory.snapshots, states(1))
    new = typed_snapshots(memory.snapshots, states(2))
    await old.save(stream_id, KIND, Snapshot(Old(7), 1, MOMENT))

    found = await new.load(stream_id, KIND)

    assert found is not None
    assert found.aggregate == New(700)


async def test_a_later_revision_is_no_snapshot_for_an_older_program(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    old = typed_snapshots(memory.snapshots, states(1))
    new = typed_snapshots(memory.snapshots, states(2))
    await new.save(stream_id, KIND, Snapshot(New(700), 1, MOMENT))

    with pytest.raises(UndecodableSnapshot, match="revision 2 of 'state' is not registered"):
        await old.load(stream_id, KIND)
    assert await new.load(stream_id, KIND) is not None, "it is not deleted"


@pytest.mark.parametrize(
    "plain",
    [
        {"balance": 7},
        [1],
        "text",
        None,
        {"$type": "other", "$revision": 1, "$state": {}},
        {"$type": ["struct"], "$revision": 1, "$state": {}},
        {"$type": "struct", "$revision": 0, "$state": {}},
        {"$type": "struct", "$revision": "1", "$state": {}},
        {"$type": "struct", "$revision": True, "$state": {}},
        {"$type": "struct", "$revision": 1, "$state": {"pairs": 7}},
        {"$type": "struct", "$revision": 1, "$state": {}, "more": 1},
    ],
    ids=str,
)
async def test_what_fits_no_type_is_undecodable(
    memory: MemoryEventStore, snapshots: SnapshotStore[Any], stream_id: UUID, plain: Any
) -> None:
    await memory.snapshots.save(stream_id, KIND, Snapshot(plain, 4, MOMENT))

    with pytest.raises(UndecodableSnapshot) as caught:
        await snapshots.load(stream_id, KIND)
    assert caught.value.version == 4


class Lossy(pydantic.BaseModel):
    name: str
    secret: pydantic.SecretStr


@pytest.mark.parametrize("aggregate", [7, {"a": 1}, Old(1), Old("x")], ids=str)  # type: ignore[arg-type]
async def test_what_is_not_registered_is_refused(
    snapshots: SnapshotStore[Any], stream_id: UUID, aggregate: Any
) -> None:
    with pytest.raises(InvalidSnapshot):
        await snapshots.save(stream_id, KIND, Snapshot(aggregate, 1, MOMENT))


async def test_what_would_be_lost_is_refused(memory: MemoryEventStore, stream_id: UUID) -> None:
    kept = typed_snapshots(memory.snapshots, EventTypes(EventType(Lossy, "lossy")))
    aggregate = Lossy(name="a", secret=pydantic.SecretStr("hidden"))

    with pytest.raises(InvalidSnapshot):
        await kept.save(stream_id, KIND, Snapshot(aggregate, 1, MOMENT))


async def test_a_repository_of_dataclasses(memory: MemoryEventStore, stream_id: UUID) -> None:
    types = EventTypes[New](EventType(New, "state"))
    reducer = Reducer[New, int](New(0), lambda state, amount: New(state.cents + amount))
    await memory.persist_events(stream_id, [1] * 25)

    def repository(store: Any) -> Repository[New, int]:
        kept = typed_snapshots(store.snapshots, types)
        return Repository(store, reducer, snapshots=kept, kind=KIND, every=10)

    async with memory.reopened() as other:
        first = await repository(other).load(stream_id)
    script = [Injection.SNAPSHOT_AHEAD, Injection.STALE_SNAPSHOT]
    hostile = HostileEventStore(memory, seed=1, script=script)
    found = [await repository(hostile).load(stream_id) for _ in range(3)]

    assert first.aggregate == New(25)
    assert found == [first] * 3
    assert await memory.snapshots.load(stream_id, KIND) is not None


@pytest.mark.parametrize(
    ("snapshots", "types"), [(None, TYPES), ("x", TYPES), (MemoryEventStore(), TYPES), ("own", 7)]
)
def test_arguments_of_the_wrong_kind_are_refused(snapshots: Any, types: Any) -> None:
    if snapshots == "own":
        snapshots = MemoryEventStore().snapshots

    with pytest.raises(InvalidArgument):
        typed_snapshots(snapshots, types)


async def test_conversions_are_applied_one_after_the_other(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    class Negated:
        def plain(self, aggregate: int) -> Old:
            return Old(-aggregate)

        def aggregate(self, plain: Old) -> int:
            return -plain.euros

    kept = typed_snapshots(memory.snapshots, states(1)).converted(Negated())
    await kept.save(stream_id, KIND, Snapshot(5, 1, MOMENT))
    found = await kept.load(stream_id, KIND)
    stored = await memory.snapshots.load(stream_id, KIND)

    assert found is not None
    assert found.aggregate == 5
    assert stored is not None
    assert stored.aggregate["$state"] == {"euros": -5}
