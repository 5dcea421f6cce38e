"""Erased streams on Cassandra: requests, the optional column, and tables that changed meanwhile."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    EventStore,
    MemoryEventStore,
    Settings,
    StreamHole,
    Truncated,
    TruncationMissing,
)
from event_store_async.cassandra.read.gap_check import Range
from event_store_async.cassandra.read.slices import Slices
from event_store_async.hooks import ErasureEnded, Record

from ..fixtures.faulty import FaultySession, let_pass
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, read_all, run_cql


async def requests(
    faulty: FaultySession, store: EventStore, stream_id: UUID, **options: Any
) -> int:
    """Return how many requests a read sends."""
    before = faulty.read
    await read_all(store, stream_id, **options)
    return faulty.read - before


async def test_a_read_of_any_other_stream_sends_no_request_more(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    assert await requests(faulty, faulty_store, uuid4()) == 2, "there is none after the first page"
    assert await requests(faulty, faulty_store, uuid4(), backward=True) == 1
    await faulty_store.persist_events(stream_id, range(100))

    assert await requests(faulty, faulty_store, stream_id) == 1
    assert await requests(faulty, faulty_store, stream_id, max_count=10) == 1
    assert await requests(faulty, faulty_store, stream_id, from_version=50) == 1
    assert await requests(faulty, faulty_store, stream_id, from_version=101) == 1, (
        "as a follower polls"
    )
    assert await requests(faulty, faulty_store, stream_id, backward=True) == 1
    assert await requests(faulty, faulty_store, stream_id, page_size=25) == 5, "the last is empty"


async def test_an_append_to_any_stream_sends_no_request_more(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await faulty_store.persist_events(stream_id, range(100))
    await faulty_store.truncate_stream(stream_id, before=90)
    read, sent = faulty.read, faulty.sent

    await faulty_store.persist_events(stream_id, ["a"], 100)
    await faulty_store.persist_events(stream_id, ["b"])

    assert (faulty.read - read, faulty.sent - sent) == (0, 2)


async def test_the_beginning_of_a_truncated_stream_is_looked_up_once(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(1000))
    await store.truncate_stream(stream_id, before=901)

    assert await requests(faulty, faulty_store, stream_id) == 2
    assert await requests(faulty, faulty_store, stream_id) == 1
    assert await requests(faulty, faulty_store, stream_id, from_version=500) == 1
    assert await requests(faulty, faulty_store, stream_id, backward=True) == 1
    await store.truncate_stream(stream_id, before=951)
    assert (await read_all(faulty_store, stream_id))[0].version == 951


async def test_a_deleted_and_a_closed_stream_are_read_at_once(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(1000))
    await store.delete_stream(stream_id)
    assert await requests(faulty, faulty_store, stream_id) == 1
    assert await requests(faulty, faulty_store, stream_id) == 1
    await store.close_stream(stream_id)
    assert await requests(faulty, faulty_store, stream_id) == 1


async def test_a_truncation_sends_one_read_and_one_batch(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await faulty_store.persist_events(stream_id, range(10))
    await faulty_store.truncate_stream(stream_id, before=2)
    read, sent = faulty.read, faulty.sent

    await faulty_store.truncate_stream(stream_id, before=5)

    assert (faulty.read - read, faulty.sent - sent) == (1, 1)


def test_no_slice_passes_over_what_is_gone() -> None:
    stream_id = uuid4()
    mark = (0, None, None, None, None, None, None, 100_100, 100_001)
    fresh = Slices(Range.of(stream_id, None, None, backward=False), 1)

    first = fresh.first(128)
    page = fresh.page(first, [mark], None, 128)

    assert first.values == (stream_id, 0, 128, 129), "bounded on both sides"
    assert page.rows == []
    assert page.state is not None
    assert page.state.values[:2] == (stream_id, 100_001)
    for backward in (False, True):
        known = Slices(Range.of(stream_id, None, None, backward=backward), 100_001)
        assert 100_000 in known.first(128).values


async def test_a_table_without_the_column_refuses_erasure_only(
    server: Server, keyspace: str, stream_id: UUID
) -> None:
    name = f"{keyspace}_old"
    async with server.connect(name) as old:
        await old.create_schema(server.replication)
        await run_cql(old, f"ALTER TABLE {name}.events DROP kept_from")
        async with server.connect(name) as store:
            await store.persist_events(stream_id, range(10))
            assert len(await read_all(store, stream_id, backward=True)) == 10
            assert [head.version async for head in store.streams()] == [10]
            for call in (
                lambda: store.truncate_stream(stream_id, before=5),
                lambda: store.delete_stream(stream_id),
                lambda: store.close_stream(stream_id),
            ):
                with pytest.raises(TruncationMissing, match="event-store schema migrate"):
                    await call()

            report = await old.create_schema()
            assert report.additions == ("truncation",)
            result = await old.truncate_stream(stream_id, before=5)
            assert result == Truncated(stream_id, 5, 10)
            # It has looked at the table before the column was added.
            versions = [event.version for event in await read_all(store, stream_id)]
            assert versions == list(range(5, 11))
            assert await store.truncate_stream(stream_id, before=6) == Truncated(stream_id, 6, 10)
        await drop_keyspace(old, name)


@pytest.mark.parametrize(
    ("lost", "options"),
    [(1, {}), (1, {"max_count": 1}), (1, {"page_size": 1}), (128, {}), (128, {"max_count": 5})],
)
async def test_a_beginning_that_is_lost_is_a_hole(
    store: EventStore, keyspace: str, stream_id: UUID, lost: int, options: dict[str, Any]
) -> None:
    await store.persist_events(stream_id, range(300))
    await run_cql(
        store,
        f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id} "
        f"AND version >= 1 AND version <= {lost}",
    )

    with pytest.raises(StreamHole) as raised:
        await read_all(store, stream_id, **options)
    assert raised.value.version == 1


async def test_a_read_from_what_is_gone_passes_over_its_blank_row(
    server: Server, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(10))
    await store.delete_stream(stream_id)
    await store.persist_events(stream_id, ["k", "l", "m"])

    for serial in (False, True):
        for first in (1, 5, 10, 11):
            for count in (1, 2, 3, 4):
                async with server.connect(keyspace) as fresh:
                    options = {"from_version": first, "max_count": count, "serial": serial}
                    events = await read_all(fresh, stream_id, **options)
                    assert [event.payload for event in events] == ["k", "l", "m"][:count]


async def test_a_page_may_be_of_any_size(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, range(3))

    events = await read_all(store, stream_id, page_size=2**31 - 1)

    assert [event.payload for event in events] == [0, 1, 2]


async def test_a_hole_after_the_beginning_is_still_a_hole(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(10))
    await store.truncate_stream(stream_id, before=4)
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id} AND version = 6"
    )

    with pytest.raises(StreamHole) as raised:
        await read_all(store, stream_id)
    assert raised.value.version == 6
    with pytest.raises(StreamHole):
        await read_all(store, stream_id, backward=True)


async def test_what_a_store_remembers_of_another_table_hides_nothing(
    server: Server, keyspace: str, stream_id: UUID
) -> None:
    name = f"{keyspace}_again"
    async with server.connect(name) as store, server.connect(name) as other:
        await store.create_schema(server.replication)
        await store.persist_events(stream_id, range(10))
        await store.truncate_stream(stream_id, before=8)
        assert len(await read_all(store, stream_id)) == 3
        await run_cql(other, f"TRUNCATE {name}.events")
        await other.persist_events(stream_id, range(9), 0)

        assert [event.version for event in await read_all(store, stream_id)] == list(range(1, 10))
        await store.truncate_stream(stream_id, before=3)
        await run_cql(other, f"TRUNCATE {name}.events")
        await other.persist_events(stream_id, ["a"])
        assert [event.version for event in await read_all(store, stream_id)] == [1]
        await drop_keyspace(other, name)


async def test_half_committed_erasures_are_seen_whole(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(10))
    await store.truncate_stream(stream_id, before=4)
    faulty.reads.append(let_pass)

    assert len(await read_all(faulty_store, stream_id, serial=True)) == 7


@pytest.mark.parametrize("kind", ["memory", "cassandra"])
async def test_erasures_are_reported_to_hooks(kind: str, server: Server, store: EventStore) -> None:
    found: list[ErasureEnded] = []

    def hook(record: Record) -> None:
        if isinstance(record, ErasureEnded):
            found.append(record)

    stream_id, settings = uuid4(), Settings(hooks=[hook])
    opened: Any = (
        MemoryEventStore(settings=settings)
        if kind == "memory"
        else EventStore(
            store._engine.session.raw,
            keyspace=store.storage.table.partition(".")[0],
            settings=settings,
        )
    )
    async with opened as watched:
        await watched.persist_events(stream_id, range(10))
        await watched.truncate_stream(stream_id, before=4)
        await watched.truncate_stream(stream_id, before=20)
        await watched.delete_stream(stream_id)
        await watched.close_stream(stream_id)
        with pytest.raises(ValueError, match="before must be"):
            await watched.truncate_stream(stream_id, before=0)

    facts = [(it.operation, it.outcome, it.kept_from, it.version, it.error) for it in found]
    assert facts == [
        ("truncate", "erased", 4, 10, None),
        ("truncate", "conflict", None, 10, "ConcurrentModification"),
        ("delete", "erased", 11, 10, None),
        ("close", "erased", 11, 10, None),
        ("truncate", "invalid", None, None, "InvalidArgument"),
    ]
    assert {record.stream_id for record in found} == {stream_id}
    assert all(record.duration >= 0 for record in found)


def test_a_slice_may_come_in_pages_of_any_size() -> None:
    stream_id = uuid4()
    slices = Slices(Range.of(stream_id, None, 100, backward=False), 1)

    def row(version: int) -> tuple[Any, ...]:
        return (version, b"1", 1, None, None, None, None, 30, None)

    first = slices.first(20)
    empty = slices.page(first, [], b"a", 20)
    assert empty.state is not None
    assert (empty.state.name, empty.state.state) == ("read_slice", b"a")
    part = slices.page(empty.state, [row(version) for version in range(1, 8)], b"b", 20)
    assert part.state is not None
    assert (part.state.name, part.state.state) == ("read_slice", b"b")
    last = slices.page(part.state, [row(version) for version in range(8, 21)], None, 20)
    assert last.state is not None
    assert (last.state.name, last.state.values) == ("read_forward", (stream_id, 21, 80))


def test_a_hint_that_is_wrong_is_noticed_in_pages_of_any_size() -> None:
    slices = Slices(Range.of(uuid4(), None, None, backward=False), 9)
    first = slices.first(20)
    another = (8, b"1", 1, None, None, None, None, 30, None)

    empty = slices.page(first, [], b"a", 20)
    assert not empty.wrong_hint
    assert empty.state is not None
    assert slices.page(empty.state, [], None, 20).wrong_hint
    assert slices.page(empty.state, [another], b"b", 20).wrong_hint
    assert slices.page(first, [another], b"b", 20).wrong_hint
