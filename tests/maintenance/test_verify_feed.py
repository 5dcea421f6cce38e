"""Verifying a feed: whatever is wrong with it is found, and nothing else."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import anyio.lowlevel
import orjson
import pytest
import pytest_asyncio

from event_store_async import EventStore, FeedDisabled, InvalidArgument, Settings
from event_store_async.cassandra import (
    FeedFinding,
    FeedFindingKind,
    FeedVerification,
    FeedVerificationProgress,
)
from event_store_async.cassandra.feed import audit
from event_store_async.cassandra.feed.progress import DELAY

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .stores import new_store

PATIENCE = 60.0
SILENTLY = Settings(sequences=False)


@pytest_asyncio.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store on a table with a feed that it does not sequence, and its keyspace."""
    async with new_store(server, feed=True, settings=SILENTLY) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give the same, for the tests that forge nothing: other tests have appended."""
    async with new_store(server, feed=True, settings=SILENTLY) as found:
        yield found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for what the log lacks without a pause."""
    monkeypatch.setattr(audit, "PAUSE", 0.0)


async def verified(store: EventStore) -> tuple[FeedVerification, list[FeedFinding]]:
    findings: list[FeedFinding] = []
    report = await store.operations.verify_feed(on_finding=findings.append)
    return report, findings


async def publish(server: Server, keyspace: str, streams: list[UUID], events: int = 1) -> None:
    """Append to each stream, each in an entry of its own, whose progress is written."""
    async with server.connect(keyspace) as store:
        feed = store.feed()
        for stream_id in streams:
            done = await store.persist_events(stream_id, range(events))
            await feed.position_of(stream_id, done.version, timeout=PATIENCE)
        sequencer = store._engine.feed.runner.sequencer
        assert sequencer is not None
        await sequencer.write_progress()


async def test_everything_wrong_is_found(server: Server, made: tuple[EventStore, str]) -> None:
    store, keyspace = made
    empty, _ = await verified(store)
    # So many that the progress of the first ones must be written.
    streams = [uuid4() for _ in range(DELAY + 12)]
    end = len(streams)
    await publish(server, keyspace, streams, events=3)
    sound, nothing = await verified(store)
    log_id = (await store.feed().head()).feed_id
    log = f"{keyspace}.events_feed_log"
    progress = f"{keyspace}.events_feed_progress"
    stranger = uuid4()

    async def forge(entry: int, *links: tuple[UUID, int, int]) -> None:
        text = orjson.dumps([[stream.hex, *rest, None, None] for stream, *rest in links]).decode()
        await run_cql(
            store,
            f"UPDATE {log} SET links = '{text}' "
            f"WHERE log_id = {log_id} AND segment = 0 AND entry = {entry}",
        )

    # Entry n is that of stream n - 1.
    await run_cql(store, f"DELETE FROM {log} WHERE log_id = {log_id} AND segment = 0 AND entry = 2")
    await forge(4, (streams[3], 1, 3), (streams[3], 1, 3))
    await forge(6, (streams[5], 1, 2))
    await forge(8, (stranger, 1, 3))
    await forge(10, (streams[9], 1, 5))
    await run_cql(
        store,
        f"UPDATE {log} SET links = 'rubbish' "
        f"WHERE log_id = {log_id} AND segment = 0 AND entry = 12",
    )
    await forge(14, (streams[13], 1, 1), (streams[13], 3, 1), (streams[13], 2, 1))
    await run_cql(
        store,
        f"INSERT INTO {log} (log_id, segment, entry, ordinal, events, links, identity) "
        f"VALUES ({log_id}, 0, {end + 1}, {end * 3 + 1}, 0, '[]', {uuid4()})",
    )
    await run_cql(
        store, f"DELETE FROM {progress} WHERE log_id = {log_id} AND stream_id = {streams[0]}"
    )
    for stream_id, version, entry in ((streams[16], 9, 17), (streams[17], 9, 99)):
        await run_cql(
            store,
            f"UPDATE {progress} USING TIMESTAMP 1000 SET version = {version}, entry = {entry} "
            f"WHERE log_id = {log_id} AND stream_id = {stream_id}",
        )

    report, findings = await verified(store)

    assert (empty.entries, empty.events, empty.streams, empty.findings) == (0, 0, 0, {})
    assert (sound.entries, sound.events, sound.streams) == (end, end * 3, end)
    assert (sound.state, sound.unpublished, sound.findings, nothing) == ("complete", 0, {}, [])
    kinds = FeedFindingKind
    assert {(it.kind, it.stream_id, it.version, it.entry) for it in findings} == {
        (kinds.PROGRESS, streams[0], 3, 1),
        (kinds.ENTRY, None, None, 2),
        (kinds.MISSING, streams[1], 1, 2),
        (kinds.REPEATED, streams[3], 1, 4),
        (kinds.ORDINAL, None, None, 5),
        (kinds.MISSING, streams[5], 3, 6),
        (kinds.ORDINAL, None, None, 7),
        (kinds.FOREIGN, stranger, 1, 8),
        (kinds.MISSING, streams[7], 1, 8),
        (kinds.FOREIGN, streams[9], 4, 10),
        (kinds.ORDINAL, None, None, 11),
        (kinds.ENTRY, None, None, 12),
        (kinds.MISSING, streams[11], 1, 12),
        (kinds.MISPLACED, streams[13], 2, 14),
        (kinds.PROGRESS, streams[16], 9, 17),
        (kinds.PROGRESS, streams[17], 9, 99),
        (kinds.ENTRY, None, None, end + 1),
    }
    assert sum(report.findings.values()) == len(findings)
    text = {(it.kind, it.stream_id or it.entry): it.detail for it in findings}
    assert text[kinds.ENTRY, 2] == "it is missing from the log"
    assert text[kinds.FOREIGN, stranger].endswith("in the log, and there is no such stream")
    assert text[kinds.FOREIGN, streams[9]] == (
        "versions 4 to 5 are in the log, and the stream ends at 3"
    )
    assert "version 3 is not in the log" in text[kinds.MISSING, streams[5]]
    assert "would publish them again" in text[kinds.PROGRESS, streams[0]]


