"""The pytest plugin, as it runs in a user's own project."""

import importlib
import os
import sys
import types

import pytest

from event_store_async import EventStore
from event_store_async.embedded.releases import find_release
from event_store_async.testing.servers import ExistingCluster, existing_cluster

from ..fixtures.server import Server

AGGREGATE = """
import pytest
from uuid import uuid4
from event_store_async.aggregates import Reducer, Rejected
from event_store_async.testing import given

BALANCE = Reducer(0, lambda balance, amount: balance + amount)

def withdraw_40(balance):
    return [-40] if balance >= 40 else Rejected("too little")

def test_a_withdrawal():
    given(BALANCE, 50).when(withdraw_40).then(-40)

@pytest.mark.asyncio
async def test_it_is_stored(memory_event_store):
    assert (await memory_event_store.persist_events(uuid4(), [-40])).version == 1
"""

ON_CASSANDRA = """
import pytest
from uuid import uuid4

STREAM = uuid4()
{mark}
async def test_it_is_stored(event_store):
    result = await event_store.persist_events(STREAM, ["a", "b"], 0)
    assert [e.payload async for e in event_store.read_events(STREAM)] == ["a", "b"]
{mark}
async def test_the_module_has_one_keyspace(event_store):
    assert await event_store.current_version(STREAM) == 2
"""
STRICT = "@pytest.mark.asyncio"

WARNINGS_ARE_ERRORS = ("-Werror", "-oasyncio_default_fixture_loop_scope=function")
"""pytest-asyncio warns if the scope is not set."""

PRINTING = """
async def test_it(event_store, event_store_keyspace):
    print("in", {number}, "of", event_store_keyspace)
    await event_store.persist_events(__import__("uuid").UUID(int=1), [1], 0)
"""


@pytest.fixture
def options(server: Server) -> list[str]:
    """Return the options that name the server under test, as a user would give them."""
    (datacenter, replicas), *_ = server.replication.items()
    return [
        f"--event-store-contact-points={','.join(server.contact_points)}",
        f"--event-store-port={server.port}",
        f"--event-store-datacenter={datacenter}",
        f"--event-store-replicas={replicas}",
    ]


def test_a_users_module_of_fifteen_lines(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(AGGREGATE)

    result = pytester.runpytest_subprocess(*WARNINGS_ARE_ERRORS)

    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*the tests ran on Cassandra*")


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_stores_on_a_named_cluster(
    pytester: pytest.Pytester, options: list[str], server: Server, mode: str
) -> None:
    pytester.makepyfile(ON_CASSANDRA.format(mark=STRICT if mode == "strict" else ""))

    result = pytester.runpytest_subprocess(f"--asyncio-mode={mode}", *WARNINGS_ARE_ERRORS, *options)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            f"event store: Cassandra at {','.join(server.contact_points)}:{server.port}",
            "event store: the tests ran on Cassandra *.*",
        ]
    )


def test_one_loop_for_the_session_works_too(pytester: pytest.Pytester, options: list[str]) -> None:
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\n"
        "asyncio_default_fixture_loop_scope = session\nasyncio_default_test_loop_scope = session\n"
    )
    pytester.makepyfile(ON_CASSANDRA.format(mark=""))

    pytester.runpytest_subprocess("-W", "error", *options).assert_outcomes(passed=2)


async def test_each_module_has_a_keyspace_of_its_own_that_is_dropped(
    pytester: pytest.Pytester, options: list[str], store: EventStore
) -> None:
    pytester.makepyfile(test_one=PRINTING.format(number=1), test_two=PRINTING.format(number=2))

    result = pytester.runpytest_subprocess("--asyncio-mode=auto", "-s", *options)

    result.assert_outcomes(passed=2)
    names = {
        line.rpartition(" ")[2].rstrip(".") for line in result.outlines if line.find("of test_") > 0
    }
    assert len(names) == 2
    listing = await store._engine.session.raw.execute(_listing())
    assert names.isdisjoint(row.as_list()[0] for row in listing)


