"""What a feed reads and writes: requests that are shared, left out, or bounded."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, ForeignPosition, NewEvent, Settings
from event_store_async.cassandra.driver.faults import Certainty, Fault
from event_store_async.cassandra.feed import log, reader
from event_store_async.cassandra.feed.lane_reader import YOUNG
from event_store_async.cassandra.feed.runner import LIVE, PROGRESS, Runner
from event_store_async.feeds import Position, Selection
from event_store_async.retry import Deadline
from event_store_async.tasks import task_group

from ..fixtures.server import Server
from ..fixtures.stores import complete_feed, drop_keyspace


@dataclass
class Sequenced:
    """
    A store with a feed that the test sequences, step by step, with a clock of its own.

    Attributes:
        store: The store.
        sent: How often its session has sent each statement.
        now: The clock of the sequencer.
        start: The end of the feed before the test.
        largest: The most plain writes that were sent in one request.
    """

    store: EventStore
    sent: Counter[str] = field(default_factory=Counter)
    now: float = 1000.0
    start: Position | None = None
    largest: int = 0

    @property
    def runner(self) -> Runner:
        return self.store._engine.feed.runner

    async def step(self, seconds: float = 0.0) -> None:
        """Let the sequencer work once, so many seconds later."""
        self.now += seconds
        await self.runner.step()

    @property
    def published(self) -> int:
        return 0 if self.runner.sequencer is None else self.runner.sequencer.published

    async def publish(self, events: int) -> None:
        """Let the sequencer work until it has published so many events, and is done with them."""
        while self.published < events:
            await self.step(LIVE)
        await self.step(LIVE + PROGRESS)
        self.sent.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feed_keyspace(server: Server, keyspace: str) -> AsyncGenerator[str, None]:
    """Give a keyspace whose table has a feed: the tests of this module share it."""
    async with server.connect(keyspace, settings=Settings(sequences=False)) as store:
        await store.create_schema(server.replication, feed=True)
        await complete_feed(store)
        yield keyspace
        await drop_keyspace(store, keyspace)


@asynccontextmanager
async def sequenced(
    server: Server, keyspace: str, *, remembers: bool = False, **settings: Any
) -> AsyncGenerator[Sequenced, None]:
    """
    Open a store that the test sequences.

    Unless it *remembers*, it reads what it has appended itself, as another process would.
    """
    async with server.connect(
        keyspace, settings=Settings(sequences=False, timeout=60.0, request_timeout=30.0, **settings)
    ) as store:
        made = Sequenced(store)
        made.runner._now = lambda: made.now
        session: Any = store._engine.session
        execute, put = session._execute, session.put

        def counted_execute(prepared: Any, *args: Any, **options: Any) -> Any:
            made.sent[prepared.statement.name.rsplit("/")[-1]] += 1
            return execute(prepared, *args, **options)

        async def counted_put(statements: Any, *args: Any, **options: Any) -> Any:
            made.sent[statements[0][0].statement.name.rsplit("/")[-1]] += 1
            made.largest = max(made.largest, len(statements))
            return await put(statements, *args, **options)

        session._execute, session.put = counted_execute, counted_put
        made.start = await store.feed().head()
        store._engine.feed._recent.is_wanted = remembers
        yield made


async def test_the_events_of_a_stream_on_one_page_are_read_together(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        streams = [uuid4() for _ in range(3)]
        for version in range(4):
            for stream_id in streams:
                await made.store.persist_events(stream_id, [{"n": version}], version)
        await made.publish(12)

        events = [event async for event in made.store.feed().read(made.start)]

        assert [event.stream_id for event in events] == streams * 4
        assert [event.payload["n"] for event in events] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
        assert (made.sent["read_runs"], made.sent["read_slice"]) == (1, 0), "of three streams"


async def test_what_a_store_appended_itself_needs_no_read(
    server: Server, feed_keyspace: str
) -> None:
    async with (
        sequenced(server, feed_keyspace, remembers=True) as made,
        server.connect(feed_keyspace, settings=Settings(sequences=False)) as other,
    ):
        own, shared = uuid4(), uuid4()
        metadata = {"by": "a test"}
        await made.store.persist_events(own, [NewEvent({"n": 1}, "a", metadata), {"n": 2}], 0)
        await made.store.category("account").persist_events(shared, [{"n": 3}], 0)
        await made.store.persist_events(own, [{"n": 4}], 2)
        await other.persist_events(shared, [{"n": 5}], 1)
        await made.publish(5)
        feed, read_here = made.store.feed(), made.sent

        first = (await feed.page(made.start)).events
        assert read_here["read_slice"] == 1, "of the stream with another store's events"
        theirs = (await other.feed().page(made.start)).events
        assert first == theirs
        statistics = made.store.statistics().feed
        assert statistics is not None
        assert statistics.from_memory == 3, "the others are of a stream that others append to"

        first[0].payload["n"] = "changed"  # type: ignore[union-attr]
        again = (await feed.page(made.start)).events
        assert again == theirs


async def test_a_page_of_large_events_is_cut_and_the_next_one_goes_on(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace, page_bytes=1000) as made:
        stream_id = uuid4()
        await made.store.persist_events(stream_id, [{"n": n, "x": "x" * 900} for n in range(40)])
        await made.publish(40)
        feed = made.store.feed()

        page = await feed.reader.read_page(made.start, 100, Selection())

        assert 1 <= len(page.events) < 40
        assert page.position == page.events[-1].position
        assert not page.caught_up
        numbers = [event.payload["n"] async for event in feed.read(made.start)]
        assert numbers == list(range(40))


async def test_the_progress_of_a_stream_is_written_once_for_several_entries(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        stream_id = uuid4()
        await made.store.persist_events(stream_id, [{"n": 0}], 0)
        await made.publish(1)
        for version in range(1, 6):
            await made.store.persist_events(stream_id, [{"n": version}], version)
            while made.published < version + 1:
                await made.step(YOUNG / 4)
        await made.step(2 * PROGRESS)

        assert made.published == 6
        assert 1 <= made.sent["write_progress"] <= 4, "five entries"
        feed = made.store.feed()
        located = await feed.locate(stream_id, 6)
        assert located is not None
        assert made.start is not None
        assert located - made.start == 6


async def test_the_progress_of_many_streams_is_written_ten_to_a_request(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        await made.publish(0)
        streams = [uuid4() for _ in range(25)]
        for stream_id in streams:
            await made.store.persist_events(stream_id, [{}], 0)
        while made.published < 25:
            await made.step(YOUNG)
        made.largest = 0
        await made.step(2 * PROGRESS)

        assert made.sent["write_progress"] <= 5
        assert made.largest == 10
        log_id = (await made.store.feed().head()).feed_id
        tables = made.store._engine.feed._tables
        assert [(await tables.progress(log_id, stream_id))[0] for stream_id in streams] == [1] * 25


async def test_an_event_is_located_before_its_progress_is_written(
    server: Server, feed_keyspace: str
) -> None:
    async with (
        sequenced(server, feed_keyspace) as made,
        server.connect(feed_keyspace, settings=Settings(sequences=False)) as other,
    ):
        feed = other.feed()
        await made.publish(0)
        stream_id = uuid4()
        assert await feed.locate(stream_id, 1) is None
        await made.store.persist_events(stream_id, [{}, {}], 0)
        while made.published < 2:
            await made.step(YOUNG / 4)
        assert made.sent["write_progress"] == 0
        head = await made.store.feed().head()

        assert await made.store.feed().locate(stream_id, 2) == head
        assert await feed.locate(stream_id, 2) == head
        assert await feed.locate(stream_id, 3) is None


async def test_announcements_of_one_stream_are_looked_at_by_one_read(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        streams = [uuid4(), uuid4()]
        for version in range(20):
            for stream_id in streams:
                await made.store.persist_events(stream_id, [{"n": version}], version)
        while made.published < 40:
            await made.step(LIVE)

        assert made.sent["read_addresses"] <= 2 * len(streams)
        events = [event async for event in made.store.feed().read(made.start)]
        assert [event.stream_id for event in events] == streams * 20


async def test_a_store_does_not_read_the_announcements_of_its_own_appends(
    server: Server, feed_keyspace: str
) -> None:
    async with (
        sequenced(server, feed_keyspace) as made,
        server.connect(feed_keyspace, settings=Settings(sequences=False)) as other,
    ):
        await made.store.persist_events(uuid4(), [{}], 0)
        await made.publish(1)  # from now on, the sequencer knows the lane
        for count in range(2, 6):
            await made.store.persist_events(uuid4(), [{}], 0)
            await made.step()
            assert made.published == count
        assert made.sent["read_announcements"] == 0

        await other.persist_events(uuid4(), [{}], 0)
        while made.published < 6:
            await made.step(LIVE)
        assert made.sent["read_announcements"] > 0
        assert len([event async for event in made.store.feed().read(made.start)]) == 6


async def test_the_log_is_not_read_again_for_every_page(server: Server, feed_keyspace: str) -> None:
    async with sequenced(server, feed_keyspace) as made:
        for number in range(12):
            await made.store.persist_events(uuid4(), [{"n": number}], 0)
            await made.publish(number + 1)
        assert made.start is not None
        reader = made.store.feed().reader
        page = await reader.read_page(made.start, 1, Selection())
        made.sent.clear()

        numbers = []
        while not page.caught_up:
            page = await reader.read_page(page.position, 1, Selection())
            numbers += [item.position - made.start for item in page.events]

        assert numbers == list(range(2, 13))
        assert made.sent["read_log"] <= 1


async def test_a_foreign_position_is_refused_before_anything_is_sent(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        await made.store.persist_events(uuid4(), [{"n": 1}], 0)
        await made.publish(1)
        feed, foreign = made.store.feed(), Position(uuid4(), 1, 1, 1)

        for call in (
            feed.page(foreign),
            feed.reader.changed(foreign, 1.0),
            anext(feed.follow(foreign)),
        ):
            with pytest.raises(ForeignPosition):
                await call

        assert not made.sent


async def test_stores_whose_ids_are_seeded_alike_have_lanes_of_their_own(
    server: Server, feed_keyspace: str
) -> None:
    writers, streams = set(), [uuid4() for _ in range(3)]
    async with sequenced(server, feed_keyspace) as made:
        for stream_id in streams:
            ids = iter([UUID(int=number) for number in range(1, 10)])
            settings = Settings(sequences=False, new_event_id=ids.__next__)
            async with server.connect(feed_keyspace, settings=settings) as store:
                await store.persist_events(stream_id, ["a"], 0)
                writers.add(store._engine.feed._lane.writer)
        await made.publish(3)

        assert len(writers) == 3
        events = [event async for event in made.store.feed().read(made.start)]
        assert sorted(str(event.stream_id) for event in events) == sorted(map(str, streams))
        assert {event.event_id for event in events} == {UUID(int=1)}


async def test_a_page_looks_at_a_bounded_number_of_links(
    server: Server, feed_keyspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_LINKS_A_PAGE", 3)
    async with sequenced(server, feed_keyspace) as made:
        streams = [uuid4() for _ in range(8)]
        for stream_id in streams:
            await made.store.persist_events(stream_id, [NewEvent(1, "seen"), NewEvent(2, "both")])
        await made.publish(16)
        assert made.start is not None
        nothing = Selection(types=frozenset({"never"}))
        some = Selection(types=frozenset({"both"}))

        page = await made.store.feed().reader.read_page(made.start, 100, nothing)
        assert page.events == ()
        assert (page.position - made.start, page.caught_up) == (6, False)
        page = await made.store.feed().reader.read_page(page.position, 100, some)
        assert [event.stream_id for event in page.events] == streams[3:6]
        assert page.position - made.start == 12

        found = [event async for event in made.store.feed(types=["both"]).read(made.start)]
        assert [event.stream_id for event in found] == streams


async def test_a_bounded_number_of_links_is_kept_in_memory(
    server: Server, feed_keyspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_LINKS_CACHED", 5)
    async with sequenced(server, feed_keyspace) as made:
        for number in range(12):
            await made.store.persist_events(uuid4(), [{"n": number}], 0)
            await made.publish(number + 1)
        known = (await made.store._engine.feed.tail()).log

        numbers = [event.payload["n"] async for event in made.store.feed().read(made.start)]

        assert numbers == list(range(12))
        assert 0 < sum(len(entry.links) for entry in known._entries.values()) <= 5


async def test_appends_of_many_long_types_are_announced_and_published(
    server: Server, feed_keyspace: str
) -> None:
    """Together they are larger than a write may be, 16 MiB; one of them is not."""
    async with sequenced(server, feed_keyspace, max_append_bytes=10**9) as made:
        streams = [uuid4() for _ in range(40)]
        types = ["a" * 500, "b" * 500]
        events = [NewEvent(number, types[number % 2]) for number in range(1000)]
        async with task_group() as group:
            for stream_id in streams:
                group.start_soon(made.store.persist_events, stream_id, events, 0)
        await made.publish(40_000)

        feed = made.store.feed()
        assert made.start is not None
        assert await feed.head() - made.start == 40_000


@pytest.mark.parametrize("broken", ["payload", "hole"])
async def test_an_event_that_cannot_be_read_stands_between_those_that_can(
    server: Server, feed_keyspace: str, broken: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        stream_id = uuid4()
        await made.store.persist_events(stream_id, [{"n": n} for n in range(5)], 0)
        await made.publish(5)
        table = str(made.store.storage.table)
        where = f"WHERE stream_id = {stream_id} AND version = 3"
        change = (
            f"UPDATE {table} SET payload = 0x7b {where}"
            if broken == "payload"
            else f"DELETE FROM {table} {where}"
        )
        await made.store.operations.run_ddl(change)

        page = await made.store.feed().page(made.start)

        assert made.start is not None
        assert [item.position - made.start for item in page.events] == [1, 2, 3, 4, 5]
        assert [hasattr(item, "error") for item in page.events] == [
            *[False, False, True],
            *[False, False],
        ]


async def test_streams_of_one_request_do_not_share_their_faults(
    server: Server, feed_keyspace: str
) -> None:
    async with (
        sequenced(server, feed_keyspace) as made,
        server.connect(feed_keyspace, settings=Settings(sequences=False)) as other,
    ):
        whole, holed, broken, truncated, deleted = streams = [uuid4() for _ in range(5)]
        for stream_id in streams:
            await made.store.persist_events(stream_id, [{"n": n} for n in range(1, 4)], 0)
        await made.publish(15)
        table = str(made.store.storage.table)
        await made.store.operations.run_ddl(
            f"DELETE FROM {table} WHERE stream_id = {holed} AND version = 2"
        )
        await made.store.operations.run_ddl(
            f"UPDATE {table} SET payload = 0x7b WHERE stream_id = {broken} AND version = 3"
        )
        await other.truncate_stream(truncated, before=3)
        await other.delete_stream(deleted)

        page = await made.store.feed().page(made.start)

        found = [(item.stream_id, item.version, hasattr(item, "error")) for item in page.events]
        assert found == [
            *[(whole, version, False) for version in (1, 2, 3)],
            *[(holed, version, version == 2) for version in (1, 2, 3)],
            *[(broken, version, version == 3) for version in (1, 2, 3)],
            (truncated, 3, False),
        ]
        assert page.caught_up
        assert made.sent["read_runs"] == 1


async def test_streams_are_read_one_by_one_if_the_cluster_refuses_a_shared_request(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        streams = [uuid4() for _ in range(3)]
        for stream_id in streams:
            await made.store.persist_events(stream_id, [{"n": 1}], 0)
        await made.publish(3)
        session: Any = made.store._engine.session
        page = session.page

        def refused(request: Any) -> Any:
            session.page = page
            raise Fault("ServerInvalidQuery", "too many partitions", Certainty.REFUSED)

        session.page = refused
        for number in range(2):
            events = [event async for event in made.store.feed().read(made.start)]
            assert [event.stream_id for event in events] == streams
            assert made.sent["read_runs"] == 1
            assert made.sent["read_slice"] == 3 * (number + 1)


async def test_an_append_under_way_is_not_looked_at_before_its_writer_had_time(
    server: Server, feed_keyspace: str
) -> None:
    async with sequenced(server, feed_keyspace) as made:
        stream_id = uuid4()
        await made.store.persist_events(stream_id, [{"n": 0}], 0)
        await made.publish(1)
        # Announced, and not sent yet.
        lane = made.store._engine.feed._lane
        await lane.announce(uuid4(), 0, 1, None, None, Deadline(60.0))
        await made.store.persist_events(stream_id, [{"n": 1}], 1)

        await made.step()
        assert (made.published, made.sent["read_addresses"]) == (1, 0)

        while made.published < 2:
            await made.step(2 * YOUNG)
        assert made.sent["read_addresses"] >= 1
