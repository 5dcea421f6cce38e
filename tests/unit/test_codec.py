"""Codecs: what goes in comes out, or is refused."""

import enum
import json
import uuid
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async import (
    Codec,
    JsonCodec,
    NewEvent,
    PayloadNotEncodable,
    RawCodec,
    Settings,
)
from event_store_async.codec import Codecs, compression, json_values
from event_store_async.encoding import encode_events

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(JSON)
def test_json_comes_back_as_it_went(payload: Any) -> None:
    codec = JsonCodec()

    assert codec.decode(codec.encode(payload)) == payload


@dataclass
class Point:
    x: float
    label: str | None = None


class Ratio(float):
    """As numpy's float64 is."""


class Colour(enum.Enum):
    RED = "red"
    LOST = float("nan")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (datetime(2013, 1, 1, 5, 15, tzinfo=UTC), "2013-01-01T05:15:00+00:00"),
        (date(2013, 1, 1), "2013-01-01"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (
            datetime(2013, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            "2013-01-01T00:00:00-03:30",
        ),
        (Colour.RED, "red"),
        (Ratio(0.5), 0.5),
        ([Ratio(0.5)], [0.5]),
        (Point(1.5), {"x": 1.5, "label": None}),
        ((1, 2), [1, 2]),
        ("null", "null"),
        ({"null": None}, {"null": None}),
    ],
)
def test_these_have_a_json_form(payload: Any, expected: Any) -> None:
    codec = JsonCodec()

    assert codec.decode(codec.encode(payload)) == expected


@pytest.mark.parametrize(
    "payload",
    [
        float("nan"),
        float("inf"),
        Ratio("nan"),
        [Ratio("inf")],
        datetime(1930, 1, 1, tzinfo=timezone(timedelta(minutes=19, seconds=32))),
        {"at": [datetime(1930, 1, 1, tzinfo=timezone(timedelta(microseconds=1)))]},
        [None, {"a": float("-inf")}],
        Point(float("nan")),
        Colour.LOST,
        ("a", (float("nan"),)),
        {1, 2},
        Decimal(1),
        b"bytes",
        {1: 2},
        2**64,
        "\udfff",
    ],
)
def test_these_are_refused(payload: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        JsonCodec().encode(payload)


@dataclass
class Base:
    _hidden: int
    __mangled: int = 2
    seed: InitVar[int] = 3
    kind: ClassVar[str] = "base"
    derived: int = field(init=False, default=0, repr=False, compare=False)

    def __post_init__(self, seed: int) -> None:
        self.derived = seed + 1

    @cached_property
    def used(self) -> int:
        return 5


@dataclass
class Child(Base):
    own: list["Base"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Slotted:
    _hidden: int
    shown: int


FIELDS = {"_hidden": 1, "_Base__mangled": 2, "derived": 4}


def used(event: Base) -> Base:
    """Return an event whose cached property was used, and that has an attribute of no field."""
    assert event.used == 5
    event.extra = 6  # type: ignore[attr-defined]
    return event


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (used(Base(1)), FIELDS),
        (used(Child(1, own=[used(Base(1))])), {**FIELDS, "own": [FIELDS]}),
        ({"deep": [(used(Base(1)),)]}, {"deep": [[FIELDS]]}),
        (Slotted(1, 2), {"_hidden": 1, "shown": 2}),
        ([Slotted(1, 2)], [{"_hidden": 1, "shown": 2}]),
    ],
)
def test_a_dataclass_is_stored_with_its_fields_and_nothing_else(
    payload: Any, expected: Any
) -> None:
    for codec in (JsonCodec(), JsonCodec(default=str)):
        assert codec.decode(codec.encode(payload)) == expected


class Unlike(Base):
    """Not a dataclass itself, so what it stores beyond its base's fields is not known."""

    def __init__(self) -> None:
        super().__init__(1)
        self.more = 7


class Pair(NamedTuple):
    left: int
    right: int


def test_what_would_lose_something_is_refused_or_goes_to_the_default() -> None:
    incomplete = Slotted(1, 2)
    object.__delattr__(incomplete, "shown")
    for payload in (Unlike(), Pair(1, 2), incomplete, time(1, tzinfo=UTC)):
        with pytest.raises((TypeError, ValueError)):
            JsonCodec().encode([payload])
    codec = JsonCodec(default=lambda value: {"as": type(value).__name__})
    assert codec.decode(codec.encode([Unlike(), Pair(1, 2)])) == [{"as": "Unlike"}, {"as": "Pair"}]


