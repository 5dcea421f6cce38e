"""What is stored of an event is all of it, or it is refused."""

import enum
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Generic, Literal, NamedTuple, TypedDict, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PrivateAttr,
    SecretStr,
    SerializeAsAny,
    computed_field,
    field_serializer,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass

from event_store_async import (
    InvalidArgument,
    LossyPayload,
    MemoryEventStore,
    NewEvent,
    PayloadNotEncodable,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore
from event_store_async.typed.difference import difference

T = TypeVar("T")
BERLIN = ZoneInfo("Europe/Berlin")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.StrEnum):
    HIGH = "high"


class Shape(BaseModel):
    name: str


class Circle(Shape):
    radius: int


class Same(Shape):
    """A subclass without a field of its own."""


class Box(BaseModel, Generic[T]):
    item: T


class Drawn(BaseModel):
    shape: Shape = Shape(name="none")
    shapes: list[Shape] = []
    by_name: dict[str, Shape] = {}
    anything: Any = None
    whatever: SerializeAsAny[Shape] | None = None
    box: Box[int] | None = None
    either: Circle | Shape | None = None


class Secret(BaseModel):
    user: str
    password: SecretStr = SecretStr("")
    note: str = Field(default="", exclude=True)
    _trace: str = PrivateAttr("")


class Nested(BaseModel):
    secrets: list[Secret] = []
    by_user: dict[str, Secret] = {}


class Required(BaseModel):
    token: str = Field(exclude=True)


class Computed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cents: int
    raw: Json[list[int]] = []

    @computed_field  # type: ignore[prop-decorator]
    @property
    def euros(self) -> float:
        return self.cents / 100

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def doubled(self) -> int:
        return self.cents * 2


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    cents: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def euros(self) -> float:
        return self.cents / 100


class Rounded(BaseModel):
    rate: float

    @field_serializer("rate")
    def _short(self, rate: float) -> float:
        return round(rate, 2)


class OneName(BaseModel):
    amount: int = Field(default=0, serialization_alias="Amount")


@pydantic_dataclass
class Checked:
    _hidden: int
    shown: list[int] = field(default_factory=list)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return sum(self.shown)


@dataclass
class Animal:
    name: str


@dataclass
class Dog(Animal):
    breed: str = "any"


@dataclass
class Held:
    animal: Animal = field(default_factory=lambda: Animal("none"))
    animals: list[Animal] = field(default_factory=list)
    anything: Any = None
    mapped: dict[int, Any] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)
    pair: tuple[int, str] = (0, "")
    tags: set[str] = field(default_factory=set)
    frozen: frozenset[int] = frozenset()
    number: float = 0.0
    price: Decimal = Decimal(0)
    at: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    on: date = date(2026, 1, 2)
    how_long: timedelta = timedelta()
    data: bytes = b""
    colour: Colour = Colour.RED
    level: str = ""
    key: UUID = field(default_factory=lambda: UUID(int=0))


@dataclass(eq=False)
class Unequal:
    """It has no __eq__."""

    value: int
    inner: "Unequal | None" = None


class UnequalChild(Unequal):
    """Not a dataclass itself."""


@dataclass
class Blind:
    """Its __eq__ does not look at the field that is lost."""

    key: int
    animal: Animal = field(default_factory=lambda: Animal("none"), compare=False)

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@dataclass
class Private:
    _hidden: int
    kind: ClassVar[str] = "private"
    derived: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.derived = self._hidden + 1

    @cached_property
    def used(self) -> int:
        return 9


class Base(msgspec.Struct):
    name: str


class Derived(Base):
    more: int = 0


class Struct(msgspec.Struct, omit_defaults=True, rename="camel", tag="struct", eq=False):
    base_item: Base | None = None
    items: Sequence[int] = ()
    anything: Any = None


class Point(NamedTuple):
    x: int
    y: int


class Line(TypedDict):
    text: str


class Told(TypedDict, total=False):
    kind: Literal["told"]
    lines: list[Line]
    numbers: Mapping[str, int]


class Moment(datetime):
    def __sub__(self, other: Any) -> Any:
        raise TypeError("a difference is of a class of its own")


class Word(str):
    __slots__ = ()


class Day(date):
    pass


class Hour(time):
    pass


