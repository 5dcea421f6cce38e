"""An older release on truncated, deleted and closed streams: what it respects, exactly."""

import asyncio
import json
import os
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any, Final
from uuid import UUID, uuid4

from event_store_async import EventStore
from event_store_async.versions import MAX_VERSION

from ..fixtures.server import Server
from ..fixtures.stores import read_all
from .test_upgrading import keyspace, older

__all__ = ["keyspace", "older"]  # fixtures

PROGRAM: Final = """
    import asyncio, json, sys
    from uuid import UUID
    import event_store_async
    from event_store_async import ANY, EventStore

    async def said(call):
        try:
            return await call
        except Exception as error:
            return type(error).__name__

    async def append(store, stream, expected):
        return (await store.persist_events(stream, ["old"], expected)).version

    async def read(store, stream, *arguments, **options):
        return [event.version async for event in store.read_events(stream, *arguments, **options)]

    async def main():
        host, port, datacenter, keyspace, folder, *streams = sys.argv[1:]
        assert event_store_async.__file__.startswith(folder), event_store_async.__file__
        assert not hasattr(EventStore, "truncate_stream")
        truncated, deleted, closed = map(UUID, streams)
        async with EventStore.connect(
            host, port=int(port), keyspace=keyspace, local_datacenter=datacenter
        ) as store:
            print(json.dumps({
                "truncated: read": await said(read(store, truncated)),
                "truncated: read what is kept": await said(read(store, truncated, 6)),
                "truncated: wrong version": await said(append(store, truncated, 9)),
                "truncated: right version": await said(append(store, truncated, 10)),
                "truncated: any version": await said(append(store, truncated, ANY)),
                "deleted: read": await said(read(store, deleted)),
                "deleted: read backward": await said(read(store, deleted, backward=True)),
                "deleted: wrong version": await said(append(store, deleted, 3)),
                "deleted: right version": await said(append(store, deleted, 10)),
                "deleted: any version": await said(append(store, deleted, ANY)),
                "deleted: read what is new": await said(read(store, deleted, 11)),
                "closed: version": await said(store.current_version(closed)),
                "closed: right version": await said(append(store, closed, 10)),
                "closed: any version": await said(append(store, closed, ANY)),
            }))

    asyncio.run(main())
"""


async def program(server: Server, keyspace: str, folder: Path, *streams: UUID) -> dict[str, Any]:
    """Run the older release's program to its end; return what its calls came to."""
    ((datacenter, _),) = server.replication.items()
    arguments = (server.contact_points[0], server.port, datacenter, keyspace, folder, *streams)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", dedent(PROGRAM), *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder,
    )
    try:
        async with asyncio.timeout(120):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    found: dict[str, Any] = json.loads(out)
    return found


async def test_an_older_release_respects_erased_streams_as_far_as_the_docs_say(
    server: Server, keyspace: str, older: Path
) -> None:
    truncated, deleted, closed = uuid4(), uuid4(), uuid4()
    async with server.connect(keyspace) as new:
        await new.create_schema(server.replication)
        for stream_id in (truncated, deleted, closed):
            await new.persist_events(stream_id, list("abcdefghij"))
        await new.truncate_stream(truncated, before=6)
        await new.delete_stream(deleted)
        await new.close_stream(closed)

        found = await program(server, keyspace, older, truncated, deleted, closed)

        assert found == {
            "truncated: read": "StreamHole",
            "truncated: read what is kept": [6, 7, 8, 9, 10],
            "truncated: wrong version": "ConcurrentModification",
            "truncated: right version": 11,
            "truncated: any version": 12,
            "deleted: read": "StreamHole",
            "deleted: read backward": "UndecodableEvent",
            "deleted: wrong version": "ConcurrentModification",
            "deleted: right version": 11,
            "deleted: any version": 12,
            "deleted: read what is new": [11, 12],
            "closed: version": MAX_VERSION,
            "closed: right version": "ConcurrentModification",
            "closed: any version": "OverflowError",
        }
        assert await versions(new, truncated) == [6, 7, 8, 9, 10, 11, 12]
        assert await versions(new, deleted) == [11, 12]
        assert await versions(new, closed) == []


async def versions(store: EventStore, stream_id: UUID) -> list[int]:
    return [event.version for event in await read_all(store, stream_id)]
