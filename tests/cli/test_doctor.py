"""`event-store doctor`, on a real server with wrong tables."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from event_store_async import EventStore, Settings, StoreClosed
from event_store_async.cassandra import Severity

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .running import Done, Shell

COLUMNS = """(stream_id uuid, version int, payload blob, timestamp bigint, max_version int static,
    event_id uuid, event_type text, content_type text, metadata blob,
    PRIMARY KEY (stream_id, version))"""


def findings(done: Done) -> dict[str, dict[str, str]]:
    return {finding["check"]: finding for finding in orjson.loads(done.out)["findings"]}


async def test_a_table_of_this_library_needs_no_change(shell: Shell, server: Server) -> None:
    done = await shell("doctor", "--json")
    found = findings(done)

    assert done.code == 0
    assert orjson.loads(done.out)["must_be_changed"] is False
    for check in ("schema", "paxos_variant", "default_time_to_live", "compaction", "compression"):
        assert found[check]["level"] == "ok", check
    assert found["paxos_variant"]["found"] == "v2"
    assert found["clock"]["level"] == "ok"
    assert found["local datacenter"]["found"].startswith(next(iter(server.replication)))
    assert found["driver"]["found"] == "acsylla 1.2.0"


async def test_wrong_options_are_found(shell: Shell, store: EventStore, keyspace: str) -> None:
    table = f"wrong_{uuid4().hex[:8]}"
    await run_cql(
        store,
        f"CREATE TABLE {keyspace}.{table} {COLUMNS} WITH default_time_to_live = 86400 "
        "AND compaction = {'class': 'SizeTieredCompactionStrategy'} "
        "AND compression = {'enabled': 'false'} AND gc_grace_seconds = 60 "
        "AND speculative_retry = 'NEVER'",
    )

    done = await shell("doctor", "--table", table, "--json")
    found = findings(done)

    assert done.code == 5
    assert found["default_time_to_live"]["level"] == "must"
    assert found["schema"]["level"] == "must"
    assert (
        found["default_time_to_live"]["change"]
        == f'ALTER TABLE "{keyspace}"."{table}" WITH default_time_to_live = 0'
    )
    for check in ("compaction", "compression", "gc_grace_seconds", "speculative_retry"):
        assert found[check]["level"] == "advice", check


async def test_the_suggested_change_works(shell: Shell, store: EventStore, keyspace: str) -> None:
    table = f"wrong_{uuid4().hex[:8]}"
    await run_cql(
        store,
        f"CREATE TABLE {keyspace}.{table} {COLUMNS} WITH default_time_to_live = 86400 "
        "AND compaction = {'class': 'TimeWindowCompactionStrategy'} "
        "AND compression = {'class': 'LZ4Compressor', 'chunk_length_in_kb': 64} "
        "AND gc_grace_seconds = 60 AND speculative_retry = 'ALWAYS'",
    )
    before = findings(await shell("doctor", "--table", table, "--json"))

    for finding in before.values():
        if (finding["change"] or "").startswith("ALTER TABLE"):
            await run_cql(store, finding["change"])
    await shell("schema", "migrate", "--table", table)
    done = await shell("doctor", "--table", table, "--json")

    options = {"default_time_to_live", "compaction", "compression", "gc_grace_seconds"}
    changed = {name for name in (*options, "speculative_retry") if before[name]["level"] != "ok"}
    assert changed == {*options, "speculative_retry"}
    assert {findings(done)[name]["level"] for name in changed} == {"ok"}
    assert done.code == 0


async def test_a_missing_table_is_a_finding(shell: Shell, server: Server) -> None:
    ((datacenter, _),) = server.replication.items()
    done = await shell("doctor", "--keyspace", "no_such_keyspace")

    assert done.code == 5
    assert "MUST    schema: no_such_keyspace.events: there is no such table" in done.out
    assert "change: run `event-store schema create --keyspace no_such_keyspace" in done.out
    assert f"--replication {datacenter}=" in done.out, "nothing is left to fill in"
    assert "must be changed: 1" in done.out


async def test_simple_strategy_and_more_replicas_than_nodes(
    shell: Shell, store: EventStore, server: Server
) -> None:
    ((datacenter, count),) = server.replication.items()
    simple, many = (f"test_{uuid4().hex[:12]}" for _ in "12")
    await run_cql(
        store,
        f"CREATE KEYSPACE {simple} WITH replication = "
        f"{{'class': 'SimpleStrategy', 'replication_factor': {count}}}",
    )
    await run_cql(
        store,
        f"CREATE KEYSPACE {many} WITH replication = "
        f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': 99}}",
    )

    first = findings(await shell("doctor", "--keyspace", simple, "--json"))
    second = findings(await shell("doctor", "--keyspace", many, "--json"))
    for name in (simple, many):
        await run_cql(store, f"DROP KEYSPACE {name}")

    assert "SimpleStrategy" in first["replication"]["found"]
    assert second["replication"]["level"] == "must"
    assert "a quorum of 99 is 50" in second["replication"]["why"]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wrong_clock_is_found(
    server: Server, store: EventStore, keyspace: str, hours: int
) -> None:
    """It is this process's clock, as the server's cannot be set."""
    off = timedelta(hours=hours)
    settings = Settings(clock=lambda: datetime.now(UTC) + off)
    async with server.connect(keyspace, settings=settings) as late:
        examination = await late.operations.examine()

    clocks = [finding for finding in examination.findings if finding.check == "clock"]
    assert {finding.severity for finding in clocks} == {Severity.MUST}
    for node in examination.state.nodes:
        assert node.clock is not None
        assert abs(node.clock.ahead + off) < timedelta(seconds=30)


async def test_every_node_is_known_with_its_settings(server: Server, store: EventStore) -> None:
    state = (await store.operations.examine()).state

    assert len(state.nodes) >= len(server.contact_points)
    assert all((node.settings or {}).get("commitlog_sync") for node in state.nodes)
    assert {node.release for node in state.nodes} == {state.schema.release}


async def test_a_closed_store_cannot_be_examined(server: Server, keyspace: str) -> None:
    async with server.connect(keyspace) as closed:
        pass

    with pytest.raises(StoreClosed):
        await closed.operations.examine()
