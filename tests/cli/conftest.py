"""A shell on the server under test, in a folder and a keyspace of its own."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from event_store_async import EventStore

from ..fixtures.server import Server
from ..fixtures.stores import opened_with_feed
from .running import Shell


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give a shell without any server configured, in an empty folder."""
    for name in [name for name in os.environ if name.startswith("EVENT_STORE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return Shell({}, tmp_path)


@pytest.fixture
def there(server: Server) -> dict[str, str]:
    """Give the environment variables that point to the server."""
    ((datacenter, _),) = server.replication.items()
    return {
        "EVENT_STORE_CONTACT_POINTS": ",".join(server.contact_points),
        "EVENT_STORE_PORT": str(server.port),
        "EVENT_STORE_DATACENTER": server.local_datacenter or datacenter,
    }


@pytest.fixture
def shell(nowhere: Shell, there: dict[str, str], store: EventStore, keyspace: str) -> Shell:
    """Give a shell on the server and on the module's keyspace, which has its table."""
    return Shell({**there, "EVENT_STORE_KEYSPACE": keyspace}, nowhere.folder)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_store(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store whose table has a feed; it sequences."""
    async with opened_with_feed(server, f"{keyspace}_feed") as opened:
        yield opened


@pytest.fixture
def feed_shell(shell: Shell, feed_store: EventStore, keyspace: str) -> Shell:
    """Give a shell on the table with a feed."""
    return Shell({**shell.environment, "EVENT_STORE_KEYSPACE": f"{keyspace}_feed"}, shell.folder)
