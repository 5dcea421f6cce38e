"""Roles: what a role must be granted, on a real server, by the statements of docs/connecting.md."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
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
    Settings,
    SubscriptionUnknown,
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
from event_store_async.cassandra.feed import tables
from event_store_async.cassandra.schema.tables import FEED_SPECS, SUBSCRIPTION_SPECS
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.subscriptions import Beat, ParkedStream, SliceKey

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
    cluster: EmbeddedCassandra,
    role: str,
    password: str,
    keyspace: str,
    table: str = "events",
    settings: Settings | None = None,
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
        settings=settings,
    )


def statements_of(role: str) -> list[str]:
    """Return the page's statements about a role: the first creates it, the others are grants."""
    first, _ = [block for block in blocks(PAGE) if block.language == "cql"]
    return [text for text in statements_in(first.text) if role in text]


def grants_with_feed() -> list[str]:
    """Return the page's further grants to the application's role on a table with a feed."""
    _, second = [block for block in blocks(PAGE) if block.language == "cql"]
    return statements_in(second.text)


def statements_in(text: str) -> list[str]:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [text.strip() for text in " ".join(lines).split(";") if text.strip()]


async def make_role(
    admin: EventStore,
    like: str,
    keyspace: str,
    *,
    without: str | None = None,
    grants: Iterable[str] | None = None,
    further: Iterable[str] = (),
) -> str:
    """
    Create a role as the page does, with its grants except the one that contains *without*.

    Or with other *grants*, or with *further* ones.
    """
    name = f"role_{uuid4().hex[:8]}"
    made, *pages = statements_of(like)
    all_grants = [*(pages if grants is None else grants), *further]
    kept = [grant for grant in all_grants if without is None or without not in grant]
    assert len(kept) == len(all_grants) - (without is not None)
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


# Tables with a feed

PATIENCE: Final = 60.0
QUIET: Final = Settings(sequences=False)
ROWS: Final = 2
"""Rows of a part of a lane, few, so that finished parts are dropped soon."""


def columns() -> dict[str, list[str]]:
    """Return the grants of the page's table, by what they are for."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    (head,) = [index for index, row in enumerate(rows) if row[0] == "table"]
    return {
        purpose: [
            f"GRANT {permission} ON bank.{row[0].strip('`')} TO bank_app"
            for row in rows[head + 2 :]
            for permission in row[column].split(", ")
            if permission
        ]
        for column, purpose in enumerate(rows[head][1:], 1)
    }


def each_of(purpose: str) -> list[str]:
    """Return the grants that something needs, as in "SELECT ON bank.events TO"."""
    return [grant.removeprefix("GRANT ").removesuffix("bank_app") for grant in columns()[purpose]]


def missing(without: str, keyspace: str) -> str:
    """Return what the server says of a grant that is missing."""
    permission, _, table, _ = without.split()
    return f"no {permission} permission on <table {table.replace('bank', keyspace)}>"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_admin(guarded: EmbeddedCassandra) -> AsyncGenerator[EventStore, None]:
    """Give a superuser's store that does not sequence, on a table with a complete feed."""
    keyspace = f"guarded_{uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "PART_ROWS", ROWS)
        async with connecting(guarded, SUPERUSER, SUPERUSER, keyspace, settings=QUIET) as store:
            await store.create_schema({guarded.local_datacenter: 1}, feed=True)
            await store.operations.build_feed(lambda _: None)
            yield store


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


def test_the_page_grants_what_its_table_lists() -> None:
    """The statements of a role that does everything are the table's, all together."""
    _, *plain = statements_of("bank_app")
    listed = {grant for grants in columns().values() for grant in grants}

    assert list(columns()) == ["to append", "to read the feed", "to sequence"]
    assert listed <= {*plain, *grants_with_feed()}
    assert {spec.suffix for spec in (*FEED_SPECS, *SUBSCRIPTION_SPECS)} == {
        grant.split()[3].removeprefix("bank.events") for grant in grants_with_feed()
    }


