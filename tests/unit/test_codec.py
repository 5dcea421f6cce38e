"""Codecs: what goes in comes out, or is refused."""

import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

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
from event_store_async.codec import Codecs, compression
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


class Colour(enum.Enum):
    RED = "red"
    LOST = float("nan")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (datetime(2013, 1, 1, 5, 15, tzinfo=UTC), "2013-01-01T05:15:00+00:00"),
        (date(2013, 1, 1), "2013-01-01"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Colour.RED, "red"),
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
