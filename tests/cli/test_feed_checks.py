"""`event-store doctor` and `event-store verify` on a table with a feed, on a real server."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio

from event_store_async import EventStore, Settings
from event_store_async.cassandra.feed import audit

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from ..maintenance.stores import new_store
from .running import Done, Shell

PATIENCE = 60.0
SILENTLY = Settings(sequences=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def enabled(server: Server) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store on a table with a feed that it does not sequence, and its keyspace."""
    async with new_store(server, feed=True, settings=SILENTLY) as made:
        yield made


def findings(done: Done) -> dict[str, dict[str, str]]:
    return {finding["check"]: finding for finding in orjson.loads(done.out)["findings"]}


async def test_the_doctor_of_a_feed_that_is_sequenced(
    shell: Shell, server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1]) as store:
        done = await store.persist_events(stream_id := uuid4(), ["a", "b"])
        await store.feed().position_of(stream_id, done.version, timeout=PATIENCE)
        seen = await shell("doctor", "--keyspace", enabled[1], "--json")

    found = findings(seen)
    assert seen.code == 0
    assert found["feed sequencer"]["level"] == "ok"
    assert found["feed writers"]["found"].startswith("1, open: 1, silent for a day: 0")
    assert found["feed scan"]["level"] == "ok"
    assert found["partitions of the feed"]["level"] == "ok"
    of_the_feed = {name: each for name, each in found.items() if "feed" in name}
    assert [each for each in of_the_feed.values() if each["level"] != "ok"] == []
    for table in ("_log", "_progress"):
        name = f"{enabled[1]}.events_feed{table}"
        assert found[f"compaction of {name}"]["level"] == "ok"
        assert found[f"compression of {name}"]["level"] == "ok"
    assert f"gc_grace_seconds of {enabled[1]}.events_feed" in found


async def test_the_doctor_of_a_feed_that_nobody_sequences(
    shell: Shell, server: Server, enabled: tuple[EventStore, str]
) -> None:
    """And whose writers are silent, by the clock of who looks."""
    store, keyspace = enabled
    await store.persist_events(uuid4(), ["a"])
    await store._engine.feed._tables.note_found(3, stream_id := uuid4())
    await store._engine.feed._tables.note_found(4, stream_id)

    done = await shell("doctor", "--keyspace", keyspace, "--json")
    later = Settings(clock=lambda: datetime.now(UTC) + timedelta(days=2), sequences=False)
    async with server.connect(keyspace, settings=later) as looking:
        facts = (await looking.operations.examine()).state.feed

    found = findings(done)
    assert done.code == 5
    assert found["feed sequencer"]["level"] == "must"
    assert f"event-store feed run --keyspace {keyspace}" in found["feed sequencer"]["change"]
    assert found["feed scan"]["level"] == "advice"
    assert "found 7 events that no writer announced" in found["feed scan"]["found"]
    assert str(stream_id) in found["feed scan"]["found"]
    assert facts is not None
    assert (facts.silent, facts.status.writers) == (1, 1), "two days later"
    assert (facts.found, facts.found_stream) == (7, stream_id)


async def test_the_doctor_of_broken_tables(shell: Shell, server: Server) -> None:
    async with new_store(server, feed=True, settings=SILENTLY) as (store, keyspace):
        await run_cql(store, f"ALTER TABLE {keyspace}.events_feed_log DROP links")
        await run_cql(
            store, f"ALTER TABLE {keyspace}.events_feed_progress WITH default_time_to_live = 60"
        )
        await run_cql(
            store, f"ALTER TABLE {keyspace}.events_feed_writers WITH gc_grace_seconds = 1"
        )
        await run_cql(store, f"DROP TABLE {keyspace}.events_feed_announcements")
        broken = await shell("doctor", "--keyspace", keyspace)
        as_json = await shell("doctor", "--keyspace", keyspace, "--json")
        await run_cql(store, f"DROP TABLE {keyspace}.events_feed")
        without = await shell("doctor", "--keyspace", keyspace, "--json")

    found = findings(as_json)
    assert broken.code == without.code == 5
    assert f"schema: {keyspace}.events_feed_announcements: there is no such table" in broken.out
    assert "links is missing" in broken.out
    assert found[f"default_time_to_live of {keyspace}.events_feed_progress"]["level"] == "must"
    assert found[f"gc_grace_seconds of {keyspace}.events_feed_writers"]["level"] == "advice"
    assert "feed sequencer" not in found, "nothing can be read"
    remains = findings(without)["feed"]
    assert remains["level"] == "must"
    assert remains["found"].startswith(f"{keyspace}.events_feed is missing, but there is table ")
    assert f"table {keyspace}.events_feed_log" in remains["found"]
    assert f"migrations of {keyspace}.events_feed_announcements" in remains["found"]


async def test_verify_compares_the_feed_with_the_streams(
    shell: Shell, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAUSE", 0.0)
    async with new_store(server, feed=True, settings=SILENTLY) as (store, keyspace):
        streams = [uuid4() for _ in range(2)]
        async with server.connect(keyspace) as sequencing:
            for stream_id in streams:
                await sequencing.persist_events(stream_id, ["a", "b"])
                await sequencing.feed().position_of(stream_id, 2, timeout=PATIENCE)
        await store.persist_events(streams[1], ["c"])
        sound = await shell("verify", "--keyspace", keyspace)
        log_id = (await store.feed().head()).feed_id
        await run_cql(
            store,
            f"DELETE FROM {keyspace}.events_feed_log "
            f"WHERE log_id = {log_id} AND segment = 0 AND entry = 1",
        )
        forged = await shell("verify", "--keyspace", keyspace)
        as_json = await shell("verify", "--keyspace", keyspace, "--json")

    assert (sound.code, forged.code, as_json.code) == (0, 5, 5)
    assert sound.lines[-2] == (
        "feed      4 events in 2 entries, complete; unpublished: 1 event of 1 stream, no error; "
        "findings: none"
    )
    assert sound.lines[-1] == "findings  none"
    assert forged.lines[0] == "feed, entry 1: entry: it is missing from the log"
    assert forged.lines[1].startswith(f"feed, stream {streams[0]}, version 1, entry 1: missing: ")
    *lines, report = map(orjson.loads, as_json.lines)
    assert [line["kind"] for line in lines] == ["entry", "missing"]
    assert (lines[1]["stream_id"], lines[1]["version"]) == (str(streams[0]), 1)
    assert report["findings"] == {}
    assert report["feed"]["findings"] == {"entry": 1, "missing": 1}
    assert (report["feed"]["events"], report["feed"]["unpublished"]) == (2, 1)


async def test_verify_without_a_feed_says_nothing_of_one(shell: Shell) -> None:
    plain = await shell("verify")
    as_json = await shell("verify", "--json")

    assert plain.code == 0
    assert not any(line.startswith("feed") for line in plain.lines)
    assert "feed" not in orjson.loads(as_json.out)
