"""Retention: which events a rule erases, and how a run ends and goes on."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, InvalidArgument, InvalidCheckpoint, Settings
from event_store_async.maintenance import (
    RetainedStream,
    Retention,
    RetentionRule,
    job,
    retain_events,
)

from ..fixtures.server import Server
from ..fixtures.stores import payloads, read_all, run_cql
from .stores import Interrupted, new_store

DAY = timedelta(days=1)
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store without streams, and its keyspace."""
    async with new_store(server) as found:
        yield found


async def fill(server: Server, keyspace: str, days: dict[UUID, list[int]], category: str) -> None:
    """Append an event to each of some streams on each of some days; its payload is the day."""
    now = BEGUN
    async with server.connect(keyspace, settings=Settings(clock=lambda: now)) as store:
        view = store.category(category)
        for stream_id, when in days.items():
            for day in when:
                now = BEGUN + day * DAY
                await view.persist_events(stream_id, [day])


async def kept(store: EventStore, *streams: UUID) -> list[list[Any]]:
    return [payloads(await read_all(store, stream_id)) for stream_id in streams]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (RetentionRule("account", max_count=3), [[7, 8, 9], [8, 9], [9, 0, 9]]),
        (RetentionRule("account", max_age=3 * DAY), [[7, 8, 9], [8, 9], [9, 0, 9]]),
        (RetentionRule("account", max_count=1, max_age=3 * DAY), [[9], [9], [9]]),
        (RetentionRule("account", max_count=5, max_age=2 * DAY), [[8, 9], [8, 9], [9, 0, 9]]),
        (RetentionRule("account", max_age=timedelta(hours=1)), [[], [], []]),
        (RetentionRule("account", max_count=100, max_age=100 * DAY), None),
    ],
)
async def test_events_go_by_their_number_and_their_age(
    server: Server,
    made: tuple[EventStore, str],
    rule: RetentionRule,
    wanted: list[list[int]] | None,
) -> None:
    store, keyspace = made
    days = {uuid4(): list(range(10)), uuid4(): [8, 9], uuid4(): [1, 2, 9, 0, 9]}
    order = {uuid4(): list(range(10))}
    await fill(server, keyspace, days, "account")
    await fill(server, keyspace, order, "order")
    before = await kept(store, *days)
    seen: list[RetainedStream] = []
    now = BEGUN + 10 * DAY - timedelta(milliseconds=1)

    planned = await retain_events(store, rule, dry_run=True, now=now)
    assert await kept(store, *days) == before
    done = await retain_events(store, rule, now=now, on_stream=seen.append)
    again = await retain_events(store, rule, now=now)

    left = await kept(store, *days)
    assert left == (before if wanted is None else wanted)
    gone = [len(old) - len(new) for old, new in zip(before, left, strict=True)]
    touched = sum(count > 0 for count in gone)
    assert done == planned == Retention(3, touched, sum(gone))
    assert again == Retention(3)
    assert await kept(store, *order) == [list(range(10))]
    assert {each.stream_id: each.erased for each in seen} == {
        stream: count for stream, count in zip(days, gone, strict=True) if count
    }
    for each in seen:
        assert each.outcome == "truncated"
        assert await store.current_version(each.stream_id) == len(days[each.stream_id])


async def test_a_run_that_is_interrupted_goes_on(
    server: Server,
    made: tuple[EventStore, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "_STREAMS_A_CHECKPOINT", 1)
    store, keyspace = made
    days = {uuid4(): [1, 2, 3] for _ in range(6)}
    await fill(server, keyspace, days, "account")
    rule, path = RetentionRule("account", max_count=1), tmp_path / "checkpoint"
    seen: list[RetainedStream] = []

    def stop(stream: RetainedStream) -> None:
        seen.append(stream)
        if len(seen) == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        await retain_events(store, rule, checkpoint=path, workers=1, on_stream=stop)
    with pytest.raises(InvalidCheckpoint):
        await retain_events(store, RetentionRule("account", max_count=2), checkpoint=path)
    done = await retain_events(store, rule, checkpoint=path)

    assert await kept(store, *days) == [[3]] * 6
    assert done.earlier is not None
    # Of the one that was truncated and not counted, nothing was left to erase.
    assert (done.streams, done.truncated, done.events) == (6, 5, 10)
    assert not path.exists()


async def test_events_that_are_not_published_stay(server: Server) -> None:
    settings = Settings(sequences=False, timeout=1.0, request_timeout=0.5)
    async with new_store(server, feed=True, settings=settings) as (store, _):
        stream_id = uuid4()
        await store.category("account").persist_events(stream_id, ["a", "b"])
        seen: list[RetainedStream] = []
        rule = RetentionRule("account", max_count=1)

        done = await retain_events(store, rule, on_stream=seen.append)

        assert seen == [RetainedStream(stream_id, "not published", 2, 1)]
        assert done == Retention(streams=1, not_published=1)
        assert await kept(store, stream_id) == [["a", "b"]]
        await store.operations.build_feed(lambda _: None)
        assert await retain_events(store, rule) == Retention(1, 1, 1)
        assert await kept(store, stream_id) == [["b"]]


async def test_an_age_ends_before_a_hole(server: Server, made: tuple[EventStore, str]) -> None:
    store, keyspace = made
    stream_id = uuid4()
    await fill(server, keyspace, {stream_id: [0, 1, 2, 3]}, "account")
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id} AND version = 3"
    )

    done = await retain_events(store, RetentionRule("account", max_age=DAY))

    assert (done.truncated, done.events) == (1, 2)
    assert payloads(await read_all(store, stream_id, from_version=4)) == [3]


@pytest.mark.parametrize(
    "arguments",
    [
        {"category": "account"},
        {"category": "no name", "max_count": 1},
        {"category": "account", "max_count": 0},
        {"category": "account", "max_age": timedelta()},
        {"category": "account", "max_age": 90},
    ],
)
def test_a_rule_that_says_nothing_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        RetentionRule(**arguments)
