"""What a store reports to its hooks, tested on the store in memory."""

import asyncio
import logging
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ConcurrentModification,
    InvalidArgument,
    InvalidEvent,
    InvalidStreamId,
    MemoryEventStore,
    NewEvent,
    Settings,
    StoreClosed,
)
from event_store_async.hooks import (
    AppendEnded,
    ReadEnded,
    Record,
    Source,
)


@pytest.fixture
def reported() -> list[Record]:
    """Return the list that receives the records."""
    return []


@pytest.fixture
def watched(reported: list[Record]) -> MemoryEventStore:
    """Return a store in memory with a hook."""
    return MemoryEventStore(settings=Settings(hooks=(reported.append,)))


async def test_an_append_is_reported(watched: MemoryEventStore, reported: list[Any]) -> None:
    stream_id = uuid4()

    await watched.persist_events(stream_id, ["a", "b"])

    (record,) = reported
    assert isinstance(record, AppendEnded)
    assert record.source == Source("memory")
    assert (record.stream_id, record.outcome, record.error) == (stream_id, "stored", None)
    assert (record.version, record.events, record.bytes) == (2, 2, 6)
    assert record.limit == Settings().max_append_bytes
    assert 0 <= record.queue_wait <= record.duration < 10


async def test_outcomes_are_distinguished(watched: MemoryEventStore, reported: list[Any]) -> None:
    stream_id, event = uuid4(), NewEvent("a")
    await watched.persist_events(stream_id, [event])
    await watched.persist_events(stream_id, [event])
    await watched.try_persist_events(stream_id, ["b"], 7)
    with pytest.raises(ConcurrentModification):
        await watched.persist_events(stream_id, ["b"], 7)
    with pytest.raises(InvalidEvent):
        await watched.persist_events(stream_id, "b")
    await watched.close()
    with pytest.raises(StoreClosed):
        await watched.persist_events(stream_id, ["b"])

    assert [(record.outcome, record.error, record.version) for record in reported] == [
        ("stored", None, 1),
        ("stored_earlier", None, 1),
        ("conflict", "ConcurrentModification", 1),
        ("conflict", "ConcurrentModification", 1),
        ("invalid", "InvalidEvent", None),
        ("failed", "StoreClosed", None),
    ]


async def test_an_invalid_stream_id_is_not_reported(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    with pytest.raises(InvalidStreamId):
        await watched.persist_events("me", ["a"])  # type: ignore[arg-type]

    assert (reported[0].stream_id, reported[0].outcome) == (None, "invalid")


async def test_a_cancelled_append_is_reported(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    task = asyncio.create_task(watched.persist_events(uuid4(), ["a"]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert [record.outcome for record in reported] == ["cancelled"]


async def test_a_read_is_reported_when_it_ends(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    stream_id = uuid4()
    await watched.persist_events(stream_id, ["a", "b", "c"])
    reported.clear()

    async for _ in watched.read_events(stream_id, backward=True):
        assert reported == []

    (record,) = reported
    assert isinstance(record, ReadEnded)
    assert (record.outcome, record.error, record.events) == ("complete", None, 3)
    assert (record.stream_id, record.backward) == (stream_id, True)


async def test_a_read_whose_reader_leaves_is_stopped(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    stream_id = uuid4()
    await watched.persist_events(stream_id, ["a", "b", "c"])
    reported.clear()

    async with aclosing(watched.read_events(stream_id)) as events:
        async for _ in events:
            break

    assert [(record.outcome, record.error, record.events) for record in reported] == [
        ("stopped", None, 1)
    ]


async def test_a_read_that_never_starts_is_not_reported(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    await watched.read_events(uuid4()).aclose()

    assert reported == []


async def test_a_read_that_fails_is_reported(
    watched: MemoryEventStore, reported: list[Any]
) -> None:
    await watched.close()

    with pytest.raises(StoreClosed):
        async for _ in watched.read_events(uuid4()):
            pass

    assert [(record.outcome, record.error) for record in reported] == [("failed", "StoreClosed")]


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_a_hook_that_raises_affects_no_call_and_is_logged_once(
    reported: list[Any], caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    def broken(_: Record) -> None:
        raise error

    store = MemoryEventStore(settings=Settings(hooks=(broken, reported.append)))
    stream_id = UUID(int=1)

    for _ in range(3):
        await store.persist_events(stream_id, ["a"])
    read = [event.payload async for event in store.read_events(stream_id)]

    assert read == ["a", "a", "a"]
    assert len(reported) == 4, "later hooks are still called"
    (line,) = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert "broken" in line.getMessage()
    assert line.exc_info is not None


@pytest.mark.parametrize("hooks", ["text", 7, (None,), {print}])
def test_invalid_hooks_are_refused(hooks: Any) -> None:
    with pytest.raises(InvalidArgument, match="hook"):
        Settings(hooks=hooks)


async def test_without_hooks_nothing_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise AssertionError("a watch was made")

    for name in ("AppendWatch", "ReadWatch"):
        monkeypatch.setattr(f"event_store_async.memory.{name}", none)
    store = MemoryEventStore()

    await store.persist_events(UUID(int=1), ["a"])

    assert [event.payload async for event in store.read_events(UUID(int=1))] == ["a"]
