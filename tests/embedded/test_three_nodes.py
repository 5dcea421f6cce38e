"""A real Cassandra of three nodes, started side by side."""

import pytest

from event_store_async.embedded import EmbeddedCassandra

from .cql import query

pytestmark = pytest.mark.slow

TWO = (2).to_bytes(8)
"""The end of an answer that counts two rows: a CQL bigint."""


async def test_three_nodes_know_each_other() -> None:
    async with EmbeddedCassandra(3) as cassandra:
        assert cassandra.contact_points == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        assert {node.port for node in cassandra.nodes} == {cassandra.port}
        first, _, third = cassandra.nodes
        third.kill()
        await third.start()

        for node in cassandra.nodes:
            peers = await query(node.address, node.port, "SELECT COUNT(*) FROM system.peers_v2")
            assert peers.endswith(TWO)
        await first.stop()
        assert not first.is_running
