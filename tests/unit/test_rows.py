"""Rows: the order of the columns is that of the CQL files; stored events decode as rows do."""

import re
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from event_store_async import JsonCodec, NewEvent, Settings, UndecodableEvent
from event_store_async.cassandra.driver.port import UNSET, Prepared, Sparse
from event_store_async.cassandra.read import rows
from event_store_async.cassandra.read.rows import (
    RowDecoder,
    StoredRowDecoder,
    addressed,
    bound_events,
    stored_values,
)
from event_store_async.cassandra.schema.statements import AppendStatements, EventStatement
from event_store_async.cql_files import load_statement
from event_store_async.encoding import encode_events
from event_store_async.stored import StoredEvent

STREAM = uuid4()
EVENT = StoredEvent(
    STREAM, 7, b'{"a": 1}', 1357017300123, uuid4(), "opened", "application/json", b'{"by": "ann"}'
)
BARE = StoredEvent(STREAM, 1, b"1", 0)


def row_of(event: StoredEvent) -> tuple[Any, ...]:
    """Return the row of an event as the driver returns it."""
    by_name = {
        "version": event.version,
        "payload": event.payload,
        "timestamp": event.timestamp,
        "event_id": None if event.event_id is None else str(event.event_id),
        "event_type": event.type,
        "content_type": event.content_type,
        "metadata": event.metadata,
        "max_version": 9,
        "kept_from": None,
    }
    return tuple(by_name[name] for name in rows.COLUMNS)


@pytest.mark.parametrize("name", ["read_forward", "read_slice", "read_backward"])
def test_the_columns_are_those_that_are_selected(name: str) -> None:
    text = load_statement(
        f"statements/{name}", keyspace="k", table="t", kept_from=", kept_from"
    ).text

    selected = re.match(r"SELECT (.*?) FROM", text)
    assert selected is not None
    assert tuple(selected[1].split(", ")) == rows.COLUMNS


def test_each_position_is_that_of_its_column() -> None:
    positions = {name: getattr(rows, name.upper()) for name in rows.COLUMNS}

    assert list(positions.values()) == list(range(len(rows.COLUMNS)))


@pytest.mark.parametrize("name", ["append_first", "append_rest"])
def test_the_binds_are_those_of_the_statements(name: str) -> None:
    assert load_statement(f"statements/{name}", keyspace="k", table="t").binds == rows.BINDS


@pytest.mark.parametrize("name", ["append_bare_first", "append_bare_rest"])
def test_the_bare_binds_are_those_of_the_statements(name: str) -> None:
    assert load_statement(f"statements/{name}", keyspace="k", table="t").binds == rows.BARE_BINDS


def test_a_stored_event_is_bound_column_by_column() -> None:
    assert dict(zip(rows.BINDS, stored_values(EVENT), strict=True)) == {
        "event_id": EVENT.event_id,
        "payload": EVENT.payload,
        "timestamp": EVENT.timestamp,
        "event_type": "opened",
        "content_type": "application/json",
        "metadata": EVENT.metadata,
        "stream_id": STREAM,
        "version": 7,
    }


def test_an_encoded_event_is_bound_as_the_same_event_stored() -> None:
    prepared = AppendStatements(
        cast("Prepared", "head"),
        EventStatement(cast("Prepared", "first"), cast("Prepared", "bare first")),
        EventStatement(cast("Prepared", "rest"), cast("Prepared", "bare rest")),
        EventStatement(cast("Prepared", "announced"), cast("Prepared", "bare announced")),
    )
    new = NewEvent({"a": 1}, "opened", {"by": "ann"}, EVENT.event_id or uuid4())
    events = encode_events([new, "bare"], JsonCodec(), Settings()).items

    first, second = bound_events(
        prepared.first, prepared.rest, STREAM, 6, EVENT.timestamp or 0, events
    )

    stored = StoredEvent(
        STREAM,
        7,
        b'{"a":1}',
        EVENT.timestamp,
        EVENT.event_id,
        "opened",
        "application/json",
        b'{"by":"ann"}',
    )
    assert (str(first[0]), first[1]) == ("first", stored_values(stored))
    assert not isinstance(first[1], Sparse), "all of it is sent"
    assert (str(second[0]), second[1][-1]) == ("bare rest", 8)
    assert not isinstance(second[1], Sparse)
    assert len(second[1]) == len(rows.BARE_BINDS)


