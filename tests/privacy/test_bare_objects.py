"""Objects with personal fields that are given to a store without a type: never in plain text."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict

from event_store_async import (
    InvalidEvent,
    InvalidSnapshot,
    JsonCodec,
    MemoryEventStore,
    NewEvent,
    PayloadNotEncodable,
)
from event_store_async.privacy import MemoryKeyStore, Personal, PrivateEventStore
from event_store_async.typed import EventType, EventTypes, TypedEventStore

from .readings import payloads, stored_bytes
from .test_snapshots import KIND, snapshot


@dataclass
class Bare:
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


@dataclass
class Holder:
    inner: Bare


@dataclass
class Anything:
    inner: Any


class Struct(msgspec.Struct):
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


class AnyStruct(msgspec.Struct):
    inner: Any


class Model(BaseModel):
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


class AnyModel(BaseModel):
    model_config = ConfigDict(extra="allow")
    inner: Any = None


class Pair(NamedTuple):
    inner: Any


@dataclass
class Misplaced:
    id: str
    names: list[Annotated[str, Personal("id", forgotten="-")]]


BARE, STRUCT, MODEL = Bare("c", "SECRET"), Struct("c", "SECRET"), Model(id="c", name="SECRET")
MARKED = [
    BARE,
    Holder(BARE),
    Anything(BARE),
    Anything([{"a": (BARE,)}]),
    Pair(BARE),
    Misplaced("c", ["SECRET"]),
    STRUCT,
    AnyStruct(STRUCT),
    AnyStruct([STRUCT]),
    AnyStruct(Anything(STRUCT)),
    MODEL,
    AnyModel(inner=MODEL),
    AnyModel.model_validate({"more": MODEL}),
    AnyModel(inner={"a": {"b": BARE}}),
]


def default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    return msgspec.to_builtins(value)


@pytest.mark.parametrize("codec", [JsonCodec(), JsonCodec(default=default)], ids=["json", "more"])
@pytest.mark.parametrize("within", [lambda it: it, lambda it: {"a": [it]}], ids=["alone", "inside"])
@pytest.mark.parametrize("marked", MARKED, ids=lambda each: type(each).__name__)
async def test_they_are_refused_by_every_store(
    stream_id: UUID, codec: Any, within: Any, marked: Any
) -> None:
    memory = MemoryEventStore(codec=codec)
    store = PrivateEventStore(memory, MemoryKeyStore())
    given = within(marked)
    for each in (memory, store):
        with pytest.raises((PayloadNotEncodable, InvalidEvent)) as caught:
            await each.persist_events(stream_id, [NewEvent(given, "x")])
        assert "SECRET" not in str(caught.value)
        if each is store or not isinstance(codec, JsonCodec) or "has personal" in str(caught.value):
            assert "PrivateEventStore(store, keys)" in str(caught.value)
        with pytest.raises(PayloadNotEncodable):
            await each.persist_events(stream_id, [NewEvent({}, "x", {"a": marked})])
    with pytest.raises(InvalidSnapshot) as refused:
        await memory.snapshots.save(stream_id, KIND, snapshot(given))
    assert "SECRET" not in str(refused.value)
    assert stored_bytes(memory) == b""


async def test_objects_without_marks_are_stored(stream_id: UUID) -> None:
    memory = MemoryEventStore(codec=JsonCodec(default=default))
    store = PrivateEventStore(memory, MemoryKeyStore())
    itself: list[Any] = []
    itself.append(itself)
    given = [AnyStruct({"a": 1}), AnyModel(inner=[1]), Anything(1), asdict(BARE)]
    for each in (memory, store):
        await each.persist_events(stream_id, given)
    found = await payloads(store, stream_id)
    assert found[:2] == [{"inner": {"a": 1}}, {"inner": [1]}]
    with pytest.raises(PayloadNotEncodable):
        await memory.persist_events(stream_id, [AnyStruct(itself)])


# Typed events, where they may differ from what was given


@dataclass
class Parent:
    id: str


@dataclass
class Child(Parent):
    name: Annotated[str, Personal("id", forgotten="-")] = "SECRET"


@dataclass
class Lossy:
    lead: Bare
    inner: Any = None
    parent: Parent | None = None


class LossyModel(BaseModel):
    inner: Any = None
    password: str = ""


@pytest.mark.parametrize(
    "event",
    [
        Lossy(BARE, BARE),
        Lossy(BARE, [{"a": BARE}]),
        Lossy(BARE, Holder(BARE)),
        Lossy(BARE, None, Child("c")),
        LossyModel(inner=MODEL),
        LossyModel(inner=[BARE]),
    ],
    ids=str,
)
async def test_a_lossy_field_hides_none(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID, event: Any
) -> None:
    lossy = ["inner", "parent"]
    types: EventTypes[Any] = EventTypes(EventType(type(event), "x", lossy=lossy))
    with pytest.raises(InvalidEvent, match="has personal fields") as caught:
        await TypedEventStore(store, types).persist_events(stream_id, [event])
    assert "SECRET" not in str(caught.value)
    assert stored_bytes(memory) == b""


async def test_a_lossy_field_may_hold_others(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    lossy = ["inner", "parent", "lead"]
    types: EventTypes[Any] = EventTypes(EventType(Lossy, "x", lossy=lossy))
    typed = TypedEventStore(store, types)
    await typed.persist_events(stream_id, [Lossy(BARE, Anything({"a": 1}), Parent("c"))])
    assert b"SECRET" not in stored_bytes(memory)
    assert (await payloads(typed, stream_id))[0].lead == BARE