async def test_more_streams_than_memory_are_compared_in_shares(
    server: Server, made: tuple[EventStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is the same, and no finding is told twice."""
    store, keyspace = made
    streams = [uuid4() for _ in range(10)]
    await publish(server, keyspace, streams)
    await store.persist_events(streams[0], ["not published"])
    log_id = (await store.feed().head()).feed_id
    await run_cql(
        store,
        f"DELETE FROM {keyspace}.events_feed_log "
        f"WHERE log_id = {log_id} AND segment = 0 AND entry = 5",
    )
    whole, findings = await verified(store)
    seen: list[FeedVerificationProgress] = []
    told: list[FeedFinding] = []

    async def listen(finding: FeedFinding) -> None:
        await anyio.lowlevel.checkpoint()
        told.append(finding)

    monkeypatch.setattr(audit, "STREAMS_AT_ONCE", 3)

    shared = await store.operations.verify_feed(on_progress=seen.append, on_finding=listen)

    assert shared == whole
    assert {str(each) for each in told} == {str(each) for each in findings}
    assert len(told) == len(findings) == 2, "an async receiver is awaited"
    assert (whole.streams, whole.unpublished) == (10, 1)
    assert (seen[-1].events, seen[-1].streams) == (9, 10)
    assert 0 < seen[0].fraction < seen[-1].fraction <= 1


async def test_what_is_not_published_yet_is_counted_and_no_finding(
    server: Server, shared: tuple[EventStore, str]
) -> None:
    store, keyspace = shared
    stream_id = uuid4()
    await publish(server, keyspace, [stream_id])
    events = (await verified(store))[0].events
    await store.persist_events(stream_id, ["b", "c"])
    await store.persist_events(last := uuid4(), ["d"])

    before, none = await verified(store)
    async with server.connect(keyspace) as sequencing:
        await sequencing.feed().position_of(stream_id, 3, timeout=PATIENCE)
        await sequencing.feed().position_of(last, 1, timeout=PATIENCE)
        after, nothing = await verified(store)

    assert (before.unpublished, before.unpublished_streams) == (3, 2)
    assert (after.unpublished, after.events) == (0, events + 3)
    assert none == nothing == []


async def test_what_is_published_meanwhile_is_not_unpublished(
    server: Server, shared: tuple[EventStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sequencer begins only when the log has been read, and the streams scanned."""
    store, keyspace = shared
    stream_id = uuid4()
    await store.persist_events(stream_id, ["a", "b"])
    slept = 0

    async def publish_now(_: float) -> None:
        nonlocal slept
        slept += 1
        async with server.connect(keyspace) as sequencing:
            await sequencing.feed().position_of(stream_id, 2, timeout=PATIENCE)

    feed = store._engine.feed
    checking = audit.Audit(
        feed._tables, feed._scanner, lambda _: None, lambda _: None, sleep=publish_now
    )
    await feed._tables.set_state((await feed._tables.feed()).log_id, "complete", 0)

    report = await checking.run()

    assert (slept, report.unpublished, report.findings) == (1, 0, {})


async def test_events_from_before_the_feed_are_unpublished_until_it_is_complete(
    server: Server,
) -> None:
    async with new_store(server, settings=SILENTLY) as (store, keyspace):
        streams = [uuid4() for _ in range(5)]
        for stream_id in streams:
            await store.persist_events(stream_id, ["a", "b"])
        with pytest.raises(FeedDisabled):
            await store.operations.verify_feed()
        await store.create_schema(feed=True)

        building, _ = await verified(store)
        async with server.connect(keyspace) as sequencing:
            with anyio.fail_after(PATIENCE):
                while (await verified(sequencing))[0].state == "building":
                    await sequencing.feed().head()
        complete, findings = await verified(store)

    assert (building.state, building.unpublished, building.findings) == ("building", 10, {})
    assert (complete.state, complete.unpublished, complete.events) == ("complete", 0, 10)
    assert findings == []


async def test_nothing_is_found_while_writers_write(
    server: Server, shared: tuple[EventStore, str]
) -> None:
    ended = asyncio.Event()
    async with server.connect(shared[1]) as writer:
        hot = uuid4()

        async def write() -> None:
            while not ended.is_set():
                await writer.persist_events(hot, [1, 2])
                await writer.persist_events(uuid4(), [3])

        writing = [asyncio.ensure_future(write()) for _ in range(4)]
        try:
            grown = 0
            while grown < 3:  # a reading that no append fell into shows nothing
                before = await writer.current_version(hot)
                report, findings = await verified(shared[0])
                assert findings == []
                grown += await writer.current_version(hot) > before and report.events > 0
        finally:
            ended.set()
            await asyncio.gather(*writing)


@pytest.mark.parametrize("name", ["on_progress", "on_finding"])
async def test_what_cannot_be_called_is_refused(shared: tuple[EventStore, str], name: str) -> None:
    with pytest.raises(InvalidArgument):
        await shared[0].operations.verify_feed(**{name: 1})  # type: ignore[arg-type]
