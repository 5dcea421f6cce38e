"""The store on Cassandra passes the contract; its fixture is the suite's own `store`."""

from typing import Any

import pytest

from event_store_async import EventStore
from event_store_async.testing.contract import CategoryContract, EventStoreContract


class TestCassandra(EventStoreContract):
    follows = True
    lists_streams = True
    is_monitored = True

    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace

    def reopened(self, store: EventStore, **options: Any) -> EventStore:
        return EventStore(store._engine.session.raw, keyspace=self.keyspace, **options)


class TestCassandraCategories(CategoryContract):
    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace

    def reopened(self, store: EventStore, **options: Any) -> EventStore:
        return EventStore(store._engine.session.raw, keyspace=self.keyspace, **options)