def _listing() -> object:
    from acsylla import create_statement

    return create_statement("SELECT keyspace_name FROM system_schema.keyspaces")


def test_nothing_heavy_is_loaded_before_a_fixture_is_asked_for(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENT_STORE_CASSANDRA", raising=False)
    monkeypatch.delenv("EVENT_STORE_CONTACT_POINTS", raising=False)
    pytester.makepyfile(
        """
        import sys

        def test_what_is_loaded():
            heavy = {"acsylla", "event_store_async", "orjson", "jgo", "psutil"}
            assert heavy.isdisjoint(sys.modules)
        """
    )

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["event store: embedded Cassandra 5.0.8, started when a test asks for it"]
    )


def test_without_the_extra_and_without_a_server_it_says_what_to_do(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENT_STORE_CONTACT_POINTS", raising=False)
    pytester.makeconftest("import sys\nsys.modules['event_store_async.embedded'] = None\n")
    pytester.makepyfile(ON_CASSANDRA.format(mark=""))

    result = pytester.runpytest_subprocess("--asyncio-mode=auto")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*pip install 'event_store_async[[]embedded]'*"])


SERVICE_LINK = "tcp://10.96.14.7:9042"
"""What Kubernetes puts into EVENT_STORE_PORT, if there is a Service named event-store."""

NEEDS_A_SERVER = """
def test_it(event_store_server):
    pass
"""


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove the variables that name a cluster."""
    for name in [name for name in os.environ if name.startswith("EVENT_STORE_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("port=none", "--event-store-port must be a number from 1 to 65535, not 'none'"),
        ("port=0", "--event-store-port must be a number from 1 to 65535, not '0'"),
        ("port=65536", "--event-store-port must be a number from 1 to 65535, not '65536'"),
        (f"port={'9' * 5000}", "--event-store-port must be a number from 1 to 65535, not *"),
        ("replicas=many", "--event-store-replicas must be a number above 0, not 'many'"),
    ],
)
def test_options_that_are_not_numbers_are_refused_when_a_server_is_needed(
    pytester: pytest.Pytester, option: str, says: str, unset: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_one=NEEDS_A_SERVER, test_two="def test_alone(): pass")

    result = pytester.runpytest_subprocess(
        "--event-store-contact-points=127.0.0.1", f"--event-store-{option}"
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([says])


@pytest.mark.parametrize("value", [SERVICE_LINK, "", "none"])
@pytest.mark.parametrize("name", ["PORT", "REPLICAS"])
def test_a_run_that_needs_no_server_heeds_no_variable(
    pytester: pytest.Pytester, unset: pytest.MonkeyPatch, name: str, value: str
) -> None:
    unset.setenv(f"EVENT_STORE_{name}", value)
    unset.setenv("EVENT_STORE_CONTACT_POINTS", "10.0.0.1")
    pytester.makepyfile("def test_alone(memory_event_store): pass")

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_variable_of_kubernetes_is_named_and_explained(
    pytester: pytest.Pytester, unset: pytest.MonkeyPatch
) -> None:
    unset.setenv("EVENT_STORE_PORT", SERVICE_LINK)
    unset.setenv("EVENT_STORE_CONTACT_POINTS", "127.0.0.1")
    pytester.makepyfile(NEEDS_A_SERVER)

    result = pytester.runpytest_subprocess()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            f"EVENT_STORE_PORT must be a number from 1 to 65535, not '{SERVICE_LINK}'*",
            "*Kubernetes sets such variables for a Service named event-store*",
        ]
    )


def test_only_contact_points_name_a_cluster(unset: pytest.MonkeyPatch) -> None:
    unset.setenv("EVENT_STORE_PORT", SERVICE_LINK)

    assert existing_cluster() is None
    assert existing_cluster({"contact-points": "", "port": "none"}) is None


def test_an_empty_variable_or_option_is_not_given(unset: pytest.MonkeyPatch) -> None:
    unset.setenv("EVENT_STORE_CONTACT_POINTS", "10.0.0.1")
    for name in ("PORT", "DATACENTER", "REPLICAS", "USERNAME", "PASSWORD"):
        unset.setenv(f"EVENT_STORE_{name}", "")

    assert existing_cluster() == ExistingCluster("10.0.0.1")
    assert existing_cluster({"port": "", "replicas": ""}) == ExistingCluster("10.0.0.1")


def test_an_option_overrides_its_variable(unset: pytest.MonkeyPatch) -> None:
    unset.setenv("EVENT_STORE_CONTACT_POINTS", "10.0.0.1")
    unset.setenv("EVENT_STORE_PORT", SERVICE_LINK)
    unset.setenv("EVENT_STORE_REPLICAS", "3")

    assert existing_cluster({"port": "9100"}) == ExistingCluster("10.0.0.1", port=9100, replicas=3)


def test_the_environment_names_a_cluster_too(
    pytester: pytest.Pytester, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (datacenter, replicas), *_ = server.replication.items()
    monkeypatch.setenv("EVENT_STORE_CONTACT_POINTS", ",".join(server.contact_points))
    monkeypatch.setenv("EVENT_STORE_PORT", str(server.port))
    monkeypatch.setenv("EVENT_STORE_DATACENTER", datacenter)
    monkeypatch.setenv("EVENT_STORE_REPLICAS", str(replicas))
    pytester.makepyfile(ON_CASSANDRA.format(mark=""))

    pytester.runpytest_subprocess("--asyncio-mode=auto").assert_outcomes(passed=2)


def test_a_server_that_cannot_be_reached_is_an_error_not_a_hang(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(ON_CASSANDRA.format(mark=""))

    result = pytester.runpytest_subprocess(
        "--asyncio-mode=auto", "--event-store-contact-points=127.0.0.1", "--event-store-port=1"
    )

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*ConnectionFailed*"])


@pytest.mark.parametrize(
    ("option", "shown"),
    [("4.1", "4.1.10"), ("5.0", "5.0.8"), ("5.0.8", "5.0.8"), ("3.11", "3.11")],
)
def test_the_version_to_start_is_shown(
    pytester: pytest.Pytester, unset: pytest.MonkeyPatch, option: str, shown: str
) -> None:
    by_option = pytester.runpytest_subprocess(f"--event-store-cassandra={option}")
    unset.setenv("EVENT_STORE_CASSANDRA", option)
    by_variable = pytester.runpytest_subprocess()

    for result in (by_option, by_variable):
        result.stdout.fnmatch_lines([f"event store: embedded Cassandra {shown}, started when *"])


def test_an_unknown_version_is_refused_when_a_server_is_needed(
    pytester: pytest.Pytester, unset: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(test_one=NEEDS_A_SERVER, test_two="def test_alone(): pass")

    result = pytester.runpytest_subprocess("--event-store-cassandra=3.11")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*no lock file for Cassandra 3.11*4.1.10, 5.0.8*"])


@pytest.mark.slow
def test_it_starts_a_cassandra_if_none_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENT_STORE_CONTACT_POINTS", raising=False)
    pytester.makepyfile(ON_CASSANDRA.format(mark=""))

    result = pytester.runpytest_subprocess("--asyncio-mode=auto", *WARNINGS_ARE_ERRORS)

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [f"event store: the tests ran on Cassandra {find_release(None).version}"]
    )


def test_it_can_be_turned_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(AGGREGATE)

    result = pytester.runpytest_subprocess("-p", "no:event_store_async")

    result.assert_outcomes(passed=1, errors=1)


def test_it_loads_under_a_pytest_that_lacks_newer_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest loads it in every run of everybody who has the package installed, old pytests too."""
    names = ("Config", "Parser", "StashKey", "UsageError", "fail", "fixture")  # those of pytest 7.0
    old = types.ModuleType("pytest")
    for name in names:
        setattr(old, name, getattr(pytest, name))
    monkeypatch.setitem(sys.modules, "pytest", old)
    monkeypatch.delitem(sys.modules, "_event_store_async_pytest", raising=False)

    plugin = importlib.import_module("_event_store_async_pytest")

    assert plugin.pytest is old
    assert callable(plugin.pytest_terminal_summary)
