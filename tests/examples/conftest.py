"""Fixtures: they have the examples use the server under test."""

import pytest

from tests.fixtures.server import Server


@pytest.fixture
def pointed_at_the_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment variables that name the server under test, as a user would."""
    (datacenter, replicas), *_ = server.replication.items()
    monkeypatch.setenv("EVENT_STORE_CONTACT_POINTS", ",".join(server.contact_points))
    monkeypatch.setenv("EVENT_STORE_PORT", str(server.port))
    monkeypatch.setenv("EVENT_STORE_REPLICAS", str(replicas))
    monkeypatch.setenv("EVENT_STORE_DATACENTER", datacenter)
