"""The key store on Cassandra passes the contract: on a session of its own, and on a store's."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from event_store_async import EventStore
from event_store_async.cassandra import CassandraKeyStore, Opening
from event_store_async.testing.contract import KeyStoreContract

from ..fixtures.keys import XorWrapper
from ..fixtures.server import Server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def table(server: Server, store: EventStore, keyspace: str) -> str:
    """Give the name of a table of keys in the keyspace of the module."""
    keys = store.key_store(None)
    await keys.create_schema(server.replication)
    return keyspace


class TestCassandraKeys(KeyStoreContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def keys(self, server: Server, table: str) -> AsyncGenerator[CassandraKeyStore, None]:
        self.server, self.keyspace = server, table
        async with self.connected(table) as keys:
            yield keys

    def connected(self, keyspace: str) -> Opening[CassandraKeyStore]:
        return CassandraKeyStore.connect(
            self.server.contact_points,
            port=self.server.port,
            local_datacenter=self.server.local_datacenter,
            keyspace=keyspace,
            wrapper=XorWrapper(),
        )

    async def reopened(self, _: CassandraKeyStore) -> CassandraKeyStore:
        return await self.connected(self.keyspace)


class TestSharedKeys(KeyStoreContract):
    @pytest.fixture
    def keys(self, store: EventStore, table: str) -> CassandraKeyStore:
        self.store = store
        return store.key_store(XorWrapper(), keyspace=table)

    async def reopened(self, _: CassandraKeyStore) -> CassandraKeyStore:
        return self.store.key_store(XorWrapper())
