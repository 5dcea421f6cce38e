"""Personal fields of an application's own types."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Generic, NamedTuple, NewType, TypeVar
from uuid import UUID, uuid4

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, model_serializer

from event_store_async import (
    BrokenEvent,
    InvalidArgument,
    InvalidEvent,
    MemoryEventStore,
    MistypedEvent,
    NewEvent,
    PayloadNotEncodable,
)
from event_store_async.privacy import (
    FORGOTTEN,
    Forgotten,
    MemoryKeyStore,
    Personal,
    PersonalValue,
    PrivateEventStore,
    private_feed,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_feed

from .key_stores import WatchedKeys
from .people import TYPES, Address, Booked, Event, Invited, Passenger, Phoned, Registered, Ticket
from .readings import payloads, stored_bytes

CALLER, GUEST = uuid4(), uuid4()
BOOKED = Booked(
    Passenger("p-1", "Secret1"),
    (Passenger("p-2", "Secret2"), Passenger("p-1", "Secret3")),
    Passenger("p-3", "Secret4"),
    {"1A": Passenger("p-2", "Secret5")},
    [[], [Passenger("p-1", "Secret6")]],
)
# Each event, whom it is about, and what it is once that subject is forgotten.
CASES: list[tuple[Event, str, Event]] = [
    (
        Registered("c-1", "Secret", Address("Secret", "Secret"), date(1815, 12, 10), "gold"),
        "c-1",
        Registered("c-1", "(erased)", None, FORGOTTEN, "gold"),
    ),
    (
        Phoned(CALLER, "Secret", ["Secret"], 7),
        str(CALLER),
        Phoned(CALLER, FORGOTTEN, [], 7),
    ),
    (Phoned(CALLER, "Secret"), str(CALLER), Phoned(CALLER, FORGOTTEN)),
    (
        Invited(guest_id=GUEST, email_address="Secret", Note="Secret", details={"Secret": [1]}),
        str(GUEST),
        Invited(guest_id=GUEST, email_address="n/a", Note=FORGOTTEN, details={}),
    ),
    (
        Ticket(kind="ticket", holder="h", seat_name="Secret"),
        "h",
        Ticket(kind="ticket", holder="h", seat_name="?"),
    ),
    (
        Ticket(kind="ticket", holder="h", seat_name="Secret", remarks="Secret"),
        "h",
        Ticket(kind="ticket", holder="h", seat_name="?", remarks="?"),
    ),
    (
        BOOKED,
        "p-1",
        replace(
            BOOKED,
            lead=Passenger("p-1", FORGOTTEN),
            others=(Passenger("p-2", "Secret2"), Passenger("p-1", FORGOTTEN)),
            groups=[[], [Passenger("p-1", FORGOTTEN)]],
        ),
    ),
]


@pytest.fixture
def typed(store: PrivateEventStore) -> TypedEventStore[Event]:
    return TypedEventStore(store, TYPES)


@pytest.mark.parametrize(
    ("event", "subject", "forgotten"), CASES, ids=[type(case[0]).__name__ for case in CASES]
)
async def test_personal_fields_are_encrypted_and_forgotten(
    memory: MemoryEventStore,
    store: PrivateEventStore,
    typed: TypedEventStore[Event],
    keys: WatchedKeys,
    stream_id: UUID,
    event: Event,
    subject: str,
    forgotten: Event,
) -> None:
    result = await typed.persist_events(stream_id, [event, NewEvent(event)])
    feed = typed_feed(private_feed(memory.feed(), store.keys), TYPES)

    assert result.events[0].payload is event
    assert b"Secret" not in stored_bytes(memory)
    assert await payloads(typed, stream_id) == [event, event]
    assert [each.payload async for each in feed.read()] == [event, event]
    assert keys.names() == ["key_for"]
    await store.keys.forget(subject)
    assert await payloads(typed, stream_id) == [forgotten, forgotten]
    assert [each.payload async for each in feed.read()] == [forgotten, forgotten]


@pytest.mark.parametrize(
    "event", [case[0] for case in CASES], ids=[type(case[0]).__name__ for case in CASES]
)
async def test_a_plain_store_refuses_them(
    memory: MemoryEventStore, stream_id: UUID, event: Event
) -> None:
    with pytest.raises(PayloadNotEncodable, match="PrivateEventStore") as caught:
        await TypedEventStore(memory, TYPES).persist_events(stream_id, [event])
    assert "Secret" not in str(caught.value)
    assert await memory.current_version(stream_id) == 0


@pytest.mark.parametrize(
    "event", [case[0] for case in CASES], ids=[type(case[0]).__name__ for case in CASES]
)
async def test_without_keys_an_event_does_not_fit_its_type(
    memory: MemoryEventStore,
    typed: TypedEventStore[Event],
    stream_id: UUID,
    event: Event,
) -> None:
    await typed.persist_events(stream_id, [event])

    with pytest.raises(MistypedEvent, match="PrivateEventStore"):
        await payloads(TypedEventStore(memory, TYPES), stream_id)
    others = TypedEventStore(PrivateEventStore(memory, MemoryKeyStore()), TYPES)
    with pytest.raises(MistypedEvent, match="is not known") as caught:
        await payloads(others, stream_id)
    assert "Secret" not in str(caught.value)
    plain = typed_feed(memory.feed(), TYPES)
    assert all(isinstance(each, BrokenEvent) for each in (await plain.page()).events)


async def test_what_was_forgotten_can_be_appended_again(
    store: PrivateEventStore, typed: TypedEventStore[Event], keys: WatchedKeys, stream_id: UUID
) -> None:
    event = Booked(Passenger("p-1", FORGOTTEN), (Passenger("p-2", "b"),))
    await typed.persist_events(stream_id, [event])

    assert keys.calls == [("key_for", ["p-2"])]
    assert await payloads(typed, stream_id) == [event]


async def test_a_substitute_is_a_value_like_others(
    typed: TypedEventStore[Event], stream_id: UUID
) -> None:
    event = Registered("c-1", "(erased)")
    await typed.persist_events(stream_id, [event])
    assert await payloads(typed, stream_id) == [event]


@pytest.mark.parametrize("subject", ["", "a\nb", "x" * 201])
async def test_a_subject_that_is_none_is_refused(
    memory: MemoryEventStore,
    typed: TypedEventStore[Event],
    keys: WatchedKeys,
    stream_id: UUID,
    subject: str,
) -> None:
    with pytest.raises(InvalidEvent, match="payload/name: a subject") as caught:
        await typed.persist_events(stream_id, [CASES[0][0], Registered(subject, "Secret")])
    assert caught.value.index == 1
    assert "Secret" not in str(caught.value)
    assert keys.calls == []
    assert await memory.current_version(stream_id) == 0


@dataclass(frozen=True)
class Optional:
    customer_id: str | None
    points: Annotated[int, Personal("customer_id", forgotten=0)]


async def test_a_subject_that_is_missing_is_refused(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, EventTypes[Optional](EventType(Optional, "optional")))
    with pytest.raises(InvalidEvent, match="must be a str, not None"):
        await typed.persist_events(stream_id, [Optional(None, 7)])
    await typed.persist_events(stream_id, [Optional("c", 7)])
    await store.keys.forget("c")
    assert await payloads(typed, stream_id) == [Optional("c", 0)]


# Revisions


async def test_upcasters_see_plain_data(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    seen: list[Any] = []

    def renamed(plain: Any) -> Any:
        seen.append(plain)
        return {"customer_id": plain["customer"], "name": plain["full_name"]}

    await memory.persist_events(
        stream_id, [NewEvent({"customer": "c", "full_name": "from before"}, "registered")]
    )
    old = [{"customer": "c", "full_name": PersonalValue("c", "Ada")}]
    await store.persist_events(stream_id, [NewEvent(each, "registered") for each in old])
    types = EventTypes[Registered](
        EventType(Registered, "registered", revision=2, upcasters={1: renamed})
    )
    typed = TypedEventStore(store, types)
    assert [each.name for each in await payloads(typed, stream_id)] == ["from before", "Ada"]
    await store.keys.forget("c")
    assert [each.name for each in await payloads(typed, stream_id)] == ["from before", "(erased)"]
    assert [each["full_name"] for each in seen] == ["from before", "Ada", "from before", FORGOTTEN]


class Unmarked(BaseModel):
    number: int


async def test_what_is_forgotten_never_becomes_a_number(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, EventTypes[Unmarked](EventType(Unmarked, "unmarked")))
    await store.persist_events(stream_id, [NewEvent({"number": FORGOTTEN}, "unmarked")])
    with pytest.raises(MistypedEvent, match="not marked"):
        await payloads(typed, stream_id)


# Registration

T = TypeVar("T")
Name = NewType("Name", str)


@dataclass
class NoSubstitute:
    id: str
    name: Annotated[str, Personal("id")]


@dataclass
class WrongSubstitute:
    id: str
    name: Annotated[str, Personal("id", forgotten=0)]


class WrongModelSubstitute(BaseModel):
    id: str
    born: Annotated[date, Personal("id", forgotten="never")]


class ConstrainedSubstitute(BaseModel):
    id: str
    name: Annotated[str, msgspec.Meta(), Personal("id", forgotten=None)]


@dataclass
class NumberAdmits:
    id: str
    age: Annotated[int | Forgotten, Personal("id")]


class ModelNumberAdmits(BaseModel):
    id: str
    age: Annotated[int | Forgotten, Personal("id")]


@dataclass
class NoSubject:
    name: Annotated[str, Personal("id", forgotten="")]


@dataclass
class OwnSubject:
    id: Annotated[str, Personal("id", forgotten="")]


@dataclass
class PersonalSubject:
    id: Annotated[str, Personal("name", forgotten="")]
    name: Annotated[str, Personal("id", forgotten="")]


@dataclass
class MarkedTwice:
    id: str
    name: Annotated[str, Personal("id", forgotten=""), Personal("id", forgotten="")]


@dataclass
class MarkedWithTheClass:
    id: str
    name: Annotated[str, Personal]


@dataclass
class MarkedInside:
    id: str
    names: list[Annotated[str, Personal("id", forgotten="")]]


@dataclass
class MarkedInOptional:
    id: str
    name: Annotated[str, Personal("id", forgotten="")] | None


@dataclass
class Whole:
    id: str
    passenger: Annotated[Passenger, Personal("id", forgotten=Passenger("", ""))]


@dataclass
class EitherOf:
    who: Passenger | Address


@dataclass
class Pair:
    pair: tuple[Passenger, Passenger]


class AsList(msgspec.Struct, array_like=True):
    id: str
    name: Annotated[str, Personal("id", forgotten="")]


class Named(NamedTuple):
    id: str
    name: Annotated[str, Personal("id", forgotten="")]


@dataclass
class WithNamed:
    named: Named


class Root(RootModel[list[Passenger]]):
    pass


class OmittedSubject(msgspec.Struct, omit_defaults=True):
    name: Annotated[str, Personal("id", forgotten="")]
    id: str = "c"


class ExcludedSubject(BaseModel):
    id: str = Field("c", exclude=True)
    name: Annotated[str, Personal("id", forgotten="")] = ""


class Copying(BaseModel):
    id: str
    name: Annotated[str, Personal("id", forgotten="")]

    @model_serializer(mode="wrap")
    def copied(self, handler: Any) -> Any:
        return {**handler(self), "copy": self.name}


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (NoSubstitute, "does not admit Forgotten"),
        (WrongSubstitute, "not of its type"),
        (WrongModelSubstitute, "not of its type"),
        (ConstrainedSubstitute, "not of its type"),
        (NumberAdmits, "does not admit Forgotten"),
        (ModelNumberAdmits, "does not admit Forgotten"),
        (NoSubject, "has no field 'id'"),
        (OwnSubject, "is personal itself"),
        (PersonalSubject, "is personal itself"),
        (MarkedTwice, "marked twice"),
        (MarkedWithTheClass, "the class Personal"),
        (MarkedInside, "a part of a type is marked"),
        (MarkedInOptional, "a part of a type is marked"),
        (Whole, "and so is a part of it"),
        (EitherOf, "cannot be told apart"),
        (Pair, "cannot be told apart"),
        (AsList, "stored as a list"),
        (WithNamed, "stored as a list"),
        (Root, "root model"),
        (OmittedSubject, "is not always stored"),
        (ExcludedSubject, "is not always stored"),
        (Copying, "model_serializer"),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_a_mark_that_cannot_be_kept_is_refused(cls: Any, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        EventTypes(EventType(cls, "x"))


def test_marks_that_cannot_be_read_are_refused() -> None:
    @dataclass
    class Local:
        id: str
        name: "Annotated[Unknown, Personal('id')]"  # type: ignore[name-defined] # noqa: F821

    with pytest.raises(InvalidArgument, match="cannot be read"):
        EventTypes(EventType(Local, "local"))


@dataclass(frozen=True)
class Node:
    id: str
    name: Annotated[str, Personal("id", forgotten="?")]
    below: "list[Node]"


@dataclass(frozen=True)
class Box(Generic[T]):
    id: str
    content: Annotated[Name, Personal("id", forgotten=Name("?"))]
    more: T | None = None


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    id: UUID
    born: Annotated[date, Personal("id", forgotten=date(1, 1, 1))]


@dataclass(frozen=True)
class Child(Registered):
    school: Annotated[str, Personal("customer_id", forgotten="")] = ""


@pytest.mark.parametrize(
    ("event", "subjects"),
    [
        (
            Node("1", "a", [Node("2", "b", []), Node("1", "c", [Node("3", "d", [])])]),
            {"1", "2", "3"},
        ),
        (Box("1", Name("a")), {"1"}),
        (Strict(id=CALLER, born=date(2000, 1, 1)), {str(CALLER)}),
        (Child("1", "a", school="b"), {"1"}),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_other_types(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID, event: Any, subjects: Any
) -> None:
    keys = store.keys
    types: EventTypes[Any] = EventTypes(EventType(type(event), "x"))
    typed = TypedEventStore(store, types)
    await typed.persist_events(stream_id, [event])

    assert await payloads(typed, stream_id) == [event]
    assert set(await keys.get(subjects)) == subjects
    for subject in subjects:
        await keys.forget(subject)
    (found,) = await payloads(typed, stream_id)
    assert found != event


class Serialised(BaseModel):
    """Its plain data has the field under another key than its mark can know."""

    id: str
    name: Annotated[str, Personal("id", forgotten="")]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            lambda made: made,
            core_schema.no_info_before_validator_function(
                lambda it: {"id": it["id"], "name": it["renamed"]} if "renamed" in it else it,
                handler(source),
            ),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda it: {"id": it.id, "renamed": it.name}
            ),
        )


async def test_a_field_that_is_stored_elsewhere_is_refused(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    typed = TypedEventStore(store, EventTypes[Serialised](EventType(Serialised, "x")))
    with pytest.raises(InvalidEvent, match="not in its plain data"):
        await typed.persist_events(stream_id, [Serialised(id="c", name="Secret")])
    assert await memory.current_version(stream_id) == 0


@pytest.mark.parametrize("subject", [None, "", 7])
def test_a_mark_names_a_field(subject: Any) -> None:
    with pytest.raises(InvalidArgument):
        Personal(subject)


def test_marks_are_values() -> None:
    assert Personal("a") == Personal("a")
    assert Personal("a") != Personal("a", forgotten="")
    assert Personal("a") != "a"
    assert len({Personal("a"), Personal("a"), Personal("b")}) == 2
    assert repr(Personal("a", forgotten=0)) == "Personal('a', forgotten=0)"
    assert repr(Personal("a")) == "Personal('a')"
