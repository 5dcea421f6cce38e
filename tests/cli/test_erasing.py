"""`truncate`, `delete`, `close` and `retain`: what is asked, erased and told."""

import json
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, StreamClosed

from ..fixtures.stores import payloads, read_all
from .running import Shell


async def test_a_stream_is_truncated_deleted_and_closed(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a", "b", "c"])
    stream = str(stream_id)

    truncated = await shell("truncate", stream, "--before", "3", "--yes")
    left = payloads(await read_all(store, stream_id))
    deleted = await shell("delete", stream, "--expected-version", "3", "--yes", "--json")
    closed = await shell("close", stream, "--yes")
    again = await shell("close", stream, "--yes")

    assert (truncated.code, truncated.lines) == (0, ["truncated\t3\t3"])
    assert left == ["c"]
    assert deleted.code == 0
    assert json.loads(deleted.out) == {
        "outcome": "deleted",
        "stream_id": stream,
        "kept_from": 4,
        "version": 3,
        "closed": False,
    }
    assert (closed.code, closed.lines) == (again.code, again.lines) == (0, ["closed\t4\t3"])
    with pytest.raises(StreamClosed):
        await store.persist_events(stream_id, ["d"])


async def test_it_is_said_that_a_stream_is_closed(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a", "b"])
    await store.close_stream(stream_id)
    stream = str(stream_id)

    head = await shell("head", stream)
    head_json = await shell("head", stream, "--json")
    read = await shell("read", stream)
    truncated = await shell("truncate", stream, "--before", "2", "--yes")
    deleted = await shell("delete", stream, "--yes")
    deleted_json = await shell("delete", stream, "--yes", "--json")
    listed = await shell("streams", "--list")
    listed_json = await shell("streams", "--list", "--json")

    assert (head.code, head.lines) == (0, ["2147483647"])
    assert json.loads(head_json.out) == {
        "stream_id": stream,
        "version": 2147483647,
        "closed": True,
    }
    assert (read.code, read.out) == (0, "")
    assert (truncated.code, truncated.lines) == (0, ["truncated\t3\t2"])
    assert (deleted.code, deleted.lines) == (0, ["deleted\t3\t2"])
    assert json.loads(deleted_json.out)["closed"] is True
    for done in (head, head_json, read, truncated, deleted, deleted_json):
        assert f"stream {stream} is closed" in done.err
    (line,) = [line for line in listed.lines if line.startswith(stream)]
    assert line.split("\t") == [stream, "2", "-", "-", "-", "-", "3", "closed"]
    (fields,) = [it for it in map(json.loads, listed_json.lines) if it["stream_id"] == stream]
    assert (fields["version"], fields["kept_from"], fields["closed"]) == (2, 3, True)


async def test_a_conflict_erases_nothing(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, ["a", "b"])
    stream = str(stream_id)

    beyond = await shell("truncate", stream, "--before", "4", "--yes")
    told = await shell("truncate", stream, "--before", "4", "--yes", "--json")
    elsewhere = await shell("delete", stream, "--expected-version", "1", "--yes")

    for done in (beyond, elsewhere):
        assert (done.code, done.out) == (3, "")
        assert f"stream {stream} is at version 2; nothing is erased" in done.err
    assert (told.code, json.loads(told.out)["actual_version"]) == (3, 2)
    assert payloads(await read_all(store, stream_id)) == ["a", "b"]


@pytest.mark.parametrize(
    "command",
    [
        ["truncate", "STREAM", "--before", "2"],
        ["delete", "STREAM"],
        ["close", "STREAM"],
        ["retain", "--category", "account", "--max-count", "1"],
    ],
)
async def test_without_a_terminal_it_must_be_said_that_it_is_meant(
    nowhere: Shell, dead_port: int, command: list[str]
) -> None:
    given = [str(uuid4()) if each == "STREAM" else each for each in command]

    done = await nowhere(*given, "--keyspace", "k", "--port", str(dead_port))

    assert (done.code, done.out) == (2, "")
    assert "give --yes" in done.err


async def test_events_are_erased_by_a_rule(shell: Shell, store: EventStore) -> None:
    long, short = uuid4(), uuid4()
    accounts = store.category("retained")
    await accounts.persist_events(long, ["a", "b", "c"])
    await accounts.persist_events(short, ["a"])
    rule = ["retain", "--category", "retained", "--max-count", "2"]

    planned = await shell(*rule, "--dry-run")
    before = payloads(await read_all(store, long))
    done = await shell(*rule, "--yes", "--json")
    again = await shell(*rule, "--yes")

    assert (planned.code, planned.lines) == (0, [f"{long}\twould be truncated\t2\t1"])
    assert "would go       1 event of 1 stream" in planned.err
    assert before == ["a", "b", "c"]
    assert done.code == 0
    assert json.loads(done.out) == {
        "stream_id": str(long),
        "outcome": "truncated",
        "kept_from": 2,
        "erased": 1,
    }
    assert "erased         1 event of 1 stream" in done.err
    assert (again.code, again.out) == (0, "")
    assert "streams        2" in again.err
    assert payloads(await read_all(store, long)) == ["b", "c"]


@pytest.mark.parametrize("age", ["90", "d", "0d", "-1d", "1.5h", "90 d", "9999999d", "1w", ""])
async def test_what_is_not_an_age_is_refused(nowhere: Shell, dead_port: int, age: str) -> None:
    there = ["--keyspace", "k", "--port", str(dead_port)]

    done = await nowhere("retain", "--category", "account", "--max-age", age, "--yes", *there)

    assert (done.code, done.out) == (2, "")
    assert "is not an age" in done.err


async def test_a_rule_without_a_limit_is_refused(nowhere: Shell, dead_port: int) -> None:
    there = ["--keyspace", "k", "--port", str(dead_port)]

    done = await nowhere("retain", "--category", "account", "--yes", *there)

    assert (done.code, done.out) == (2, "")
    assert "give max_count, max_age or both" in done.err
