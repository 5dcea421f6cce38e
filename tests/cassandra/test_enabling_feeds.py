"""Enabling a feed: on new and old tables, while writers write, again, and after a restore."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AlreadyPublished,
    EventStore,
    FeedEvent,
    ForeignPosition,
    InvalidArgument,
    NewEvent,
    RawCodec,
    SchemaMismatch,
    Settings,
    WrongCategory,
)
from event_store_async.cassandra import FeedBackfill
from event_store_async.cassandra.feed.runner import Runner
from event_store_async.cassandra.feed.scan import PATIENCE
from event_store_async.cassandra.schema.tables import FEED_SPECS
from event_store_async.cassandra.table.scanner import Scanner
from event_store_async.retry import Deadline

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, read_all, run_cql

pytestmark = pytest.mark.slow

QUIET = Settings(sequences=False)
TIMEOUT = 60.0


@pytest.fixture
def keyspace() -> str:
    """Give a keyspace of the test's own."""
    return f"test_{uuid4().hex[:12]}"


@pytest.fixture
async def admin(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store that neither sequences nor appends, in a keyspace without a table."""
    async with server.connect(keyspace, settings=QUIET) as opened:
        yield opened
        await drop_keyspace(opened, keyspace)


async def test_the_store_that_creates_a_feed_sequences_it(
    server: Server, keyspace: str, admin: EventStore
) -> None:
    async with server.connect(keyspace) as store:
        await store.create_schema(server.replication, feed=True)
        async with asyncio.timeout(TIMEOUT):
            while not (await admin.operations.feed_status()).is_sequenced:
                pass
            while (await admin.operations.feed_status()).state != "complete":
                pass


class Clock:
    """A monotonic clock that only the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class HandRun:
    """The sequencer of a store, run by hand on a clock of the test's own."""

    def __init__(self, store: EventStore) -> None:
        self.clock = Clock()
        engine, room = store._engine, store._engine.feed
        scanner = Scanner(engine.session, engine.statements, engine.settings)
        self.runner = Runner(room._tables, room._settler, scanner, engine.settings, self.clock)

    async def steps(self, count: int, seconds: float = 2.0) -> None:
        """Let it step, with a time between the steps."""
        for _ in range(count):
            self.clock.now += seconds
            await self.runner.step()

    async def until_complete(self) -> None:
        """Let it step until the backfill is done."""
        await self.steps(1)
        while self.runner.scan is not None and self.runner.scan.is_backfill:
            await self.steps(1)


async def log_id(store: EventStore) -> UUID:
    return (await store.feed().head()).feed_id


async def read_feed(store: EventStore) -> list[FeedEvent]:
    return [event async for event in store.feed().read()]


def by_stream(events: list[FeedEvent]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for event in events:
        found[event.stream_id].append(event.version)
    return dict(found)


async def heads(store: EventStore) -> dict[UUID, list[int]]:
    return {each.stream_id: list(range(1, each.version + 1)) async for each in store.streams()}


async def build(store: EventStore) -> FeedBackfill:
    seen: list[FeedBackfill] = []
    done = await store.operations.build_feed(seen.append)
    assert seen[-1] == done
    assert [each.fraction for each in seen] == sorted(each.fraction for each in seen)
    return done


async def test_a_new_table_is_created_with_its_feed(
    server: Server, admin: EventStore, keyspace: str, stream_id: UUID
) -> None:
    planned = await admin.operations.plan_schema(server.replication, feed=True)
    report = await admin.create_schema(server.replication, feed=True)
    before = await log_id(admin)
    again = await admin.create_schema(server.replication, feed=True)
    plain = await admin.create_schema(server.replication)
    nothing = await admin.operations.plan_schema(feed=True)

    assert sum(text.startswith("CREATE TABLE") for text in planned) == 13
    assert [table.created for table in report.tables] == [True] * 12
    assert [table.created for table in again.tables] == [False] * 12
    assert [table.created for table in plain.tables] == [False] * 12
    assert {table.version for table in report.tables} == {1}
    assert nothing == ()
    assert await log_id(admin) == before
    async with server.connect(keyspace) as store:
        await store.persist_events(stream_id, ["a"])
        await store.feed().position_of(stream_id, 1, timeout=TIMEOUT)
        assert (await build(store)).events == 1


async def test_what_is_no_argument_of_the_operations_is_refused(server: Server) -> None:
    async with server.connect("not_looked_at", settings=QUIET) as store:
        operations: Any = store.operations

        for options in (
            {"after": "text"},
            {"categories": "account"},
            {"categories": ["two words"]},
            {"types": [""]},
        ):
            with pytest.raises(InvalidArgument):
                operations.feed_links(**options)
        with pytest.raises(InvalidArgument):
            await operations.build_feed(None)


async def test_many_processes_enable_it_at_once(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    await admin.create_schema(server.replication)

    async def enable() -> UUID:
        async with server.connect(keyspace, settings=QUIET) as store:
            await store.create_schema(feed=True)
            return await log_id(store)

    assert len(set(await asyncio.gather(*[enable() for _ in range(4)]))) == 1


async def test_what_was_interrupted_is_continued(
    server: Server, admin: EventStore, keyspace: str, stream_id: UUID
) -> None:
    """The table of the feed's row comes last: as long as it is missing, there is no feed."""
    await admin.create_schema(server.replication, feed=True)
    *_, log, row = FEED_SPECS
    for spec in (row, log):
        await run_cql(admin, f"DROP TABLE {keyspace}.events{spec.suffix}")

    async with server.connect(keyspace) as store:
        await store.persist_events(stream_id, ["not announced"])
        assert not (await store.schema_state()).has_feed
        report = await store.create_schema(feed=True)
        created = {table.table for table in report.tables if table.created}
        assert created == {f"{keyspace}.events{spec.suffix}" for spec in (row, log)}
        assert (await build(store)).events == 1


async def test_a_table_of_the_original_gets_a_feed(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    stream = uuid4()
    await admin.create_schema(server.replication)
    for name in ("events", "event_store_migrations"):
        await run_cql(admin, f"DROP TABLE {keyspace}.{name}")
    await run_cql(
        admin,
        f"CREATE TABLE {keyspace}.events (stream_id uuid, version int, payload blob, "
        "timestamp bigint, max_version int static, PRIMARY KEY (stream_id, version))",
    )
    for version in (1, 2):
        await run_cql(
            admin,
            f"INSERT INTO {keyspace}.events (stream_id, version, payload, timestamp, max_version) "
            f"VALUES ({stream}, {version}, 0x0{version}, 1700000000000, {version})",
        )

    async with server.connect(keyspace, settings=Settings()) as store:
        report = await store.create_schema(feed=True)
        await build(store)
    raw = EventStore(admin._engine.session.raw, keyspace=keyspace, codec=RawCodec(), settings=QUIET)
    events = await read_feed(raw)
    await raw.close()

    assert report.migrations == ("0001_event_identity",)
    assert set(report.additions) == {"category", "announcement", "truncation"}
    assert [(event.stream_id, event.version) for event in events] == [(stream, 1), (stream, 2)]
    assert [event.payload for event in events] == [b"\x01", b"\x02"]
    assert {event.category for event in events} == {None}


async def test_an_old_table_while_writers_write(
    server: Server,
    admin: EventStore,
    keyspace: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One writer announces; another was opened before, and does not: the scan finds its events."""
    await admin.create_schema(server.replication)
    streams = [uuid4() for _ in range(260)]
    late = uuid4()
    async with server.connect(keyspace, settings=QUIET) as old:
        await asyncio.gather(*[old.persist_events(each, ["a", "b"]) for each in streams])
        await admin.create_schema(feed=True)
        sequencer = HandRun(admin)
        async with server.connect(keyspace, settings=QUIET) as new:

            async def write(store: EventStore, some: list[UUID]) -> None:
                for each in some:
                    await store.persist_events(each, ["c"])

            await asyncio.gather(
                write(old, streams[:60]),
                write(new, streams[:30] + streams[200:]),
                sequencer.until_complete(),
            )
            await old.persist_events(late, ["x", "y"])
            await new.persist_events(uuid4(), ["announced"])
            await sequencer.steps(5)
            waiting = by_stream(await read_feed(admin))
            with caplog.at_level(logging.ERROR, "event_store_async"):
                await sequencer.steps(3, seconds=PATIENCE)
                await sequencer.steps(3)

    assert late not in waiting, "nobody has announced it"
    events = await read_feed(admin)
    assert by_stream(events) == await heads(admin)
    assert [event.position.ordinal for event in events] == list(range(1, len(events) + 1))
    told = [record.getMessage() for record in caplog.records if "announced" in record.getMessage()]
    (named,) = [text for text in told if str(late) in text]
    assert "has 2 events that no writer announced: they are published now" in named
    assert "restart it" in named
    assert (await admin.operations.feed_status()).state == "complete"


async def test_the_order_of_appends_is_kept_from_the_first_on(
    server: Server, admin: EventStore
) -> None:
    """A feed of a new table is still being built when its first events come."""
    await admin.create_schema(server.replication, feed=True)
    streams = [uuid4() for _ in range(20)]
    for stream in streams:
        await admin.persist_events(stream, ["a"])

    sequencer = HandRun(admin)
    await sequencer.until_complete()
    await sequencer.steps(3)

    assert [event.stream_id for event in await read_feed(admin)] == streams


async def test_events_that_were_announced_in_another_feed_are_published(
    server: Server, admin: EventStore, keyspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup holds the addresses of announcements that are gone."""
    await admin.create_schema(server.replication, feed=True)
    async with server.connect(keyspace, settings=QUIET) as before:
        for _ in range(30):
            await before.persist_events(uuid4(), ["a", "b"])
    for spec in FEED_SPECS:
        await run_cql(admin, f"DROP TABLE {keyspace}.events{spec.suffix}")
    async with server.connect(keyspace, settings=QUIET) as store:
        await store.create_schema(feed=True)
        await store.persist_events(uuid4(), ["a"])

        session, sent = store._engine.session, Counter[str]()
        execute = session._execute

        def counted(prepared: Any, *args: Any, **options: Any) -> Any:
            sent[prepared.statement.name.rsplit("/")[-1]] += 1
            return execute(prepared, *args, **options)

        monkeypatch.setattr(session, "_execute", counted)
        sequencer = HandRun(store)
        await sequencer.until_complete()
        await sequencer.steps(3)

        assert by_stream(await read_feed(store)) == await heads(store)
        assert sent["read_addresses"] >= 30
        assert sent["read_writers"] < 10, "once for each writer, and now and then"


async def test_the_backfill_goes_on_where_it_was_in_another_process(
    server: Server, admin: EventStore
) -> None:
    await admin.create_schema(server.replication)
    await asyncio.gather(*[admin.persist_events(uuid4(), [1]) for _ in range(450)])
    await admin.create_schema(feed=True)

    await HandRun(admin).steps(1)
    halfway = await admin.operations.feed_status()
    published = len(await read_feed(admin))
    await HandRun(admin).until_complete()

    assert (halfway.state, published) == ("building", 200)
    assert 0 < halfway.backfilled < 1
    assert by_stream(await read_feed(admin)) == await heads(admin)


async def test_a_store_that_was_open_before_announces_once_it_has_seen_the_feed(
    server: Server, admin: EventStore, keyspace: str, caplog: pytest.LogCaptureFixture
) -> None:
    await admin.create_schema(server.replication)
    first, second = uuid4(), uuid4()
    async with server.connect(keyspace, settings=QUIET) as store:
        await store.persist_events(first, ["before"])
        await admin.create_schema(feed=True)
        await store.persist_events(first, ["not announced"])
        assert (await admin.operations.feed_status()).writers == 0

        with caplog.at_level(logging.WARNING, "event_store_async"):
            assert (await store.feed().head()).ordinal == 0
        await store.persist_events(second, ["announced"])

        assert (await admin.operations.feed_status()).writers == 1
        (said,) = [record.getMessage() for record in caplog.records]
        assert f"the feed of table {keyspace}.events was enabled while this store was in" in said
        await HandRun(admin).until_complete()
        assert by_stream(await read_feed(store)) == {first: [1, 2], second: [1]}


async def test_a_published_stream_is_not_categorised(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    await admin.create_schema(server.replication)
    early, late, other, unpublished = (uuid4() for _ in range(4))
    await admin.persist_events(early, ["a"])
    await admin.storage.categorise(early, "account")
    await admin.create_schema(feed=True)
    sequencer = HandRun(admin)
    await admin.persist_events(late, ["a"])
    await admin.category("order").persist_events(other, ["a"])
    await sequencer.until_complete()
    await sequencer.steps(3)
    await admin.persist_events(unpublished, ["a"])

    with pytest.raises(AlreadyPublished, match="in the feed without a category") as refused:
        await admin.storage.categorise(late, "account")
    with pytest.raises(WrongCategory):
        await admin.storage.categorise(other, "account")
    assert not await admin.storage.categorise(early, "account")
    assert not await admin.storage.categorise(other, "order")
    assert await admin.storage.categorise(unpublished, "account")
    await sequencer.steps(3)
    with pytest.raises(AlreadyPublished):
        await admin.storage.categorise(late, "account")

    assert (refused.value.stream_id, refused.value.category) == (late, "account")
    assert "before the feed" in (refused.value.hint or "")
    found = {each.stream_id: each.category async for each in admin.storage.scan_streams()}
    assert found == {early: "account", late: None, other: "order", unpublished: "account"}
    feed = admin.feed(categories=["account"])
    assert {event.stream_id async for event in feed.read()} == {early, unpublished}


async def test_after_a_restore_a_new_feed_is_built(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    """As docs/guides/operating.md says: drop the tables of the feed, and enable it again."""
    stream = uuid4()
    async with server.connect(keyspace) as store:
        await store.create_schema(server.replication, feed=True)
        await store.persist_events(stream, [NewEvent("a", "t"), "b"])
        old = await store.feed().position_of(stream, 2, timeout=TIMEOUT)
    for spec in FEED_SPECS:
        await run_cql(admin, f"DROP TABLE {keyspace}.events{spec.suffix}")

    async with server.connect(keyspace) as store:
        await store.create_schema(feed=True)
        await store.persist_events(stream, ["c"])
        await build(store)
        new = await store.feed().position_of(stream, 3, timeout=TIMEOUT)
        assert by_stream(await read_feed(store)) == {stream: [1, 2, 3]}
        assert len(await read_all(store, stream)) == 3
        assert new.feed_id != old.feed_id
        with pytest.raises(ForeignPosition):
            await anext(store.feed().follow(old))


async def test_a_store_that_has_built_a_feed_notes_nothing_more_for_its_sequencer(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    """It would gather what it appends, for a sequencer that works no more."""
    async with server.connect(keyspace, settings=QUIET) as store:
        await store.create_schema(server.replication, feed=True)
        await build(store)
        assert store._engine.feed.runner.sequencer is None
        await store.persist_events(uuid4(), ["a"])
        assert store._engine.feed.runner.sequencer is None


async def test_a_feed_with_other_columns_is_refused_before_anything_is_sent(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    """As one of an earlier clone has them, in which each announcement had a row of its own."""
    table = f"{keyspace}.events_feed_announcements"
    async with server.connect(keyspace, settings=QUIET) as store:
        await store.create_schema(server.replication, feed=True)
    await run_cql(admin, f"DROP TABLE {table}")
    columns = "writer uuid, part bigint, seq bigint, stream_id uuid, types text"
    await run_cql(admin, f"CREATE TABLE {table} ({columns}, PRIMARY KEY ((writer, part), seq))")
    async with server.connect(keyspace, settings=QUIET) as store:
        with pytest.raises(SchemaMismatch, match="events_feed_announcements"):
            await store.persist_events(uuid4(), ["a"])
    rows = await admin.operations._session.ask(f"SELECT * FROM {keyspace}.events", Deadline(10.0))
    assert rows == []


async def test_the_processes_that_are_connected_are_listed(
    server: Server, admin: EventStore, keyspace: str
) -> None:
    before = await admin.operations.clients()
    async with server.connect(keyspace) as store:
        found = await store.operations.clients()

    assert before
    assert found
    new = {each.client for each in found} - {each.client for each in before}
    assert new, "each store has a driver of its own, which names itself"
    assert all(each.connections >= 1 for each in found)
    assert len({each.client for each in found}) == len(found)
