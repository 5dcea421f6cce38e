"""Streams that were erased before their table had a feed, and erasures that wait for the feed."""

import logging
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, NotPublished, Settings, Truncated

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, read_all


async def in_the_feed(store: EventStore, streams: dict[str, UUID]) -> dict[str, list[int]]:
    """Return the versions that the feed gives of some streams."""
    found: dict[str, list[int]] = {name: [] for name in streams}
    names = {stream_id: name for name, stream_id in streams.items()}
    async for event in store.feed().read():
        found[names[event.stream_id]].append(event.version)
    return found


async def test_a_feed_can_be_enabled_on_a_table_with_erased_streams(
    server: Server, keyspace: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{keyspace}_enabled"
    names = ("whole", "truncated", "long", "deleted", "reborn", "closed")
    streams = {each: uuid4() for each in names}
    async with server.connect(name) as store:
        await store.create_schema(server.replication)
        for stream_id in streams.values():
            for first in (0, 5):
                await store.persist_events(stream_id, range(5), first)
        await store.persist_events(streams["long"], range(990))
        await store.persist_events(streams["long"], range(990))
        await store.persist_events(streams["long"], range(990))
        await store.truncate_stream(streams["truncated"], before=4)
        await store.truncate_stream(streams["long"], before=2979)
        for each in ("deleted", "reborn"):
            await store.delete_stream(streams[each])
        await store.persist_events(streams["reborn"], ["k"])
        await store.close_stream(streams["closed"])
        await store.create_schema(feed=True)
        await store.operations.build_feed(lambda _: None)

        kept = {
            "whole": list(range(1, 11)),
            "truncated": list(range(4, 11)),
            "long": [2979, 2980],
            "deleted": [],
            "reborn": [11],
            "closed": [],
        }
        assert await in_the_feed(store, streams) == kept
        for each in ("whole", "truncated", "long", "deleted", "reborn"):
            last = (await store.persist_events(streams[each], ["next"])).version
            await store.feed().position_of(streams[each], last, timeout=30)
            kept[each].append(last)
        assert await in_the_feed(store, streams) == kept
        await store.truncate_stream(streams["whole"], before=11)
        kept["whole"] = [11]
        assert await in_the_feed(store, streams) == kept
        found = await store.operations.verify_feed()
        assert (found.findings, found.unpublished) == ({}, 0)
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        # Other processes appended nothing of it: they read what is gone from the streams.
        async with server.connect(name, settings=Settings(sequences=False)) as other:
            assert await in_the_feed(other, streams) == kept
    async with server.connect(name) as other:
        await drop_keyspace(other, name)


async def test_nothing_is_erased_before_it_is_published(server: Server, keyspace: str) -> None:
    name, stream_id = f"{keyspace}_waiting", uuid4()
    async with server.connect(name, settings=Settings(sequences=False)) as store:
        await store.create_schema(server.replication, feed=True)
        await store.persist_events(stream_id, range(10))

        for call in (
            store.truncate_stream(stream_id, before=3, timeout=0.3),
            store.delete_stream(stream_id, timeout=0.3),
            store.close_stream(stream_id, timeout=0.3),
        ):
            with pytest.raises(NotPublished):
                await call
        assert len(await read_all(store, stream_id)) == 10
        async with server.connect(name) as sequencing:
            await sequencing.feed().position_of(stream_id, 10, timeout=30)
            result = await store.truncate_stream(stream_id, before=3)
        assert result == Truncated(stream_id, 3, 10)
        await drop_keyspace(store, name)