@dataclass
class Extended:
    """Its fields are typed by subclasses, as pendulum's users do it."""

    at: Moment
    on: Day
    when: Hour
    word: Word


class Modelled(BaseModel):
    at: datetime
    on: date
    when: time


CLASSES = {
    cls.__name__: cls
    for cls in (
        *(Drawn, Secret, Nested, Required, Computed, Open, Rounded, OneName, Checked),
        *(Held, Unequal, Blind, Private, Struct, Told, Extended, Modelled),
    )
}
TWICE = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)


def types(**lossy: Sequence[str]) -> EventTypes[Any]:
    return EventTypes[Any](
        *(EventType(cls, name.lower(), lossy=lossy.get(name, ())) for name, cls in CLASSES.items())
    )


TYPES = types()


def used(event: Any, *names: str) -> Any:
    """Return an event whose cached properties were used."""
    for name in names:
        getattr(event, name)
    return event


def private(event: Secret, trace: str) -> Secret:
    event._trace = trace
    return event


def extended(event: Any) -> Any:
    event.extra = 7
    return event


@pytest.mark.parametrize(
    "event",
    [
        Drawn(shape=Shape(name="a"), shapes=[Shape(name="b")], by_name={"c": Shape(name="d")}),
        Drawn(either=Circle(name="a", radius=1)),
        Drawn(box=Box[int](item=1)),
        Drawn(anything={"list": [1, "a", None, 1.5, True]}),
        Drawn(anything=(1, 2)),
        Drawn(anything=Level.HIGH),
        Secret(user="ann"),
        Secret(user="ann", note=""),
        used(Computed(cents=250), "doubled"),
        Computed(cents=250, raw="[1, 2]"),  # type: ignore[arg-type]
        Open(cents=250),
        Open(cents=250, more=[1]),  # type: ignore[call-arg]
        Rounded(rate=0.25),
        Checked(3, [1, 2]),
        Held(numbers=(1, 2), pair=[1, "a"]),  # type: ignore[arg-type]
        Held(tags={"a", "b", "c"}, frozen=frozenset(range(99))),
        Held(tags=frozenset({"a"})),  # type: ignore[arg-type]
        Held(number=3),
        Held(number=float("inf")),
        Held(number=float("nan")),
        Held(price=Decimal("NaN")),
        Held(price=Decimal("1.10")),
        Held(mapped={1: "a", 2: [None]}),
        Held(mapped=defaultdict(list, {1: "a"})),
        Held(mapped=OrderedDict({1: "a"})),
        Held(anything=[(1, [2, (3,)])]),
        Held(at=datetime(2026, 7, 2, 12, 0, 0, 1, tzinfo=BERLIN)),
        Held(at=datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))),
        Held(at=datetime(2026, 7, 2)),  # noqa: DTZ001 - the case
        Held(at=TWICE),
        Held(at=Moment(2026, 7, 2, tzinfo=UTC)),
        Held(at=Moment(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)),
        Held(at=Moment(2026, 7, 2, tzinfo=BERLIN), on=Day(2026, 7, 2)),
        Extended(Moment(2026, 7, 2, tzinfo=BERLIN), Day(2026, 7, 2), Hour(1, 2), Word("a")),
        Modelled(at=Moment(2026, 7, 2, tzinfo=BERLIN), on=Day(2026, 7, 2), when=Hour(1, 2)),
        Held(how_long=timedelta(days=3, microseconds=1), data=b"\x00\xff"),
        Held(level=Level.HIGH, colour=Colour.RED),
        Held(level=Word("high")),
        Held(key=UUID(int=7)),
        Unequal(1, Unequal(2)),
        Blind(1, Animal("a")),
        used(Private(3), "used"),
        extended(Private(3)),
        Struct(Base("a"), [1, 2]),
        Struct(),
        {"kind": "told", "lines": [{"text": "a"}], "numbers": {"a": 1}},
    ],
    ids=lambda event: ascii(event)[:60],
)
def test_what_comes_back_as_it_was_is_stored(event: Any) -> None:
    name, revision, plain = TYPES.stored(event)

    assert type(TYPES.event(name, revision, plain)) is type(event)


