"""Helpers for tests of whole stores: events of every kind, and what a store holds."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from event_store_async import (
    EventStore,
    NewEvent,
    RawCodec,
    Settings,
)
from event_store_async.maintenance import StoredEvent

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql


class Interrupted(Exception):
    """Ends a job in the middle, as the death of its process does."""


@asynccontextmanager
async def new_store(
    server: Server, *, feed: bool = False, settings: Settings | None = None
) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store without streams, and its keyspace; the table has a feed if that is asked for."""
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        async with server.connect(keyspace, settings=settings) as opened:
            await opened.create_schema(server.replication, feed=feed)
            yield opened, keyspace
    finally:
        # From another connection: a sequencer must not meet missing tables meanwhile.
        async with server.connect(keyspace) as other:
            await drop_keyspace(other, keyspace)


async def contents(store: EventStore) -> dict[UUID, list[StoredEvent]]:
    """Return all events, as they are stored."""
    return {
        summary.stream_id: [event async for event in store.storage.read_stored(summary.stream_id)]
        async for summary in store.storage.scan_streams()
    }


async def fill_with_everything(server: Server, store: EventStore, keyspace: str) -> None:
    """Append every kind of event that a table can hold."""
    await store.persist_events(
        uuid4(),
        [
            NewEvent({"name": "Zoë ☃ 🂡 \u0000 \u2028"}, type="naïve-☃", metadata={"who": "ünï"}),
            NewEvent({"big": 2**63 - 1, "small": -(2**63), "float": 1e300, "text": '\\"\n'}),
            None,
            [],
            "",
        ],
    )
    await store.persist_events(uuid4(), [{"n": n, "text": "x" * (n % 97)} for n in range(700)])
    async with server.connect(keyspace, settings=Settings(compress_above=100)) as compressing:
        await compressing.persist_events(uuid4(), [{"text": "again " * 1000}, {"n": 1}])
    raw = EventStore(store._engine.session.raw, keyspace=keyspace, codec=RawCodec())
    await raw.persist_events(uuid4(), [bytes(range(256)), b"", b"\xff\xfe", b"plain\n"])
    # As the Clojure original wrote them: no id, no content type, and JSON in another form.
    original = uuid4()
    for version, payload in enumerate(
        (b'{"type": "opened",  "n": 1.0e2}', b'{"b":1,"a":99999999999999999999999}', b"\xf0\x9f"), 1
    ):
        await run_cql(
            store,
            f"INSERT INTO {keyspace}.events (stream_id, version, payload, timestamp, max_version) "
            f"VALUES ({original}, {version}, 0x{payload.hex()}, {version * -1000}, 3)",
        )
    await raw.close()


def line_count(path: Path) -> int:
    """Return how many lines an archive has."""
    from backports import zstd

    with zstd.open(path, "rb") as file:
        return sum(1 for _ in file)


def names(folder: Path) -> list[str]:
    """Return the names of a folder's files."""
    return sorted(file.name for file in folder.iterdir())
