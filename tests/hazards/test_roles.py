"""Roles: what a role must be granted, on a real server, by the statements of docs/connecting.md."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from event_store_async import (
    ANY,
    NO_STREAM,
    EventStore,
    EventStoreError,
    NewEvent,
    RequestRefused,
    SchemaChangeFailed,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Reducer,
    Repository,
    Snapshot,
)
from event_store_async.cassandra import Opening
from event_store_async.embedded import EmbeddedCassandra

from ..docs.blocks import blocks
from ..fixtures.stores import read_all

PAGE: Final = Path(__file__).parents[2] / "docs" / "connecting.md"
PASSWORD: Final = "a password"
SUPERUSER: Final = "cassandra"
"""The name and the password of the role that a new cluster has."""

SNAPSHOT: Final = Snapshot({"total": 3}, 3, datetime(2026, 1, 1, tzinfo=UTC))
SETTINGS: Final = {
    "authenticator": "PasswordAuthenticator",
    "authorizer": "CassandraAuthorizer",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded() -> AsyncGenerator[EmbeddedCassandra, None]:
    """Give a server that asks for passwords, and allows roles only what they were granted."""
    async with EmbeddedCassandra(settings=SETTINGS) as cluster:
        yield cluster


def connecting(
    cluster: EmbeddedCassandra, role: str, password: str, keyspace: str, table: str = "events"
) -> Opening[EventStore]:
    return EventStore.connect(
        cluster.contact_points,
        port=cluster.port,
        keyspace=keyspace,
        table=table,
        local_datacenter=cluster.local_datacenter,
        username=role,
        password=password,
        connect_timeout=60.0,
    )


def statements_of(role: str) -> list[str]:
    """Return the page's statements about a role: the first creates it, the others are grants."""
    (block,) = [block for block in blocks(PAGE) if block.language == "cql"]
    lines = (line for line in block.text.splitlines() if not line.startswith("--"))
    statements = [text.strip() for text in " ".join(lines).split(";")]
    return [text for text in statements if role in text]


async def make_role(
    admin: EventStore, like: str, keyspace: str, *, without: str | None = None
) -> str:
    """Create a role as the page does, with its grants except the one that contains *without*."""
    name = f"role_{uuid4().hex[:8]}"
    made, *grants = statements_of(like)
    kept = [grant for grant in grants if without is None or without not in grant]
    assert len(kept) == len(grants) - (without is not None)
    for text in (made, *kept):
        ours = text.replace(like, name).replace("ON bank.", f"ON {keyspace}.")
        ours = ours.replace("KEYSPACE bank ", f"KEYSPACE {keyspace} ").replace("…", PASSWORD)
        await admin._engine.session.change_schema(ours, timeout=60)
    return name


@pytest_asyncio.fixture(loop_scope="session")
async def admin(guarded: EmbeddedCassandra) -> AsyncGenerator[EventStore, None]:
    """Give a superuser's store, in a keyspace of its own whose tables belong to the superuser."""
    keyspace = f"guarded_{uuid4().hex[:8]}"
    async with connecting(guarded, SUPERUSER, SUPERUSER, keyspace) as store:
        await store.create_schema({guarded.local_datacenter: 1})
        yield store


def keyspace_of(admin: EventStore) -> str:
    return admin.statistics().source.keyspace