@pytest.mark.parametrize(
    ("event", "path", "reason"),
    [
        (
            Drawn(shape=Circle(name="a", radius=1)),
            "shape",
            "it is of type Circle, and would be read back as Shape",
        ),
        (Drawn(shape=Same(name="a")), "shape", "of type Same, and would be read back as Shape"),
        (Drawn(shapes=[Shape(name="a"), Circle(name="b", radius=1)]), "shapes[1]", "Circle"),
        (Drawn(by_name={"a b": Circle(name="b", radius=1)}), "by_name['a b']", "Circle"),
        (Drawn(by_name={"ab": Circle(name="b", radius=1)}), "by_name.ab", "Circle"),
        (Drawn(whatever=Circle(name="b", radius=1)), "whatever", "Circle"),
        (Drawn(anything=Shape(name="a")), "anything", "of type Shape, and would be read back as d"),
        (Drawn(anything=UUID(int=1)), "anything", "type UUID, and would be read back as str"),
        (Drawn(anything={"at": date(2026, 1, 2)}), "anything.at", "type date"),
        (Drawn(anything=[Colour.RED]), "anything[0]", "of type Colour"),
        (Drawn(anything={1: "a"}), "anything[1]", "it would not be read back"),
        (Secret(user="a", password=SecretStr("x")), "password", "with another value"),
        (Secret(user="a", note="x"), "note", "with another value"),
        (private(Secret(user="a"), "x"), "_trace", "with another value"),
        (Nested(secrets=[Secret(user="a", note="x")]), "secrets[0].note", "another value"),
        (Rounded(rate=0.123), "rate", "another value"),
        (OneName(amount=1), "amount", "another value"),
        (Held(animal=Dog("rex")), "animal", "of type Dog, and would be read back as Animal"),
        (Held(animals=[Animal("a"), Dog("rex")]), "animals[1]", "Dog"),
        (Held(animal={"name": "rex"}), "animal", "type dict"),  # type: ignore[arg-type]
        (Held(anything=Animal("a")), "anything", "Animal"),
        (Held(anything={"deep": [{1, 2}]}), "anything.deep[0]", "type set"),
        (Held(anything=Point(1, 2)), "anything", "type Point"),
        (Held(anything=Decimal(1)), "anything", "type Decimal"),
        (Held(anything=b"a"), "anything", "type bytes"),
        (Held(anything=time(1)), "anything", "type time"),
        (
            Held(at=datetime(1930, 1, 1, tzinfo=timezone(timedelta(minutes=19, seconds=32)))),
            "at",
            "another value",
        ),
        (Unequal(1, Unequal(2, UnequalChild(3))), "inner.inner", "of type UnequalChild"),
        (Blind(1, Dog("rex")), "animal", "Dog"),
        (Struct(Derived("a", 1)), "base_item", "Derived"),
        (Struct(anything=Base("a")), "anything", "type Base"),
        ({"kind": "told", "more": 1}, "more", "it would not be read back"),
        ({"kind": "told", "lines": [{"text": "a", "m": 1}]}, "lines[0].m", "not be read back"),
    ],
)
async def test_what_would_be_lost_is_refused(
    event: Any, path: str, reason: str, stream_id: UUID
) -> None:
    memory = MemoryEventStore()
    store = TypedEventStore(memory, TYPES)

    with pytest.raises(LossyPayload) as caught:
        await store.persist_events(stream_id, [NewEvent(event)])
    error = caught.value
    assert (error.index, error.path) == (0, path)
    assert error.message.startswith(f"event 1: {path} would not be stored as it was given: ")
    assert reason in error.message
    assert error.hint is not None
    assert f"lossy=[{error.name!r}]" in error.hint
    assert await memory.current_version(stream_id) == 0

    name = "Told" if type(event) is dict else type(event).__name__
    allowed = types(**{name: [error.name]})
    await TypedEventStore(memory, allowed).persist_events(stream_id, [event])
    assert await memory.current_version(stream_id) == 1


def test_a_generic_model_and_the_same_with_its_arguments_are_alike() -> None:
    assert difference(Box(item=1), Box[int](item=1)) is None
    assert difference(Box(item=1), Shape(name="a")) is not None


def test_sequences_of_equal_items_are_alike() -> None:
    assert difference(deque([1, (2,)]), [1, [2]]) is None
    assert difference(deque([1, (2,)]), [1, [3]]) is not None


