"""Archives and feeds: events are announced on import, and no position leaves its table."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from backports import zstd

from event_store_async import EventStore, ForeignPosition
from event_store_async.archive import export_events, import_events

from ..fixtures.server import Server
from ..maintenance.stores import contents, new_store

TIMEOUT = 60.0


@asynccontextmanager
async def sequencing_store(server: Server) -> AsyncGenerator[EventStore, None]:
    """Give a store on a new table; it is closed, sequencer and all, before the table is dropped."""
    async with new_store(server) as (_, keyspace), server.connect(keyspace) as store:
        yield store


async def published(store: EventStore) -> dict[UUID, list[int]]:
    """Wait until every event is in the feed; return the versions of each stream, in its order."""
    async for each in store.streams():
        await store.feed().position_of(each.stream_id, each.version, timeout=TIMEOUT)
    found: dict[UUID, list[int]] = {}
    ordinals = []
    async for event in store.feed().read():
        found.setdefault(event.stream_id, []).append(event.version)
        ordinals.append(event.position.ordinal)
    assert ordinals == list(range(1, len(ordinals) + 1))
    return found


async def test_an_import_into_a_table_with_a_feed_is_announced(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl.zst"
    old, account, long, own = (uuid4() for _ in range(4))
    async with sequencing_store(server) as source, sequencing_store(server) as target:
        await source.persist_events(old, ["from before the feed"])
        await source.create_schema(feed=True)
        await source.category("account").persist_events(account, ["a", "b"])
        await source.persist_events(long, range(250))
        await target.create_schema(feed=True)
        await target.persist_events(own, ["its own", "too"])
        await published(target)
        there = await source.feed().position_of(long, 250, timeout=TIMEOUT)

        exported = await export_events(source, path)
        imported = await import_events(target, path)
        again = await import_events(target, path)
        found = await published(target)

        assert (imported.stored, again.stored) == (exported.events, 0)
        assert found == {
            old: [1],
            account: [1, 2],
            long: list(range(1, 251)),
            own: [1, 2],
        }
        assert found == {
            stream: [event.version for event in events]
            for stream, events in (await contents(target)).items()
        }
        selected = [event async for event in target.feed(categories=["account"]).read()]
        assert [event.payload for event in selected] == ["a", "b"]
        status = await target.operations.feed_status()
        assert status.writers == 1, "the events were announced, not found by the scan"
        assert status.head.feed_id != there.feed_id
        with pytest.raises(ForeignPosition):
            await target.feed().page(there)


async def test_an_export_has_no_trace_of_a_feed(server: Server, tmp_path: Path) -> None:
    async with sequencing_store(server) as store:
        await store.persist_events(uuid4(), ["a", "b"])
        plain = await export_events(store, tmp_path / "plain.zst")
        await store.create_schema(feed=True)
        await published(store)
        fed = await export_events(store, tmp_path / "fed.zst")

    assert (plain.events, plain.digest) == (fed.events, fed.digest)
    keys = []
    for name in ("plain", "fed"):
        lines = zstd.decompress((tmp_path / f"{name}.zst").read_bytes()).splitlines()
        keys.append([sorted(orjson.loads(line)) for line in lines])
    assert keys[0] == keys[1]
