"""Categories: `append --category`, `streams categorise`, and what other commands show of them."""

import json
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, WrongCategory

from ..fixtures.stores import payloads, read_all, run_cql
from .running import Shell


async def test_append_in_a_category(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    stream = str(stream_id)

    first = await shell("append", stream, "1", "--category", "account")
    again = await shell("append", stream, "2", "--category", "account", "--json")
    other = await shell("append", stream, "3", "--category", "order")
    told = await shell("append", stream, "3", "--category", "order", "--json")

    assert (first.code, first.lines) == (0, ["1"])
    assert (again.code, json.loads(again.out)["version"]) == (0, 2)
    assert (other.code, other.out) == (3, "")
    assert f"stream {stream} is of category 'account', expected 'order'" in other.err
    assert told.code == 3
    assert json.loads(told.out) == {
        "outcome": "wrong_category",
        "stream_id": stream,
        "actual_category": "account",
    }
    assert payloads(await read_all(store, stream_id)) == [1, 2]


async def test_a_stream_without_a_category_is_refused_with_the_next_step(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["old"])

    refused = await shell("append", str(stream_id), "1", "--category", "account")
    (hint,) = [line for line in refused.err.splitlines() if line.startswith("hint: ")]
    command = hint.split("`")[1]
    followed = await shell(*command.split()[1:])
    done = await shell("append", str(stream_id), "1", "--category", "account")

    assert (refused.code, "has no category" in refused.err) == (3, True)
    assert (followed.code, followed.lines) == (0, [f"{stream_id}\tset\taccount"])
    assert (done.code, done.lines) == (0, ["2"])


@pytest.mark.parametrize("name", ["", "two words", "a" * 65, "è"])
async def test_a_bad_name_is_refused_before_connecting(
    nowhere: Shell, dead_port: int, name: str
) -> None:
    there = ["--keyspace", "k", "--port", str(dead_port), "--category", name]

    for done in (
        await nowhere("append", str(uuid4()), "1", *there),
        await nowhere("streams", "categorise", str(uuid4()), *there),
    ):
        assert (done.code, done.out) == (2, "")
        assert "the name of a category" in done.err


async def test_streams_are_categorised_and_the_rest_is_told(
    shell: Shell, store: EventStore
) -> None:
    old, mine, other, missing = (uuid4() for _ in range(4))
    await store.persist_events(old, ["a"])
    await store.category("account").persist_events(mine, ["a"])
    await store.category("order").persist_events(other, ["a"])

    given = [str(stream) for stream in (old, mine, other, missing, old)]
    done = await shell("streams", "categorise", *given, "--category", "account")
    again = await shell(
        *("streams", "categorise", "--category", "account", "--json"),
        stdin="".join(f"{line}\n\n" for line in given),
    )

    assert (done.code, again.code) == (3, 3)
    assert sorted(done.lines) == sorted(
        [
            f"{old}\tset\taccount",
            f"{mine}\tunchanged\taccount",
            f"{other}\trefused\torder",
            f"{missing}\tno events\t-",
        ]
    )
    assert "not changed: 2 of 4 streams" in done.err
    told = {line["stream_id"]: line for line in map(json.loads, again.lines)}
    assert told[str(old)] == {
        "stream_id": str(old),
        "outcome": "unchanged",
        "category": "account",
    }
    with pytest.raises(WrongCategory):
        await store.category("order").persist_events(old, ["b"])


async def test_wrong_input_changes_nothing(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a"])
    command = ("streams", "categorise", "--category", "account")

    odd = await shell(*command, stdin=f"{stream_id}\nnot-an-id\n")
    odd_argument = await shell(*command, str(stream_id), "not-an-id")
    empty = await shell(*command, stdin="")
    before = await shell("streams", "--depth", "heads", "categorise", str(stream_id))
    unnamed = await shell("streams", "categorise", str(stream_id))

    assert (odd.code, "standard input, line 2: 'not-an-id' is not a UUID" in odd.err) == (2, True)
    assert odd_argument.code == 2
    assert (empty.code, empty.out) == (0, "")
    assert (before.code, "give it after 'categorise'" in " ".join(before.err.split())) == (2, True)
    assert (unnamed.code, "--category" in unnamed.err) == (2, True)
    found = {each.stream_id: each.category async for each in store.storage.scan_streams()}
    assert found[stream_id] is None


async def test_streams_lists_the_category(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await store.category("account").persist_events(stream_id, ["a"])

    for depth in ("heads", "ends", "events"):
        listed = await shell("streams", "--list", "--depth", depth)
        (line,) = [line for line in listed.lines if line.startswith(str(stream_id))]
        assert line.split("\t")[5] == "account"
    objects = await shell("streams", "--list", "--json")
    found = {line["stream_id"]: line["category"] for line in map(json.loads, objects.lines)}
    assert found[str(stream_id)] == "account"


async def test_a_table_without_the_column_is_told_of_and_migrated(
    shell: Shell, store: EventStore, keyspace: str
) -> None:
    table = f"old_{uuid4().hex[:8]}"
    await shell("schema", "create", "--table", table, "--replication", "datacenter1=1")
    await run_cql(store, f"ALTER TABLE {keyspace}.{table} DROP category")
    there = ["--table", table]
    stream = str(uuid4())

    plain = await shell("append", stream, "1", *there)
    refused = await shell("append", stream, "1", "--category", "account", *there)
    status = await shell("schema", "status", *there)
    told = await shell("schema", "status", "--json", *there)
    doctor = await shell("doctor", "--json", *there)
    planned = await shell("schema", "migrate", "--dry-run", *there)
    migrated = await shell("schema", "migrate", *there)
    after = await shell("schema", "status", *there)
    healed = await shell("doctor", "--json", *there)
    done = await shell("append", str(uuid4()), "1", "--category", "account", *there)

    assert plain.code == 0
    assert (refused.code, "it has no column for categories yet" in refused.err) == (1, True)
    assert "hint: run `event-store schema migrate`" in refused.err
    assert status.code == told.code == doctor.code == 0, "a store can use it as it is"
    assert "missing      category (optional: `event-store schema migrate` adds it)" in status.lines
    assert json.loads(told.out)["missing"] == ["category"]
    (finding,) = [it for it in json.loads(doctor.out)["findings"] if it["check"] == "schema"]
    assert (finding["level"], "no column for categories" in finding["found"]) == ("advice", True)
    assert f'ALTER TABLE "{keyspace}"."{table}" ADD category text static;' in planned.lines
    assert "INSERT" not in planned.out, "no version is recorded that older releases refuse"
    assert f"{keyspace}.{table}: category; schema version 1" in migrated.lines
    assert "missing" not in after.out
    (finding,) = [it for it in json.loads(healed.out)["findings"] if it["check"] == "schema"]
    assert finding["level"] == "ok"
    assert done.code == 0


async def test_a_stream_in_the_feed_is_not_categorised(
    feed_shell: Shell, feed_store: EventStore, stream_id: UUID
) -> None:
    await feed_store.persist_events(stream_id, ["a"])
    await feed_store.feed().position_of(stream_id, 1, timeout=60)
    command = ("streams", "categorise", str(stream_id), "--category", "account")

    done = await feed_shell(*command)
    told = await feed_shell(*command, "--json")

    assert (done.code, done.lines) == (3, [f"{stream_id}\tpublished\t-"])
    assert "not changed: 1 of 1 stream" in done.err
    assert "the feed never changes" in done.err
    assert json.loads(told.out) == {
        "stream_id": str(stream_id),
        "outcome": "published",
        "category": None,
    }
