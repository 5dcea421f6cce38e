"""Bad input: a typed error before anything is sent, and nothing stored."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendTooLarge,
    EventStore,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidStreamId,
    NewEvent,
    PayloadNotEncodable,
    RawCodec,
    RecordedEvent,
)

from ..fixtures.faulty import FaultySession
from ..fixtures.stores import read_all

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
async def nothing_is_sent(
    faulty_store: EventStore, faulty: FaultySession
) -> AsyncGenerator[None, None]:
    before = faulty.sent, faulty.read
    yield
    assert (faulty.sent, faulty.read) == before
    del faulty_store


@pytest.mark.parametrize("version", [-1, None, True, False, 1.0, "1", 2**31, 2**31 - 1])
async def test_expected_versions_that_are_none(
    faulty_store: EventStore, stream_id: UUID, version: Any
) -> None:
    with pytest.raises(InvalidExpectedVersion) as caught:
        await faulty_store.persist_events(stream_id, ["a"], expected_version=version)

    assert caught.value.expected_version is version
    assert isinstance(caught.value, ValueError)


async def test_none_as_expected_version_comes_with_a_hint(
    faulty_store: EventStore, stream_id: UUID
) -> None:
    with pytest.raises(InvalidExpectedVersion, match="NO_STREAM"):
        await faulty_store.persist_events(stream_id, ["a"], None)  # type: ignore[arg-type]


@pytest.mark.parametrize("stream_id", ["no uuid", str(uuid4()), None, 7, b"0" * 16])
async def test_a_stream_id_that_is_no_uuid(faulty_store: EventStore, stream_id: Any) -> None:
    with pytest.raises(InvalidStreamId):
        await faulty_store.persist_events(stream_id, ["a"])
    with pytest.raises(InvalidStreamId):
        faulty_store.read_events(stream_id)
    with pytest.raises(InvalidStreamId):
        await faulty_store.current_version(stream_id)


async def test_one_byte_too_many(faulty_store: EventStore, store: EventStore) -> None:
    raw = EventStore(store._engine.session.raw, keyspace="unused", codec=RawCodec())

    with pytest.raises(AppendTooLarge) as caught:
        await raw.persist_events(uuid4(), [b"x" * MEBIBYTE, b"x"])

    assert (caught.value.unit, caught.value.size, caught.value.limit) == (
        "bytes",
        MEBIBYTE + 1,
        MEBIBYTE,
    )
    await raw.close()
    del faulty_store


async def test_metadata_counts_as_bytes(faulty_store: EventStore, stream_id: UUID) -> None:
    with pytest.raises(AppendTooLarge):
        await faulty_store.persist_events(
            stream_id, [NewEvent("x" * (MEBIBYTE - 10), metadata={"user": "ann"})]
        )


async def test_one_event_too_many(faulty_store: EventStore, stream_id: UUID) -> None:
    with pytest.raises(AppendTooLarge) as caught:
        await faulty_store.persist_events(stream_id, ["a"] * 1001)

    assert (caught.value.unit, caught.value.size, caught.value.limit) == ("events", 1001, 1000)


async def test_an_endless_iterable_is_not_walked_to_its_end(
    faulty_store: EventStore, stream_id: UUID
) -> None:
    import itertools

    with pytest.raises(AppendTooLarge):
        await faulty_store.persist_events(stream_id, itertools.repeat("a"))


@dataclass
class Measured:
    value: float


@pytest.mark.parametrize(
    "payload",
    [
        float("nan"),
        {"deep": [{"er": (1, float("inf"))}]},
        Measured(float("-inf")),
        {"a", "set"},
        b"bytes",
        {1: "a key that is no text"},
        2**64,
        "\ud800",
        object(),
        datetime,
    ],
)
async def test_what_json_has_no_form_for(
    faulty_store: EventStore, stream_id: UUID, payload: Any
) -> None:
    with pytest.raises(PayloadNotEncodable) as caught:
        await faulty_store.persist_events(stream_id, ["fine", payload])

    assert caught.value.index == 1


@pytest.mark.parametrize(
    "event",
    [
        NewEvent("a", event_id="no uuid"),  # type: ignore[arg-type]
        NewEvent("a", type=""),
        NewEvent("a", type=7),  # type: ignore[arg-type]
        NewEvent("a", type="\ud800"),
        NewEvent("a", metadata=["no", "mapping"]),  # type: ignore[arg-type]
        NewEvent("a", metadata={"nan": float("nan")}),
    ],
)
async def test_fields_of_a_wrong_kind(
    faulty_store: EventStore, stream_id: UUID, event: NewEvent
) -> None:
    with pytest.raises(InvalidEvent):
        await faulty_store.persist_events(stream_id, [event])


async def test_a_recorded_event_is_no_new_one(faulty_store: EventStore, stream_id: UUID) -> None:
    recorded = RecordedEvent(stream_id, 1, "a", datetime.now(UTC))

    with pytest.raises(InvalidEvent, match="RecordedEvent"):
        await faulty_store.persist_events(stream_id, [recorded])


async def test_an_event_id_used_twice(faulty_store: EventStore, stream_id: UUID) -> None:
    event = NewEvent("a")

    with pytest.raises(InvalidEvent, match="twice"):
        await faulty_store.persist_events(stream_id, [event, event])


@pytest.mark.parametrize("events", [{"type": "a"}, "text", b"bytes", NewEvent("a"), None, 7])
async def test_one_event_in_place_of_a_list(
    faulty_store: EventStore, stream_id: UUID, events: Any
) -> None:
    with pytest.raises(InvalidEvent, match="list of events"):
        await faulty_store.persist_events(stream_id, events)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
async def test_timeouts_that_are_none(
    faulty_store: EventStore, stream_id: UUID, timeout: Any
) -> None:
    with pytest.raises(InvalidArgument):
        await faulty_store.persist_events(stream_id, ["a"], timeout=timeout)


@pytest.mark.parametrize(
    "options",
    [
        {"from_version": -1},
        {"from_version": 1.0},
        {"from_version": True},
        {"from_version": 2**31},
        {"max_count": -1},
        {"max_count": "1"},
        {"max_count": True},
        {"page_size": 0},
        {"consistency": "quorum"},
    ],
)
async def test_reads_are_checked_at_the_call(
    faulty_store: EventStore, stream_id: UUID, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        faulty_store.read_events(stream_id, **options)


async def test_nothing_is_read_where_nothing_is_wanted(
    faulty_store: EventStore, stream_id: UUID
) -> None:
    assert await read_all(faulty_store, stream_id, max_count=0) == []


@pytest.mark.parametrize(
    "name", ["", "Upper", "1st", "a-b", "a b", 'a"; DROP', "a" * 49, None, "ä"]
)
async def test_names_that_are_not_safe_in_cql(store: EventStore, name: Any) -> None:
    with pytest.raises(InvalidArgument):
        EventStore(store._engine.session.raw, keyspace=name)
    with pytest.raises(InvalidArgument):
        EventStore(store._engine.session.raw, keyspace="fine", table=name)
    with pytest.raises(InvalidArgument):
        EventStore.connect("127.0.0.1", keyspace="fine", table=name)


@pytest.mark.parametrize(
    "replication", [{}, {"dc'1": 1}, {"dc": 0}, {"dc": True}, {"dc": "1"}, {"": 1}, [("dc", 1)]]
)
async def test_replications_that_are_none(faulty_store: EventStore, replication: Any) -> None:
    with pytest.raises(InvalidArgument):
        await faulty_store.create_schema(replication)
