"""Invalid arguments: a typed error before anything is sent."""

from collections.abc import AsyncGenerator
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
from event_store_async.testing.contract import invalid

from ..fixtures.faulty import FaultySession
from ..fixtures.stores import read_all

pytestmark = pytest.mark.with_feed

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
async def nothing_is_sent(
    faulty_store: EventStore, faulty: FaultySession
) -> AsyncGenerator[None, None]:
    before = faulty.sent, faulty.read
    yield
    assert (faulty.sent, faulty.read) == before
    del faulty_store


@pytest.mark.parametrize("version", invalid.EXPECTED_VERSIONS)
async def test_invalid_expected_versions(
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


@pytest.mark.parametrize("stream_id", invalid.STREAM_IDS)
async def test_a_stream_id_that_is_not_a_uuid(faulty_store: EventStore, stream_id: Any) -> None:
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


async def test_an_endless_iterable(faulty_store: EventStore, stream_id: UUID) -> None:
    import itertools

    with pytest.raises(AppendTooLarge):
        await faulty_store.persist_events(stream_id, itertools.repeat("a"))


@pytest.mark.parametrize("payload", invalid.JSON_PAYLOADS, ids=ascii)
async def test_a_payload_without_a_json_form(
    faulty_store: EventStore, stream_id: UUID, payload: Any
) -> None:
    with pytest.raises(PayloadNotEncodable) as caught:
        await faulty_store.persist_events(stream_id, ["fine", payload])

    assert caught.value.index == 1


@pytest.mark.parametrize("fields", invalid.EVENT_FIELDS, ids=ascii)
async def test_fields_of_a_wrong_type(
    faulty_store: EventStore, stream_id: UUID, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidEvent):
        await faulty_store.persist_events(stream_id, [NewEvent("a", **fields)])


async def test_a_recorded_event(faulty_store: EventStore, stream_id: UUID) -> None:
    recorded = RecordedEvent(stream_id, 1, "a", datetime.now(UTC))

    with pytest.raises(InvalidEvent, match="RecordedEvent"):
        await faulty_store.persist_events(stream_id, [recorded])


async def test_an_event_id_used_twice(faulty_store: EventStore, stream_id: UUID) -> None:
    event = NewEvent("a")

    with pytest.raises(InvalidEvent, match="twice"):
        await faulty_store.persist_events(stream_id, [event, event])


@pytest.mark.parametrize("events", invalid.EVENT_LISTS)
async def test_one_event_instead_of_a_list(
    faulty_store: EventStore, stream_id: UUID, events: Any
) -> None:
    with pytest.raises(InvalidEvent, match="list of events"):
        await faulty_store.persist_events(stream_id, events)


@pytest.mark.parametrize("timeout", invalid.TIMEOUTS)
async def test_invalid_timeouts(faulty_store: EventStore, stream_id: UUID, timeout: Any) -> None:
    with pytest.raises(InvalidArgument):
        await faulty_store.persist_events(stream_id, ["a"], timeout=timeout)


@pytest.mark.parametrize("options", invalid.READ_OPTIONS, ids=str)
async def test_reads_are_checked_at_the_call(
    faulty_store: EventStore, stream_id: UUID, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        faulty_store.read_events(stream_id, **options)


@pytest.mark.parametrize("options", invalid.VERSION_OPTIONS, ids=str)
async def test_version_reads_are_checked(
    faulty_store: EventStore, stream_id: UUID, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgument):
        await faulty_store.current_version(stream_id, **options)


async def test_a_read_of_no_events_sends_nothing(faulty_store: EventStore, stream_id: UUID) -> None:
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
async def test_invalid_replications(faulty_store: EventStore, replication: Any) -> None:
    with pytest.raises(InvalidArgument):
        await faulty_store.create_schema(replication)