async def test_no_secret_stands_in_the_error(stream_id: UUID) -> None:
    store = TypedEventStore(MemoryEventStore(), TYPES)

    with pytest.raises(LossyPayload) as caught:
        await store.persist_events(stream_id, [Secret(user="ann", note="hush")])
    assert "hush" not in str(caught.value)


async def test_what_is_computed_is_not_stored_but_computed_again(stream_id: UUID) -> None:
    memory = MemoryEventStore()
    store = TypedEventStore(memory, TYPES)
    computed = Computed(cents=250, raw="[1]")  # type: ignore[arg-type]
    events = [computed, Open(cents=5), Checked(1, [2])]

    await store.persist_events(stream_id, events)

    stored = [event.payload async for event in memory.read_events(stream_id)]
    assert stored == [
        {"cents": 250, "raw": "[1]"},
        {"cents": 5},
        {"_hidden": 1, "shown": [2]},
    ]
    read = [event.payload async for event in store.read_events(stream_id)]
    assert read == events
    assert read[0].euros == 2.5


def test_a_field_typed_by_a_subclass_is_read_as_one() -> None:
    event = Extended(Moment(2026, 7, 2, tzinfo=UTC), Day(2026, 7, 2), Hour(1, 2), Word("a"))

    name, revision, plain = TYPES.stored(event)

    assert plain == {
        "at": "2026-07-02T00:00:00+00:00",
        "on": "2026-07-02",
        "when": "01:02:00",
        "word": "a",
    }
    found = TYPES.event(name, revision, plain)
    kinds = (type(found.at), type(found.on), type(found.when), type(found.word))
    assert (found, kinds) == (event, (Moment, Day, Hour, Word))


async def test_events_that_were_stored_with_computed_fields_are_read(stream_id: UUID) -> None:
    memory = MemoryEventStore()
    await memory.persist_events(
        stream_id, [NewEvent({"_hidden": 1, "shown": [2], "total": 2}, "checked")]
    )

    (read,) = [
        event.payload async for event in TypedEventStore(memory, TYPES).read_events(stream_id)
    ]
    assert read == Checked(1, [2])


@pytest.mark.parametrize(
    ("lossy", "event", "path"),
    [
        (["note"], Secret(user="a", note="x", password=SecretStr("x")), "password"),
        (["secrets.note"], Nested(secrets=[Secret(user="a", password=SecretStr("x"))]), "secrets"),
        (["user"], Nested(by_user={"user": Secret(user="a", note="x")}), "by_user"),
        (["by_user.b"], Nested(by_user={"a": Secret(user="a", note="x")}), "by_user.a"),
    ],
)
def test_only_the_losses_that_are_named_are_allowed(
    lossy: list[str], event: Any, path: str
) -> None:
    allowed = types(**{type(event).__name__: lossy})

    with pytest.raises(Exception, match="read back") as caught:
        allowed.stored(event)
    assert caught.value.path.startswith(path)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "lossy",
    [
        ["secrets.note", "by_user"],
        ["secrets", "secrets.note", "by_user"],
        ["by_user.a b", "secrets"],
    ],
)
def test_a_loss_is_allowed_in_each_item_and_below(lossy: list[str]) -> None:
    event = Nested(
        secrets=[Secret(user="a"), Secret(user="b", note="x")],
        by_user={"a": Secret(user="a", note="x")} if "by_user" in lossy else {},
    )
    assert types(Nested=lossy).stored(event)


def test_a_field_that_is_left_out_and_required_cannot_be_read_back() -> None:
    with pytest.raises(ValueError, match="Field required"):
        types(Required=["token"]).stored(Required(token="x"))


@pytest.mark.parametrize("lossy", ["note", [""], [1], ["note", None]])
def test_lossy_is_a_list_of_names(lossy: Any) -> None:
    with pytest.raises(InvalidArgument, match="lossy must be a list of names of fields"):
        EventTypes[Any](EventType(Secret, "secret", lossy=lossy))


async def test_numbers_that_json_cannot_hold_are_refused_by_the_codec(stream_id: UUID) -> None:
    store = TypedEventStore(MemoryEventStore(), TYPES)

    for event in (Held(number=float("nan")), Held(anything=2**64)):
        with pytest.raises(PayloadNotEncodable) as caught:
            await store.persist_events(stream_id, [event])
        assert not isinstance(caught.value, LossyPayload)
