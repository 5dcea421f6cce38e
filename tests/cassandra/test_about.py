"""What the benchmark says of the node that it measures is what the node says of itself."""

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from rich.console import Console
from rich.progress import Progress

from benchmarks.about import about, about_node
from benchmarks.bench import Size
from benchmarks.peers.conditional import make_table
from benchmarks.peers.protocol import Options
from benchmarks.results import Results
from benchmarks.run import measure
from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.testing.servers import NEVER_RESTARTED

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

SIZE = Size(rounds=1, seconds=0.1, events=100, quick=True)
MOMENT = "2026-11-30T15:46+00:00"


@pytest.fixture
def embedded(server: Server) -> EmbeddedCassandra:
    """Give the embedded server; the benchmark measures no other."""
    if server.embedded is None:
        pytest.skip("it is about an embedded node")
    return server.embedded


async def test_a_node_says_its_version_and_its_settings(embedded: EmbeddedCassandra) -> None:
    found = await about_node(embedded.nodes[0], embedded.port)

    assert found == {
        "versions": {"cassandra": embedded.version},
        "node": {
            "commit log": "periodic, 10000ms",
            "heap": "512M",
            "memtables": "64MiB on the heap, 64MiB off it",
            "java options": " ".join(NEVER_RESTARTED),
        },
    }
    assert embedded.version.startswith(("4.", "5."))


async def test_a_run_adds_what_its_node_says(
    embedded: EmbeddedCassandra, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def running(*_: object) -> AsyncGenerator[EmbeddedCassandra, None]:
        yield embedded

    monkeypatch.setattr("benchmarks.run.node", running)
    made = Results(about(SIZE, MOMENT))
    progress = Progress(console=Console(file=io.StringIO()))

    await measure(made, SIZE, ["no scenario"], progress)

    assert made.about["versions"].keys() >= {"python", "cassandra", "java"}
    assert made.about["node"].keys() >= {"replication", "commit log", "heap"}


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

    said = about(SIZE, MOMENT)["node"]["replication"]
    assert replication is not None
    assert replication["datacenter1"] == str(said)
