"""Keyspaces and tables whose names are words of CQL."""

import re
from collections.abc import AsyncGenerator, Iterator
from importlib.resources.abc import Traversable
from uuid import UUID

import pytest

from event_store_async import NO_STREAM, EventStore
from event_store_async.cql_files import cql_root
from event_store_async.maintenance import verify_streams

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, payloads, read_all, run_cql

pytestmark = pytest.mark.slow

KEYSPACE = "order"


@pytest.fixture
async def dropping(server: Server) -> AsyncGenerator[None, None]:
    """Drop the keyspace before and after the test."""
    async with server.connect("system") as store:
        await drop_keyspace(store, f'"{KEYSPACE}"')
        yield
        await drop_keyspace(store, f'"{KEYSPACE}"')


async def use(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, ["a", "b"], NO_STREAM)
    await store.persist_events(stream_id, ["c"])
    backward = [event.payload async for event in store.read_events(stream_id, backward=True)]

    assert payloads(await read_all(store, stream_id)) == ["a", "b", "c"]
    assert backward == ["c", "b", "a"]
    assert await store.current_version(stream_id) == 3
    assert [head.stream_id async for head in store.storage.scan_streams()] == [stream_id]


@pytest.mark.usefixtures("dropping")
@pytest.mark.parametrize("table", ["token", "index", "table", "select", "default"])
async def test_words_of_cql_are_names_like_others(
    server: Server, stream_id: UUID, table: str
) -> None:
    async with server.connect(KEYSPACE, table=table) as store:
        await store.create_schema(server.replication)

        await use(store, stream_id)
        assert (await verify_streams(store)).streams == 1
        assert (await store.schema_state()).is_current


@pytest.mark.usefixtures("dropping")
async def test_a_table_named_like_a_word_of_cql_is_migrated(
    server: Server, stream_id: UUID
) -> None:
    async with server.connect(KEYSPACE, table="token") as store:
        replicas = ", ".join(f"'{name}': {count}" for name, count in server.replication.items())
        await run_cql(
            store,
            f'CREATE KEYSPACE "{KEYSPACE}" '
            f"WITH replication = {{'class': 'NetworkTopologyStrategy', {replicas}}}",
        )
        await run_cql(
            store,
            f'CREATE TABLE "{KEYSPACE}"."token" (stream_id uuid, version int, payload blob, '
            "timestamp bigint, max_version int static, PRIMARY KEY (stream_id, version))",
        )

        await store.create_schema()

        await use(store, stream_id)


def _files(folder: Traversable) -> Iterator[Traversable]:
    for each in folder.iterdir():
        yield from _files(each) if each.is_dir() else [each]


def test_every_name_in_the_cql_is_quoted() -> None:
    unquoted = [
        (file.name, line)
        for file in _files(cql_root())
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<![\"'])\{(keyspace|table)\}", line.partition("--")[0])
    ]

    assert unquoted == []
