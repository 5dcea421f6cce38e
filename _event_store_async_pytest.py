"""
The pytest plugin: fixtures that give tests a store.

It is a module beside the package, because pytest imports it at every start: neither the library nor
the driver is loaded until a test uses one of the fixtures. For the same reason it must not break a
run that does not use it: names that pytest 7.4 lacks are in quotes, and options and variables are
checked when a fixture needs them.
"""

import os
from collections.abc import AsyncGenerator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from event_store_async import EventStore, MemoryEventStore
    from event_store_async.testing.servers import CassandraServer

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # another plugin may run async fixtures; one fixture is plain
    async_fixture = pytest.fixture  # type: ignore[assignment]

_VERSION = pytest.StashKey[str]()
_OPTIONS = {
    "cassandra": ("VERSION", "version of the Cassandra to start, such as 4.1 (5.0)"),
    "contact-points": ("HOSTS", "nodes, separated by commas; if not set, one is started"),
    "port": ("PORT", "native port of the nodes (9042)"),
    "datacenter": ("NAME", "datacenter to connect to, if the cluster has several"),
    "replicas": ("N", "replicas of the keyspaces that tests create (1)"),
}
_MISSING = (
    "There is no Cassandra to test on. To have one started, {install}. To use one that runs: "
    "--event-store-contact-points=127.0.0.1"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name a cluster; each is also an environment variable."""
    group = parser.getgroup("event store", "event_store_async: the Cassandra to test on")
    for name, (metavar, text) in _OPTIONS.items():
        group.addoption(
            f"--event-store-{name}",
            metavar=metavar,
            help=f"{text}; default: {_variable(name)}",
        )


def pytest_report_header(config: pytest.Config) -> str:
    """Name the Cassandra that the stores will use."""
    points = _given(config, "contact-points")
    if points:
        return f"event store: Cassandra at {points}:{_given(config, 'port') or 9042}"
    return f"event store: embedded Cassandra {_embedded(config)}, started when a test asks for it"


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Name the version that the Cassandra reported, if a test used it."""
    version = terminalreporter.config.stash.get(_VERSION, None)
    if version is not None:
        terminalreporter.write_line(f"event store: the tests ran on Cassandra {version}")


@pytest.fixture
def memory_event_store() -> "MemoryEventStore":
    """Return an empty `MemoryEventStore`."""
    from event_store_async import MemoryEventStore

    return MemoryEventStore()


@pytest.fixture(scope="session")
def event_store_server(pytestconfig: pytest.Config) -> "Iterator[CassandraServer]":
    """Yield the Cassandra of the session; its `connect(keyspace)` opens stores on it."""
    from event_store_async import InvalidArgument
    from event_store_async.extras import install_hint
    from event_store_async.testing.servers import cassandra_server, existing_cluster

    try:
        cluster = existing_cluster({name: _option(pytestconfig, name) for name in _OPTIONS})
    except InvalidArgument as error:
        pytest.fail(str(error), pytrace=False)
    serving = cassandra_server(cluster, _given(pytestconfig, "cassandra") or None)
    try:
        server = serving.__enter__()
    except InvalidArgument as error:
        pytest.fail(str(error), pytrace=False)
    except ImportError as error:
        missing = _MISSING.format(install=install_hint("embedded"))
        pytest.fail(f"{missing} ({error})", pytrace=False)
    try:
        pytestconfig.stash[_VERSION] = server.version
        yield server
    finally:
        serving.__exit__(None, None, None)


@pytest.fixture(scope="module")
def event_store_keyspace(event_store_server: "CassandraServer") -> Iterator[str]:
    """Yield the name of the module's own keyspace, with its table; dropped at the end."""
    with event_store_server.keyspace() as name:
        yield name


@async_fixture
async def event_store(
    event_store_server: "CassandraServer", event_store_keyspace: str
) -> "AsyncGenerator[EventStore, None]":
    """Yield an `EventStore` on the module's keyspace, connected on the test's own loop."""
    store = await event_store_server.connect(event_store_keyspace)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(scope="module")
def event_store_feed_keyspace(event_store_server: "CassandraServer") -> Iterator[str]:
    """Yield the name of a keyspace of the module whose table has a feed; dropped at the end."""
    with event_store_server.keyspace(feed=True) as name:
        yield name


@async_fixture
async def event_store_with_feed(
    event_store_server: "CassandraServer", event_store_feed_keyspace: str
) -> "AsyncGenerator[EventStore, None]":
    """Yield an `EventStore` with a feed, connected on the test's own loop."""
    store = await event_store_server.connect(event_store_feed_keyspace)
    try:
        yield store
    finally:
        await store.close()


def _embedded(config: pytest.Config) -> str:
    """Return the version that would be started, without importing the package."""
    wanted = _given(config, "cassandra") or "5.0"
    spec = find_spec("event_store_async")
    folders = [] if spec is None else spec.submodule_search_locations or []
    locks = [lock for folder in folders for lock in Path(folder).glob("embedded/jars-*.lock")]
    versions = [lock.stem.removeprefix("jars-") for lock in locks]
    return next((full for full in versions if wanted in {full, full.rpartition(".")[0]}), wanted)


def _given(config: pytest.Config, name: str) -> str | None:
    """Return an option or its variable, unchecked; None or empty if neither is given."""
    return _option(config, name) or os.environ.get(_variable(name))


def _option(config: pytest.Config, name: str) -> str | None:
    given: str | None = config.getoption(f"--event-store-{name}")
    return given


def _variable(name: str) -> str:
    return f"EVENT_STORE_{name.upper().replace('-', '_')}"