async def test_the_pages_role_of_an_application_suffices(
    guarded: EmbeddedCassandra, admin: EventStore
) -> None:
    keyspace, stream_id = keyspace_of(admin), uuid4()
    role = await make_role(admin, "bank_app", keyspace)

    async with connecting(guarded, role, PASSWORD, keyspace) as store:
        await store.persist_events(stream_id, ["a"], 0)
        await store.persist_events(stream_id, ["b"])
        event = NewEvent("c")
        for _ in range(2):
            await store.persist_events(stream_id, [event])
        events = await read_all(store, stream_id)

        assert [event.payload for event in events] == ["a", "b", "c"]
        assert await store.current_version(stream_id) == 3
        assert (await store.health(timeout=60)).is_ready
        await store.snapshots.save(stream_id, "total/1", SNAPSHOT)
        assert await store.snapshots.load(stream_id, "total/1") is not None
        await store.snapshots.forget(stream_id)


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        ("SELECT ON bank.events TO", "no SELECT permission on <table {}.events>"),
        ("MODIFY ON bank.events TO", "no MODIFY permission on <table {}.events>"),
        (
            "SELECT ON bank.event_store_migrations",
            "no SELECT permission on <table {}.event_store_migrations>",
        ),
    ],
)
async def test_a_role_with_fewer_grants_learns_what_it_lacks(
    guarded: EmbeddedCassandra, admin: EventStore, without: str, missing: str
) -> None:
    keyspace, stream_id = keyspace_of(admin), uuid4()
    role = await make_role(admin, "bank_app", keyspace, without=without)

    async with connecting(guarded, role, PASSWORD, keyspace) as store:
        for expected in (ANY, NO_STREAM):
            with pytest.raises(RequestRefused) as caught:
                await store.persist_events(stream_id, ["a"], expected)

            assert missing.format(keyspace) in str(caught.value)
            assert "SELECT and MODIFY" in str(caught.value.hint)
        if "MODIFY" in without:
            assert await store.current_version(stream_id) == 0
    assert await admin.current_version(stream_id) == 0


@pytest.mark.parametrize("without", ["SELECT", "MODIFY"])
async def test_an_aggregate_is_loaded_by_a_role_that_may_not_use_its_snapshots(
    guarded: EmbeddedCassandra, admin: EventStore, without: str
) -> None:
    keyspace, stream_id = keyspace_of(admin), uuid4()
    lacking = f"{without} ON bank.events_snapshots TO"
    role = await make_role(admin, "bank_app", keyspace, without=lacking)
    reducer = Reducer[int, int](0, lambda total, amount: total + amount)
    await admin.persist_events(stream_id, [1] * 5)

    async with connecting(guarded, role, PASSWORD, keyspace) as store:
        repository = Repository(store, reducer, snapshots=store.snapshots, kind="total/1", every=1)
        loaded = await repository.load(stream_id)
        handled = await CommandHandler(repository, store).handle(Command(stream_id, lambda _: [1]))
        with pytest.raises(RequestRefused) as caught:
            await store.snapshots.save(stream_id, "total/1", SNAPSHOT)

    assert (loaded.version, loaded.aggregate) == (5, 5)
    assert isinstance(handled, CommandHandled)
    assert f"no {without} permission on <table {keyspace}.events_snapshots>" in str(caught.value)
    assert await admin.snapshots.load(stream_id, "total/1") is None


async def test_the_pages_role_of_a_migrator_suffices(
    guarded: EmbeddedCassandra, admin: EventStore
) -> None:
    keyspace = keyspace_of(admin)
    role = await make_role(admin, "bank_migrator", keyspace)
    await make_originals_table(admin, "taken_over")

    for table, migrations in (("made", ()), ("taken_over", ("0001_event_identity",))):
        async with connecting(guarded, role, PASSWORD, keyspace, table) as store:
            report = await store.create_schema()

        assert (report.created, report.migrations) == (not migrations, migrations)


@pytest.mark.parametrize(
    ("without", "error"),
    [
        ("CREATE", SchemaChangeFailed),
        ("ALTER", SchemaChangeFailed),
        ("SELECT", RequestRefused),
        ("MODIFY", RequestRefused),
    ],
)
async def test_a_migrator_with_fewer_grants_learns_what_it_lacks(
    guarded: EmbeddedCassandra, admin: EventStore, without: str, error: type[EventStoreError]
) -> None:
    keyspace = keyspace_of(admin)
    role = await make_role(admin, "bank_migrator", keyspace, without=f"GRANT {without} ")
    await make_originals_table(admin, "taken_over")

    async with connecting(guarded, role, PASSWORD, keyspace, "taken_over") as store:
        with pytest.raises(error, match=f"no {without} permission on <.*{keyspace}"):
            await store.create_schema()


async def make_originals_table(admin: EventStore, name: str) -> None:
    """Create a table as the Clojure original has it; it belongs to the role that creates it."""
    await admin._engine.session.change_schema(
        f"CREATE TABLE {keyspace_of(admin)}.{name} (stream_id uuid, version int, payload blob, "
        "timestamp bigint, max_version int static, PRIMARY KEY (stream_id, version))",
        timeout=60,
    )
