"""``event-store snapshots``: what it lists, what it drops, and what it refuses."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
import pytest

from event_store_async import EventStore
from event_store_async.aggregates import Snapshot

from ..fixtures.stores import run_cql
from .running import Shell

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def save(store: EventStore, stream_id: UUID, *places: tuple[str, int]) -> None:
    for kind, version in places:
        await store.snapshots.save(stream_id, kind, Snapshot({"a": 1}, version, MOMENT))


async def left(store: EventStore, stream_id: UUID) -> list[tuple[str, int]]:
    return [(it.kind, it.version) async for it in store.storage.scan_snapshots(stream_id)]


async def test_snapshots_are_listed(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await save(store, stream_id, ("a/1", 100), ("a/1", 200), ("b/1", 7))

    words = await shell("snapshots", "list", str(stream_id))
    one = await shell("snapshots", "list", str(stream_id), "--kind", "b/1", "--json")
    every = await shell("snapshots", "list")

    assert words.lines == [
        f"{stream_id}\t200\t2026-01-02T03:04:05.000Z\ta/1",
        f"{stream_id}\t100\t2026-01-02T03:04:05.000Z\ta/1",
        f"{stream_id}\t7\t2026-01-02T03:04:05.000Z\tb/1",
    ]
    assert orjson.loads(one.out) == {
        "stream": str(stream_id),
        "version": 7,
        "moment": "2026-01-02T03:04:05.000Z",
        "kind": "b/1",
    }
    assert set(words.lines) <= set(every.lines)


async def test_those_of_a_stream_are_dropped(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    other = uuid4()
    await store.persist_events(stream_id, [1, 2])
    await save(store, stream_id, ("a/1", 100), ("a/1", 200), ("b/1", 7))
    await save(store, other, ("a/1", 5))

    done = await shell("snapshots", "drop", str(stream_id))
    again = await shell("snapshots", "drop", str(stream_id))

    assert (done.code, done.out, "dropped 3 snapshots" in done.err) == (0, "", True)
    assert (again.code, "dropped 0 snapshots" in again.err) == (0, True)
    assert await left(store, stream_id) == []
    assert await left(store, other) == [("a/1", 5)]
    assert await store.current_version(stream_id) == 2


async def test_those_of_a_kind_are_dropped(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    streams = [stream_id, *(uuid4() for _ in range(20))]
    for each in streams:
        await save(store, each, ("old/1", 100), ("old/1", 200), ("old/2", 7))

    one = await shell("snapshots", "drop", str(stream_id), "--kind", "old/1")
    assert "dropped 2 snapshots" in one.err
    done = await shell("snapshots", "drop", "--kind", "old/1")

    assert "dropped 40 snapshots" in done.err
    assert [await left(store, each) for each in streams] == [[("old/2", 7)]] * 21


async def test_all_are_dropped(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await save(store, stream_id, ("a/1", 100), ("b/1", 7))

    done = await shell("snapshots", "drop", "--all")

    assert done.code == 0
    listed = await shell("snapshots", "list")
    assert (listed.out, listed.err) == ("", "no snapshot is stored\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give a STREAM, a --kind, or --all"),
        (["--all", "--kind", "a/1"], "it is for all snapshots"),
        (["--all", str(uuid4())], "it is for all snapshots"),
        (["7"], "is not a UUID"),
        (["--kind", ""], "kind must be 1 to 200 printable characters"),
        (["--kind", "a\nb"], "kind must be 1 to 200 printable characters"),
    ],
    ids=str,
)
async def test_what_it_cannot_drop(shell: Shell, arguments: list[str], words: str) -> None:
    done = await shell("snapshots", "drop", *arguments)

    assert done.code == 2
    assert words in " ".join(done.err.split())


async def test_what_another_program_wrote_is_listed_and_dropped(
    shell: Shell, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    for moment in ("null", "9223372036854775807"):
        await run_cql(
            store,
            f"INSERT INTO {keyspace}.events_snapshots (stream_id, kind, version, timestamp) "
            f"VALUES ({stream_id}, 'x/{moment[0]}', 7, {moment})",
        )

    listed = await shell("snapshots", "list", str(stream_id))
    dropped = await shell("snapshots", "drop", str(stream_id))

    assert listed.lines == [f"{stream_id}\t7\t-\tx/9", f"{stream_id}\t7\t-\tx/n"]
    assert "dropped 2 snapshots" in dropped.err


async def test_a_kind_that_another_program_wrote_is_escaped_and_dropped_with_its_stream(
    shell: Shell, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events_snapshots (stream_id, kind, version) "
        f"VALUES ({stream_id}, 'x\x1b[31m\ny', 7)",
    )

    listed = await shell("snapshots", "list", str(stream_id))
    dropped = await shell("snapshots", "drop", str(stream_id))

    assert listed.lines == [f"{stream_id}\t7\t-\tx\\u001b[31m\\u000ay"]
    assert "dropped 1 snapshot" in dropped.err
    assert await left(store, stream_id) == []
