"""What the benchmark says of the node that it measures is true."""

from uuid import uuid4

import pytest

from benchmarks.about import about
from benchmarks.bench import Size
from benchmarks.peers.conditional import make_table
from benchmarks.peers.protocol import Options
from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

SIZE = Size(rounds=1, seconds=0.1, events=100, quick=True)


@pytest.fixture
def embedded(server: Server) -> EmbeddedCassandra:
    """Give the embedded server; the benchmark measures no other."""
    if server.embedded is None:
        pytest.skip("it is about an embedded node")
    return server.embedded


async def test_the_replication_is_that_of_the_peers_keyspaces(
    store: EventStore, server: Server, embedded: EmbeddedCassandra
) -> None:
    keyspace = f"about_{uuid4().hex[:12]}"
    await make_table(Options(embedded.contact_points[0], embedded.port, keyspace))
    try:
        async with server.connect(keyspace) as other:
            replication = (await other.schema_state()).replication
    finally:
        await drop_keyspace(store, keyspace)

    said = about(SIZE, "2026-11-30T15:46+00:00")["node"]["replication"]
    assert replication is not None
    assert replication["datacenter1"] == str(said)