@pytest.mark.parametrize("event", [NewEvent(1, "opened"), NewEvent(1, None, {"by": "ann"})])
def test_of_type_and_metadata_only_what_an_event_has_is_sent(event: NewEvent[int]) -> None:
    statement = EventStatement(cast("Prepared", "whole"), cast("Prepared", "bare"))
    events = encode_events([event], JsonCodec(), Settings()).items

    ((sent, values),) = bound_events(statement, statement, STREAM, 6, 1, events)

    assert (str(sent), isinstance(values, Sparse)) == ("whole", True)
    assert dict(zip(rows.BINDS, values, strict=True)) == {
        "event_id": event.event_id,
        "payload": b"1",
        "timestamp": 1,
        "event_type": event.type or UNSET,
        "content_type": "application/json",
        "metadata": b'{"by":"ann"}' if event.metadata else UNSET,
        "stream_id": STREAM,
        "version": 7,
    }


@pytest.mark.parametrize("event", [NewEvent(1), NewEvent(1, "opened")], ids=["bare", "typed"])
def test_the_address_of_an_announcement_comes_before_the_key(event: NewEvent[int]) -> None:
    statement = EventStatement(cast("Prepared", "whole"), cast("Prepared", "bare"))
    events = encode_events([event], JsonCodec(), Settings()).items
    writer = uuid4()

    (first,) = bound_events(statement, statement, STREAM, 6, 1, events)
    (_, values), (_, with_address) = first, addressed(first, (writer, 5))

    assert with_address == (*values[:-2], writer, 5, STREAM, 7)
    assert type(with_address) is type(values)


def test_a_column_that_is_none_is_not_sent() -> None:
    bound = dict(zip(rows.BINDS, stored_values(StoredEvent(STREAM, 3, None, None)), strict=True))

    assert {name for name, value in bound.items() if value is UNSET} == (
        set(rows.BINDS) - {"stream_id", "version"}
    )


@pytest.mark.parametrize("event", [EVENT, BARE], ids=["whole", "bare"])
def test_a_row_becomes_the_stored_event_that_it_is_of(event: StoredEvent) -> None:
    assert StoredRowDecoder().decode(STREAM, [row_of(event)]) == ([event], None)


@pytest.mark.parametrize("count", [1, 3, 200])
@pytest.mark.parametrize("filler", ["x", "x" * 1000])
def test_integers_beyond_64_bits_are_exact_in_any_row(count: int, filler: str) -> None:
    big = 80241446968629135069
    events = [
        StoredEvent(
            STREAM, version, f'{{"n":{number},"t":"{filler}"}}'.encode(), 0, None, None, kind, about
        )
        for version in range(1, count + 1)
        for number, kind, about in [
            (big, "application/json", b'{"n": 80241446968629135069}')
            if version % 3
            else (1234567890123456789, None, None)
        ]
    ]

    recorded, error = RowDecoder(JsonCodec()).decode(STREAM, [row_of(event) for event in events])

    assert error is None
    assert len(recorded) == count
    for event in recorded:
        number = big if event.version % 3 else 1234567890123456789
        assert event.payload == {"n": number, "t": filler}
        assert event.metadata == ({"n": big} if event.version % 3 else None)


def test_neighbouring_payloads_make_no_long_number() -> None:
    events = [StoredEvent(STREAM, version, b"1234567890", 0) for version in range(1, 9)]

    recorded, _ = RowDecoder(JsonCodec()).decode(STREAM, [row_of(event) for event in events])

    assert [event.payload for event in recorded] == [1234567890] * 8


@pytest.mark.parametrize("event", [EVENT, BARE], ids=["whole", "bare"])
def test_a_stored_event_decodes_as_its_row_does(event: StoredEvent) -> None:
    decoder = RowDecoder(JsonCodec())

    (recorded,), error = decoder.decode(STREAM, [row_of(event)])

    assert error is None
    assert decoder.decode_stored(event) == recorded
    assert (recorded.version, recorded.event_id) == (event.version, event.event_id)


@pytest.mark.parametrize(
    "event",
    [
        StoredEvent(STREAM, 1, b"not JSON", 0),
        StoredEvent(STREAM, 1, None, 0),
        StoredEvent(STREAM, 1, b"1", None),
        StoredEvent(STREAM, 1, b"1", 0, content_type="application/x-unknown"),
        StoredEvent(STREAM, 1, b"1", 0, metadata=b"not JSON"),
    ],
    ids=["payload", "no payload", "no timestamp", "content type", "metadata"],
)
def test_a_stored_event_fails_to_decode_as_its_row_does(event: StoredEvent) -> None:
    decoder = RowDecoder(JsonCodec())
    events, of_row = decoder.decode(STREAM, [row_of(BARE), row_of(event)])

    with pytest.raises(UndecodableEvent) as caught:
        decoder.decode_stored(event)

    assert len(events) == 1
    assert of_row is not None
    assert str(caught.value) == str(of_row)
    assert vars(caught.value) == vars(of_row)
    assert type(caught.value.__cause__) is type(of_row.__cause__)


def test_an_id_in_a_row_is_a_uuid() -> None:
    (stored,), _ = StoredRowDecoder().decode(STREAM, [row_of(EVENT)])

    assert isinstance(stored.event_id, UUID)
