"""Personal fields inside generic types: of the arguments, the bounds and the bases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar
from uuid import UUID

import msgspec
import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from event_store_async import InvalidArgument, MemoryEventStore
from event_store_async.aggregates import Snapshot
from event_store_async.privacy import Personal, PrivateEventStore
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_snapshots

from .readings import payloads, stored_bytes
from .test_snapshots import KIND, stored

T = TypeVar("T")
K = TypeVar("K")


@dataclass
class Base:
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


class Struct(msgspec.Struct):
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


class Model(BaseModel):
    id: str
    name: Annotated[str, Personal("id", forgotten="-")]


B = TypeVar("B", bound=Base)
Late = TypeVar("Late", bound="Base")
Only = TypeVar("Only", Base, Struct)


@dataclass
class Plain(Generic[T]):
    v: T


@dataclass
class Lists(Generic[T]):
    v: list[T]
    o: T | None = None
    m: dict[str, T] = field(default_factory=dict)


class GenericStruct(msgspec.Struct, Generic[T]):
    v: T


class GenericDict(TypedDict, Generic[T]):
    v: T


class Keyed(TypedDict, Generic[K, T]):
    key: K
    v: T


class SubDict(GenericDict[Base], Generic[K]):
    w: K


class GenericModel(BaseModel, Generic[T]):
    v: T


@dataclass
class Marked(Generic[T]):
    id: str
    name: Annotated[T, Personal("id", forgotten="-")]


@dataclass
class Bounded(Generic[B]):
    v: B


@dataclass
class LateBounded(Generic[Late]):
    v: Late


@dataclass
class Swapped(Plain[Base], Generic[T]):
    w: T


@dataclass
class Twice(Plain[Lists[T]], Generic[T]):
    pass


NAMED = NewType("NAMED", Plain[Base])
ALIAS = TypeAliasType("ALIAS", Lists[T], type_params=(T,))
OPTIONAL = TypeAliasType("OPTIONAL", T | None, type_params=(T,))


@dataclass
class OfPlain:
    g: Plain[Base]


@dataclass
class OfLists:
    g: Lists[Base]


@dataclass
class OfStruct:
    g: GenericStruct[Struct]


@dataclass
class OfDict:
    g: GenericDict[Base]


@dataclass
class OfKeyed:
    g: Keyed[str, Base]


@dataclass
class OfSubDict:
    g: SubDict[int]


class OfModel(BaseModel):
    g: GenericModel[Model]


class OfDataclass(BaseModel):
    g: Plain[Model]


@dataclass
class OfMarked:
    g: Marked[str]


@dataclass
class OfBounded:
    g: Bounded  # type: ignore[type-arg] # what it is then, its bound says


@dataclass
class OfLateBounded:
    g: LateBounded  # type: ignore[type-arg] # what it is then, its bound says


@dataclass
class OfSwapped:
    g: Swapped[int]


@dataclass
class OfTwice:
    g: Twice[Base]


@dataclass
class OfNested:
    g: Plain[Plain[list[Base]]]


@dataclass
class OfNamed:
    g: NAMED


class OfAlias(BaseModel):
    g: ALIAS[Model]
    o: OPTIONAL[Model] = None


@dataclass
class OfMany:
    g: Mapping[str, Sequence[Plain[Base]]]


@dataclass
class Sub(Lists[Base]):
    x: int = 0


class SubStruct(GenericStruct[Struct]):
    x: int = 0


@dataclass
class OfUnmarked:
    g: Plain[int]


def base() -> Base:
    return Base("c", "SECRET")


def struct() -> Struct:
    return Struct("c", "SECRET")


def model() -> Model:
    return Model(id="c", name="SECRET")


LISTS = Lists([base(), base()], base(), {"k": base()})
EVENTS: list[Any] = [
    OfPlain(Plain(base())),
    OfLists(LISTS),
    OfLists(Lists([])),
    OfStruct(GenericStruct(struct())),
    OfDict({"v": base()}),
    OfKeyed({"key": "k", "v": base()}),
    OfModel(g=GenericModel(v=model())),
    OfDataclass(g=Plain(model())),
    OfMarked(Marked("c", "SECRET")),
    OfBounded(Bounded(base())),
    OfSwapped(Swapped(base(), 1)),
    OfTwice(Twice(LISTS)),
    OfNested(Plain(Plain([base()]))),
    OfNamed(NAMED(Plain(base()))),
    OfAlias(g=Lists([model()]), o=model()),
    OfMany({"a": [Plain(base())]}),
    Sub([base()], base()),
    SubStruct(struct()),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: type(each).__name__)
async def test_they_are_encrypted_and_forgotten(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID, event: Any
) -> None:
    types: EventTypes[Any] = EventTypes(EventType(type(event), "x"))
    typed = TypedEventStore(store, types)
    await typed.persist_events(stream_id, [event])

    assert b"SECRET" not in stored_bytes(memory)
    assert await payloads(typed, stream_id) == [event]
    snapshots = typed_snapshots(store.snapshots, types)
    await snapshots.save(stream_id, KIND, Snapshot(event, 1, datetime(2026, 1, 1, tzinfo=UTC)))
    assert b"SECRET" not in stored(memory)
    await store.keys.forget("c")
    (found,) = await payloads(typed, stream_id)
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize("cls", [OfLateBounded, OfSubDict])
def test_marks_are_found_that_msgspec_cannot_read_back(cls: Any) -> None:
    assert EventTypes[Any](EventType(cls, "x")).are_marked


def test_types_without_marks_have_none() -> None:
    types: EventTypes[Any] = EventTypes(EventType(OfUnmarked, "x"))
    assert not types.are_marked


# What cannot be told apart


@dataclass
class Phantom(Generic[T]):
    x: int


@dataclass
class OfPhantom:
    g: Phantom[Base]


@dataclass
class Chosen(Generic[Only]):
    v: Only


@dataclass
class OfChosen:
    g: Chosen  # type: ignore[type-arg] # what it is then, its bound says


class Pair(NamedTuple, Generic[T]):
    v: T


@dataclass
class OfPair:
    g: Pair[Base]


@dataclass
class Either(Generic[T]):
    v: T | int | list[T]


@dataclass
class OfEither:
    g: Either[Base]


@dataclass
class PartOfMarked(Generic[T]):
    id: str
    v: Annotated[T, Personal("id", forgotten=None)]


@dataclass
class OfPartOfMarked:
    g: PartOfMarked[Base | None]


@dataclass
class Endless(Generic[T]):
    v: "Endless[list[T]] | None"


@dataclass
class OfEndless:
    g: Endless[int]


QUOTED = TypeAliasType("QUOTED", "list[Base]")


@dataclass
class OfQuoted:
    g: QUOTED


class Custom(Generic[T]):
    """A generic class of which only pydantic knows what it is stored as."""

    def __init__(self, v: Any) -> None:
        self.v = v

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda it: it if isinstance(it, Custom) else cls(it["wrapped"]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda it: {"wrapped": msgspec.to_builtins(it.v)}
            ),
        )


class OfCustom(BaseModel):
    g: Custom[Struct]


@pytest.mark.parametrize(
    "cls",
    [OfPhantom, OfChosen, OfPair, OfEither, OfPartOfMarked, OfEndless, OfQuoted, OfCustom],
    ids=lambda each: each.__name__,
)
def test_what_cannot_be_told_apart_is_refused(cls: Any) -> None:
    with pytest.raises(InvalidArgument):
        EventTypes(EventType(cls, "x"))


@dataclass
class Worded:
    kind: Literal["Base", "x"]
    g: Lists[Literal["a", 1]]
    text: Annotated[str, "Base"] = ""


def test_texts_that_are_no_types_are_not_read() -> None:
    types: EventTypes[Any] = EventTypes(EventType(Worded, "x"))
    assert not types.are_marked