class Moment(datetime):
    def isoformat(self, *_: Any, **__: Any) -> str:
        return "not this"


class Day(date):
    pass


class Hour(time):
    pass


class Id(uuid.UUID):
    def __str__(self) -> str:
        return "not this"


class Word(str):
    __slots__ = ()


class Letter(str, enum.Enum):  # noqa: UP042 - unlike a StrEnum, its str() is not its value
    A = "a"


class Count(int):
    pass


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (Moment(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006+00:00"),
        (
            Moment(2026, 1, 2, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
            "2026-01-02T00:00:00-05:30",
        ),
        (Moment(2026, 1, 2), "2026-01-02T00:00:00"),
        (Day(2026, 1, 2), "2026-01-02"),
        (Hour(1, 2, 3), "01:02:03"),
        (Id(int=7), "00000000-0000-0000-0000-000000000007"),
        (Word("a"), "a"),
        (Letter.A, "a"),
        (Count(3), 3),
    ],
)
def test_subclasses_have_the_form_of_what_they_stand_for(payload: Any, expected: Any) -> None:
    codec = JsonCodec()

    assert codec.decode(codec.encode({"nested": [payload]})) == {"nested": [expected]}
    assert codec.decode(codec.encode(payload)) == expected


BIG = 80241446968629135069


@pytest.mark.parametrize(
    "number",
    [BIG, -BIG, 2**64, 2**64 - 1, -(2**63), -(2**63) - 1, 10**19, -(10**18), 10**300, -(10**40)],
)
@pytest.mark.parametrize(
    "form", ["{}", "[{}]", '{{"n":{}}}', '{{"n": {}, "f": 1.5}}', "[1,{},2]", "\n{}\n", "[0,\t{} ]"]
)
def test_an_integer_of_any_size_is_decoded_exactly(form: str, number: int) -> None:
    data = form.format(number).encode()

    found = JsonCodec().decode(data)
    assert found == json.loads(data)
    assert str(number) in str(found)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'"80241446968629135069"', "80241446968629135069"),
        (b'"n: 80241446968629135069, and more"', "n: 80241446968629135069, and more"),
        (b"80241446968629135069.5", 80241446968629135069.5),
        (b"8.0241446968629135069", 8.024144696862914),
        (b"80241446968629135069e1", 8.02414469686291350e20),
        (b"[1700000000000000000, 1.0, -0]", [1700000000000000000, 1.0, 0]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 80241446968629135069, "a": 2}', {"a": 2}),
    ],
)
def test_what_else_has_many_digits_is_decoded_as_ever(data: bytes, expected: Any) -> None:
    found = JsonCodec().decode(data)

    assert (found, repr(found)) == (expected, repr(expected))


@pytest.mark.parametrize(
    "data", [b"NaN", b"[80241446968629135069, NaN]", b"[80241446968629135069", b"1" * 400]
)
def test_what_no_json_is_or_no_number_holds_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"line 1"):
        JsonCodec().decode(data)


@given(st.integers() | st.integers(-(2**80), 2**80), st.integers(0, 3))
def test_integers_are_read_as_the_standard_library_reads_them(number: int, spaces: int) -> None:
    data = json.dumps({"n": [number, str(number)]}, indent=spaces or None).encode()

    assert JsonCodec().decode(data) == json.loads(data)


@given(st.lists(JSON, max_size=10))
def test_payloads_are_decoded_together_as_one_by_one(payloads: list[Any]) -> None:
    encoded = list(map(JsonCodec().encode, payloads))

    assert json_values(encoded) == payloads


@pytest.mark.parametrize("length", [10, 300, 20_000, 40_000])
def test_payloads_of_any_size_are_decoded_together(length: int) -> None:
    payloads = [{"at": at, "text": "é" * length} for at in range(9)]

    assert json_values([JsonCodec().encode(payload) for payload in payloads]) == payloads


@pytest.mark.parametrize("number", [BIG, -BIG, 2**64 - 1, 1_700_000_000_000_000_000])
def test_an_integer_of_any_size_is_decoded_exactly_among_others(number: int) -> None:
    payloads = [b"1", b' { "n" :%d}' % number, b"%d" % number, b"1.5\n"]

    assert json_values(payloads) == [1, {"n": number}, number, 1.5]


