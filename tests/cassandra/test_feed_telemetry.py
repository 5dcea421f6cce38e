"""What a store reports of its feed on a real server."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import anyio
import pytest
import pytest_asyncio

from event_store_async import EventStore, Settings
from event_store_async.cassandra.feed import scan
from event_store_async.hooks import (
    EntryPublished,
    LeadershipChanged,
    Record,
    RoundEnded,
    ScanFound,
    Source,
)
from event_store_async.retry import Deadline

from ..fixtures.server import Server
from ..fixtures.stores import complete_feed
from ..maintenance.stores import new_store

PATIENCE = 60.0
SILENTLY = Settings(sequences=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def enabled(server: Server) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store on a table with a feed that it does not sequence, and its keyspace."""
    async with new_store(server, feed=True, settings=SILENTLY) as made:
        await complete_feed(made[0])
        yield made


def of(records: list[Record], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


async def test_the_sequencer_of_a_store_reports_what_it_does(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    records: list[Record] = []
    stream_id = uuid4()
    async with server.connect(enabled[1], settings=Settings(hooks=(records.append,))) as store:
        await store.persist_events(stream_id, ["a", "b"])
        await store.persist_events(uuid4(), ["c"])
        position = await store.feed().position_of(stream_id, 2, timeout=PATIENCE)
        with anyio.fail_after(PATIENCE):
            while sum(each.events for each in of(records, EntryPublished)) < 3:
                await anyio.sleep(0.01)
        working = store.statistics().feed
    async with server.connect(enabled[1], settings=SILENTLY) as store:
        await store.feed().head()
        reading = store.statistics().feed

    published = of(records, EntryPublished)
    assert sum(each.events for each in published) == 3
    assert {each.source for each in published} == {Source("cassandra", enabled[1], "events")}
    assert all(0 <= each.delay < PATIENCE and each.duration > 0 for each in published)
    assert [each.leads for each in of(records, LeadershipChanged)] == [True, False], "it resigned"
    assert of(records, RoundEnded)[-1].undecided == 0
    assert working is not None
    assert (working.head >= position.ordinal, working.leads) == (True, True)
    assert working.silence is not None
    assert reading is not None
    assert (reading.head, reading.leads, reading.undecided) == (3, False, None)


async def test_a_writer_that_does_not_announce_is_reported_and_remembered(
    server: Server, enabled: tuple[EventStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was started before the feed was enabled; another process learns of it from the doctor."""
    monkeypatch.setattr(scan, "PATIENCE", -1.0)
    monkeypatch.setattr(scan, "PAUSE", 0.0)
    store, keyspace = enabled
    records: list[Record] = []
    stream_id = uuid4()
    async with server.connect(keyspace, settings=SILENTLY) as old:
        ready = await old._engine.statements.append(Deadline(PATIENCE))
        old._engine.statements.ready = replace(ready, announced_first=ready.first, has_feed=False)
        await old.persist_events(stream_id, ["a", "b"])
    async with server.connect(keyspace, settings=Settings(hooks=(records.append,))) as sequencing:
        feed = sequencing.feed()
        await feed.position_of(stream_id, 2, timeout=PATIENCE)
        with anyio.fail_after(PATIENCE):
            while not (facts := await store._engine.feed._tables.found())[0]:
                await anyio.sleep(0.05)

    (found,) = of(records, ScanFound)
    assert (found.stream_id, found.version, found.events) == (stream_id, 1, 2)
    assert None in [each.delay for each in of(records, EntryPublished)]
    assert (facts[0], facts[2]) == (2, stream_id)


async def test_a_store_that_never_used_its_feed_knows_nothing_of_it(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1], settings=SILENTLY) as store:
        await store.current_version(uuid4())

        assert store.statistics().feed is None