async def test_the_pages_role_appends_reads_the_feed_and_sequences(
    guarded: EmbeddedCassandra, feed_admin: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    role = await make_role(feed_admin, "bank_app", keyspace, further=grants_with_feed())

    async with connecting(guarded, role, PASSWORD, keyspace) as store:
        feed = store.feed()
        start = await feed.head()
        for number in range(1, 2 * ROWS + 2):
            await store.persist_events(stream_id, [number])
        await feed.position_of(stream_id, 2 * ROWS + 1, timeout=PATIENCE)
        await until_dropped(store)
        health = await store.health(timeout=PATIENCE)

        assert [event.payload async for event in feed.read(start)] == [1, 2, 3, 4, 5]
        await use_subscriptions(store)
        assert store._engine.feed.runner.works()
        assert (health.is_ready, health.warnings) == (True, ())
    assert told(caplog) == []


async def use_subscriptions(store: EventStore) -> None:
    """Do with a subscription whatever needs a grant."""
    subscriptions, member, stream_id = store.subscriptions, uuid4(), uuid4()
    await subscriptions.register("mails", 1, await store.feed().head())
    await subscriptions.beat("mails", member, Beat(1, 1))
    lease = await subscriptions.claim(SliceKey("mails", 1, 0), member, 0)
    assert lease is not None
    row = ParkedStream(
        stream_id, 1, 1, lease.position, lease.position, None, "no", 1, datetime.now(UTC)
    )
    await subscriptions.commit(lease, lease.position, {stream_id: row})
    await subscriptions.skip("mails", stream_id, 1, reason="a test", by="tests")
    assert [each.version async for each in subscriptions.skipped("mails")] == [1]
    await subscriptions.leave("mails", member)
    await subscriptions.reset("mails", "now")
    assert [each.registration.generation async for each in subscriptions.all()] == [2]
    await subscriptions.forget("mails")


@pytest.mark.parametrize(
    "without",
    [
        f"{permission} ON bank.events{spec.suffix} TO"
        for spec in SUBSCRIPTION_SPECS
        for permission in ("SELECT", "MODIFY")
    ],
)
async def test_a_subscription_without_a_grant_names_it(
    guarded: EmbeddedCassandra, feed_admin: EventStore, without: str
) -> None:
    keyspace = keyspace_of(feed_admin)
    role = await make_role(
        feed_admin, "bank_app", keyspace, further=grants_with_feed(), without=without
    )

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        with pytest.raises(RequestRefused) as caught:
            await use_subscriptions(store)
    assert missing(without, keyspace) in str(caught.value)
    with suppress(SubscriptionUnknown):
        await feed_admin.subscriptions.forget("mails")


async def test_a_role_that_only_appends_needs_the_pages_grants_for_that(
    guarded: EmbeddedCassandra, feed_admin: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    role = await make_role(feed_admin, "bank_app", keyspace, grants=columns()["to append"])
    event = NewEvent("c")

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        await store.persist_events(stream_id, ["a"], 0)
        await store.persist_events(stream_id, ["b"])
        for _ in range(2):
            await store.persist_events(stream_id, [event])
        assert len(await read_all(store, stream_id)) == 3
        assert (await store.health(timeout=PATIENCE)).warnings == ()
    assert told(caplog) == []


async def test_a_role_that_only_reads_the_feed_needs_the_pages_grants_for_that(
    guarded: EmbeddedCassandra, feed_admin: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    role = await make_role(feed_admin, "bank_app", keyspace, grants=columns()["to read the feed"])
    start = await feed_admin.feed().head()
    await feed_admin.persist_events(stream_id, ["a"])
    async with connecting(guarded, SUPERUSER, SUPERUSER, keyspace) as sequencing:
        await sequencing.feed().position_of(stream_id, 1, timeout=PATIENCE)

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        feed = store.feed()
        located = await feed.position_of(stream_id, 1, timeout=PATIENCE)
        events = [event async for event in feed.read(start) if event.stream_id == stream_id]
        async with aclosing(feed.follow(start)) as following:
            followed = await anext(following)

        assert [event.payload for event in events] == ["a"]
        assert events[0].position <= located == await feed.locate(stream_id, 1)
        assert followed.position > start
        assert (await store.health(timeout=PATIENCE)).warnings == ()
    assert told(caplog) == []


async def test_a_role_that_only_sequences_needs_the_pages_grants_for_that(
    guarded: EmbeddedCassandra, feed_admin: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    role = await make_role(feed_admin, "bank_app", keyspace, grants=columns()["to sequence"])
    for number in range(2 * ROWS + 1):
        await feed_admin.persist_events(stream_id, [number])

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        sequencing = asyncio.ensure_future(store.operations.run_sequencer())
        await feed_admin.feed().position_of(stream_id, 2 * ROWS + 1, timeout=PATIENCE)
        await until_dropped(feed_admin)
        assert (await store.health(timeout=PATIENCE)).warnings == ()
        sequencing.cancel()
        await asyncio.wait([sequencing])
    assert told(caplog) == []


@pytest.mark.parametrize("without", each_of("to append"))
async def test_an_append_without_a_grant_names_it(
    guarded: EmbeddedCassandra,
    feed_admin: EventStore,
    without: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    grants = columns()["to append"]
    role = await make_role(feed_admin, "bank_app", keyspace, grants=grants, without=without)

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        if "doorbells" in without:
            for number in range(3):
                await store.persist_events(stream_id, [number])
                with anyio.fail_after(PATIENCE):
                    while store._engine.feed._lane._bell.ringing is not None:
                        await anyio.sleep(0.01)
            (warning,) = told(caplog)
            assert warning.startswith("appends may reach the feed late")
            assert missing(without, keyspace) in warning
            return
        with pytest.raises(RequestRefused) as caught:
            await store.persist_events(stream_id, ["a"])
        assert missing(without, keyspace) in str(caught.value)
        assert "tables of its feed" in str(caught.value.hint)
    assert await feed_admin.current_version(stream_id) == 0


@pytest.mark.parametrize("without", each_of("to read the feed"))
async def test_a_read_of_the_feed_without_a_grant_names_it(
    guarded: EmbeddedCassandra, feed_admin: EventStore, without: str
) -> None:
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    grants = columns()["to read the feed"]
    role = await make_role(feed_admin, "bank_app", keyspace, grants=grants, without=without)
    await feed_admin.persist_events(stream_id, ["a"])
    async with connecting(guarded, SUPERUSER, SUPERUSER, keyspace) as sequencing:
        await sequencing.feed().position_of(stream_id, 1, timeout=PATIENCE)

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        with pytest.raises(RequestRefused) as caught:
            if "progress" in without:
                await store.feed().locate(stream_id, 1)
            else:
                await store.feed().page()

    assert missing(without, keyspace) in str(caught.value)


@pytest.mark.parametrize("without", each_of("to sequence"))
async def test_a_sequencer_without_a_grant_says_so_and_leaves_the_lead_to_another(
    guarded: EmbeddedCassandra,
    feed_admin: EventStore,
    without: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both in the log and in the health of its store."""
    keyspace, stream_id = keyspace_of(feed_admin), uuid4()
    grants = columns()["to sequence"]
    role = await make_role(feed_admin, "bank_app", keyspace, grants=grants, without=without)
    for number in range(2 * ROWS + 1):
        await feed_admin.persist_events(stream_id, [number])

    async with connecting(guarded, role, PASSWORD, keyspace, settings=QUIET) as store:
        if "migrations" in without:
            with pytest.raises(RequestRefused) as caught:
                await store.operations.run_sequencer()
            assert missing(without, keyspace) in str(caught.value)
            return
        runner = store._engine.feed.runner
        runner.start()
        with anyio.fail_after(PATIENCE):
            while runner.error is None:
                await anyio.sleep(0.02)
        assert isinstance(runner.error, RequestRefused)
        assert missing(without, keyspace) in str(runner.error)
        assert any(missing(without, keyspace) in text for text in told(caplog))
        health = await store.health(timeout=PATIENCE)
        assert any(
            missing(without, keyspace) in text for text in (*health.warnings, *health.reasons)
        )

        async with connecting(guarded, SUPERUSER, SUPERUSER, keyspace) as other:
            await other.feed().position_of(stream_id, 2 * ROWS + 1, timeout=PATIENCE)
            with anyio.fail_after(PATIENCE):
                while not other._engine.feed.runner.works():
                    await anyio.sleep(0.02)
        await runner.close()


async def test_the_pages_migrator_enables_a_feed(
    guarded: EmbeddedCassandra, feed_admin: EventStore
) -> None:
    keyspace = keyspace_of(feed_admin)
    role = await make_role(feed_admin, "bank_migrator", keyspace)

    async with connecting(guarded, role, PASSWORD, keyspace, "enabled", QUIET) as store:
        await store.create_schema()
        await store.persist_events(uuid4(), ["from before"])
        await store.create_schema(feed=True)
        done = await store.operations.build_feed(lambda _: None)

    assert done.events == 1


async def until_dropped(store: EventStore) -> None:
    """Wait until the last part that a store has filled with announcements is dropped."""
    room = store._engine.feed
    writer, part = room._lane.writer, room._lane._seq // ROWS - 1
    assert writer is not None
    with anyio.fail_after(PATIENCE):
        while await room._tables.announced_at(writer, part) is not None:
            await anyio.sleep(0.02)