def test_a_payload_may_be_as_deep_among_others_as_alone() -> None:
    deepest = b"[" * 1024 + b"]" * 1024

    first, found, last = json_values([b"1", deepest, b"2"])
    depth = 0
    while found:
        (found,) = found
        depth += 1
    assert (first, depth, last) == (1, 1023, 2)


@pytest.mark.parametrize(
    "broken",
    [
        [b"[1", b"2]"],
        [b"1,2", b"[3", b"4]"],
        [b"1,2", b"[3,[4", b"5]]"],
        [b"1],[2", b"[[3", b"4]]"],
        [b'"one', b'two"', b"3,4"],
        [b'{"a":1', b'"b":2}', b"3,4"],
        [b"", b"1,2"],
        [b"1", b""],
        [b"1]", b"[2"],
        [b"1", b"2]"],
        [b"1,", b"2"],
        [b"\xff", b"1"],
        [b"1", None],
    ],
)
def test_payloads_that_are_not_json_alone_are_refused_together(broken: list[Any]) -> None:
    for payloads in (broken, [b"{}", *broken, b"{}"]):
        with pytest.raises(ValueError, match=r"line 1|Input"):
            json_values(payloads)


def test_a_default_gives_a_form_to_what_has_none() -> None:
    codec = JsonCodec(default=str)

    assert codec.decode(codec.encode({"price": Decimal("1.10")})) == {"price": "1.10"}
    with pytest.raises((TypeError, ValueError)):
        JsonCodec(default=lambda _: float("nan")).encode(Decimal(1))


def test_raw_takes_bytes_and_nothing_else() -> None:
    codec = RawCodec()

    assert codec.decode(codec.encode(b"")) == b""
    for payload in ("text", bytearray(b"x"), memoryview(b"x"), None):
        with pytest.raises(TypeError):
            codec.encode(payload)


@pytest.mark.parametrize("levels", [2, 5000])
def test_only_one_level_of_compression_is_decoded(levels: int) -> None:
    with pytest.raises(LookupError):
        Codecs(JsonCodec()).decoder("application/json" + "+zstd" * levels)


def test_decompression_is_bounded() -> None:
    bomb = compression.zstd.compress(bytes(10 * 1024 * 1024))

    assert len(bomb) < 2000
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        compression.decompressed(bomb, 1_000_000)
    assert compression.decompressed(bomb, 10 * 1024 * 1024) == bytes(10 * 1024 * 1024)


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-1], lambda data: data + b"x", lambda data: data + data]
)
def test_a_payload_is_one_whole_frame(spoil: Callable[[bytes], bytes]) -> None:
    frame = compression.zstd.compress(b"some bytes")

    assert compression.decompressed(frame, 10) == b"some bytes"
    with pytest.raises(ValueError, match="frame"):
        compression.decompressed(spoil(frame), 1000)


@dataclass
class Order:
    """A payload with lines."""

    lines: list[object]


@pytest.mark.parametrize(
    ("payload", "metadata", "field"),
    [
        ({"a": {"b": [1, {"c": {1, 2}}]}}, None, "payload.a.b[1].c"),
        ({1, 2}, None, "payload"),
        ({"a b": Decimal(1)}, None, "payload['a b']"),
        ({"a": {5: "key"}}, None, "payload.a"),
        (Order([1, Decimal(2)]), None, "payload.lines[1]"),
        ([[float("nan")]], None, "payload[0][0]"),
        ({}, {"user": {"id": b"1"}}, "metadata.user.id"),
    ],
)
def test_a_refused_field_is_named(payload: object, metadata: Any, field: str) -> None:
    with pytest.raises(PayloadNotEncodable) as caught:
        encode_events([NewEvent(payload, metadata=metadata)], JsonCodec(), Settings())

    assert caught.value.message.startswith(f"event 1: {field} cannot be encoded: ")


def test_the_hint_says_how_to_store_other_types() -> None:
    def hint(codec: Codec, metadata: Any = None) -> str | None:
        with pytest.raises(PayloadNotEncodable) as caught:
            encode_events([NewEvent({"a": Decimal(1)}, metadata=metadata)], codec, Settings())
        return caught.value.hint

    assert "JsonCodec(default=…)" in str(hint(JsonCodec()))
    assert hint(RawCodec()) is None


def test_a_payload_that_contains_itself_is_refused() -> None:
    payload: dict[str, object] = {}
    payload["self"] = payload

    with pytest.raises(PayloadNotEncodable, match="payload cannot be encoded"):
        encode_events([payload], JsonCodec(), Settings())
