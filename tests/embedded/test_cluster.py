"""A real Cassandra: starts and stops, its data, and failed starts."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
import pytest_asyncio

from event_store_async.embedded import (
    DirectoryInUse,
    DirectoryRefused,
    EmbeddedCassandra,
    Node,
    NodeFailed,
    NodeTimedOut,
    PortInUse,
)
from event_store_async.embedded.processes import is_stopped
from event_store_async.embedded.releases import find_release

from .cql import SUPPORTED, options, query
from .traces import is_alive, names

pytestmark = pytest.mark.slow

KEYSPACES = "SELECT keyspace_name FROM system_schema.keyspaces"
CREATE = (
    "CREATE KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("of a user") / "data"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cassandra(directory: Path) -> AsyncGenerator[EmbeddedCassandra, None]:
    """One node on a directory of the caller's."""
    async with EmbeddedCassandra(
        directory=directory, settings={"cas_contention_timeout": "2s"}
    ) as c:
        yield c


@pytest.fixture
def node(cassandra: EmbeddedCassandra) -> Node:
    return cassandra.nodes[0]


async def answers(node: Node) -> bool:
    return await options(node.address, node.port) == SUPPORTED


async def test_it_answers(cassandra: EmbeddedCassandra, node: Node, directory: Path) -> None:
    assert cassandra.contact_points == ["127.0.0.1"]
    assert cassandra.local_datacenter == "datacenter1"
    assert cassandra.version == find_release(None).version
    assert (cassandra.directory, node.directory.parent) == (directory, directory)
    assert (node.port, node.is_running) == (cassandra.port, True)
    assert await answers(node)


async def test_its_version_and_datacenter_are_the_servers(
    cassandra: EmbeddedCassandra, node: Node
) -> None:
    local = await query(
        node.address, node.port, "SELECT release_version, data_center FROM system.local"
    )

    assert cassandra.version.encode() in local
    assert cassandra.local_datacenter.encode() in local


async def test_the_settings_are_those_of_the_files(node: Node) -> None:
    for name, value in (("paxos_variant", "v2"), ("cas_contention_timeout", "2s")):
        statement = f"SELECT value FROM system_views.settings WHERE name = '{name}'"
        assert value.encode() in await query(node.address, node.port, statement)


async def test_a_port_in_use_is_an_error(cassandra: EmbeddedCassandra) -> None:
    with pytest.raises(PortInUse):
        await EmbeddedCassandra(port=cassandra.port).start()


async def test_a_directory_in_use_is_an_error(
    cassandra: EmbeddedCassandra, directory: Path
) -> None:
    with pytest.raises(DirectoryInUse):
        await EmbeddedCassandra(directory=directory).start()

    assert await answers(cassandra.nodes[0])


async def test_a_paused_node_resumes(node: Node) -> None:
    assert node.pid is not None
    node.pause()
    with anyio.fail_after(60):
        while not is_stopped(node.pid):  # a busy process stops when it gets its turn
            await anyio.sleep(0.01)
    assert node.is_running

    node.resume()
    assert await answers(node)


async def test_a_killed_node_starts_again_with_its_data(node: Node) -> None:
    await query(node.address, node.port, CREATE)
    before = node.pid
    node.kill()
    assert not node.is_running
    await node.wait_dead()
    await node.start()

    assert node.pid not in {None, before}
    assert b"kept" in await query(node.address, node.port, KEYSPACES)


async def test_the_data_outlives_a_stop(cassandra: EmbeddedCassandra, directory: Path) -> None:
    await cassandra.stop()
    await cassandra.stop()
    assert len(cassandra.nodes) == 0
    with pytest.raises(DirectoryRefused, match=r"127\.0\.0\.1"):
        await EmbeddedCassandra(2, directory=directory).start()

    await cassandra.start()
    node = cassandra.nodes[0]
    assert b"kept" in await query(node.address, node.port, KEYSPACES)


async def test_a_failed_start_shows_the_log_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NodeFailed, match="no_such_setting") as caught:
        await EmbeddedCassandra(settings={"no_such_setting": 1}).start()

    assert "no_such_setting" in caught.value.log_tail
    assert names(tmp_path) == []


async def test_a_start_that_times_out_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cassandra = EmbeddedCassandra(start_timeout=0.3)
    with pytest.raises(NodeTimedOut, match=r"within 0\.3 s"):
        await cassandra.start()

    assert cassandra.nodes == ()
    assert names(tmp_path) == []


async def test_a_cancelled_start_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cassandra = EmbeddedCassandra()
    pids = []

    async def cancel_when_it_runs(scope: anyio.CancelScope) -> None:
        while not (cassandra.nodes and cassandra.nodes[0].is_running):
            await anyio.sleep(0.01)
        pids.append(cassandra.nodes[0].pid)
        scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(cancel_when_it_runs, group.cancel_scope)
        await cassandra.start()

    assert cassandra.nodes == ()
    assert [pid for pid in pids if pid is None or is_alive(pid)] == []
    assert names(tmp_path) == []
