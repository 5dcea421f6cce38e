"""
The pytest plugin: fixtures that give tests a store.

It is a module beside the package, because pytest imports it at every start: neither the library nor
the driver is loaded until a test uses one of the fixtures.
"""

import os
from collections.abc import AsyncGenerator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from event_store_async import EventStore, MemoryEventStore
    from event_store_async.testing.servers import CassandraServer, ExistingCluster

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # another plugin may run async fixtures; one fixture is plain
    async_fixture = pytest.fixture  # type: ignore[assignment]

_VERSION = pytest.StashKey[str]()
_MISSING = (
    "There is no Cassandra to test on. To have one started, {install}. To use one that runs: "
    "--event-store-contact-points=127.0.0.1"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name a cluster; each has an environment variable as its default."""
    group = parser.getgroup("event store", "event_store_async: the Cassandra to test on")
    for name, metavar, text in (
        ("contact-points", "HOSTS", "nodes, separated by commas; if not set, one is started"),
        ("port", "PORT", "native port of the nodes (9042)"),
        ("datacenter", "NAME", "datacenter to connect to, if the cluster has several"),
        ("replicas", "N", "replicas of the keyspaces that tests create (1)"),
    ):
        variable = f"EVENT_STORE_{name.upper().replace('-', '_')}"
        group.addoption(
            f"--event-store-{name}",
            metavar=metavar,
            default=os.environ.get(variable),
            help=f"{text}; default: {variable}",
        )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options that are numbers."""
    for name in ("port", "replicas"):
        _number(config, name)


def pytest_report_header(config: pytest.Config) -> str:
    """Name the Cassandra that the stores will use."""
    points = config.getoption("--event-store-contact-points")
    if points:
        return f"event store: Cassandra at {points}:{_number(config, 'port') or 9042}"
    return f"event store: embedded Cassandra {_embedded()}, started when a test asks for it"


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
    from event_store_async.extras import install_hint
    from event_store_async.testing.servers import cassandra_server

    serving = cassandra_server(_existing_cluster(pytestconfig))
    try:
        server = serving.__enter__()
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


def _embedded() -> str:
    """Return the version that would be started, without importing the package."""
    spec = find_spec("event_store_async")
    folders = [] if spec is None else spec.submodule_search_locations or []
    locks = [lock for folder in folders for lock in Path(folder).glob("embedded/jars-*.lock")]
    return " or ".join(sorted(lock.stem.removeprefix("jars-") for lock in locks))


def _existing_cluster(config: pytest.Config) -> "ExistingCluster | None":
    from event_store_async.testing.servers import ExistingCluster

    points = config.getoption("--event-store-contact-points")
    if not points:
        return None
    return ExistingCluster(
        points,
        port=_number(config, "port") or 9042,
        datacenter=config.getoption("--event-store-datacenter"),
        replicas=_number(config, "replicas") or 1,
        # No options for these: other users of the machine can see a command line.
        username=os.environ.get("EVENT_STORE_USERNAME"),
        password=os.environ.get("EVENT_STORE_PASSWORD"),
    )


def _number(config: pytest.Config, name: str) -> int | None:
    given = config.getoption(f"--event-store-{name}")
    if given is None:
        return None
    if not str(given).isdecimal() or int(given) < 1:
        raise pytest.UsageError(f"--event-store-{name} must be a number above 0, not {given!r}")
    return int(given)
