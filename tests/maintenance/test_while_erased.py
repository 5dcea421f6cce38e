"""Verifying and surveying streams of which events go meanwhile, or of which the first are lost."""

from collections.abc import AsyncGenerator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, StreamHole, StreamTruncated
from event_store_async.cassandra import Storage
from event_store_async.maintenance import (
    Depth,
    FindingKind,
    StreamFinding,
    survey_streams,
    verify_streams,
)
from event_store_async.stored import StoredEvent

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .stores import new_store

Ending = Callable[[UUID], Exception]


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store and its keyspace."""
    async with new_store(server) as found:
        yield found


class Ends:
    """
    Ends the first read of a stream after three events.

    Args:
        store: The store.
        stream_id: The stream.
        ending: What the read raises.
        before: The stream is truncated before this version first.
    """

    def __init__(self, store: EventStore, stream_id: UUID, ending: Ending, before: int) -> None:
        self._store = store
        self._stream_id = stream_id
        self._ending = ending
        self._before = before
        self._read = Storage.read_stored
        self.ended = False

    async def read(
        self, storage: Storage, stream_id: UUID, *arguments: Any
    ) -> AsyncGenerator[StoredEvent, None]:
        async for event in self._read(storage, stream_id, *arguments):
            if stream_id == self._stream_id and not self.ended and event.version > 3:
                self.ended = True
                await self._store.truncate_stream(stream_id, before=self._before)
                raise self._ending(stream_id)
            yield event

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have it stand for the reads of all stores."""

        def read(storage: Storage, *arguments: Any) -> AsyncGenerator[StoredEvent, None]:
            return self.read(storage, *arguments)

        monkeypatch.setattr(Storage, "read_stored", read)


def truncated(stream_id: UUID) -> Exception:
    return StreamTruncated(stream_id, 4, 8)


def hole(stream_id: UUID) -> Exception:
    return StreamHole(stream_id, 4)


@pytest.mark.parametrize("before", [8, 11])
@pytest.mark.parametrize("ending", [truncated, hole])
async def test_a_truncation_meanwhile_ends_no_run_and_is_no_finding(
    made: tuple[EventStore, str], monkeypatch: pytest.MonkeyPatch, before: int, ending: Ending
) -> None:
    """A hole is a truncation, too, if the stream begins after it when that is looked at."""
    store, _ = made
    streams = [uuid4() for _ in range(3)]
    for stream_id in streams:
        await store.persist_events(stream_id, range(10))
    findings: list[StreamFinding] = []
    first = Ends(store, streams[0], ending, before)
    first.patch(monkeypatch)

    report = await verify_streams(store, on_finding=findings.append)
    second = Ends(store, streams[1], ending, before)
    second.patch(monkeypatch)
    survey = await survey_streams(store, depth=Depth.EVENTS)

    assert first.ended
    assert second.ended
    assert findings == []
    assert (report.streams, report.events) == (3, 20 + 3 + 11 - before)
    assert survey.streams + survey.empty == 3


async def test_lost_events_at_the_beginning_of_a_long_stream_are_a_hole(
    made: tuple[EventStore, str],
) -> None:
    """The first page of a read meets none of its rows."""
    store, keyspace = made
    lost, truncated = uuid4(), uuid4()
    for stream_id in (lost, truncated):
        await store.persist_events(stream_id, range(900))
    await store.truncate_stream(truncated, before=3)
    table = f"{keyspace}.events"
    await run_cql(
        store, f"DELETE FROM {table} WHERE stream_id = {lost} AND version > 0 AND version < 801"
    )
    await run_cql(
        store,
        f"DELETE FROM {table} WHERE stream_id = {truncated} AND version >= 0 AND version < 801",
    )
    findings: list[StreamFinding] = []

    report = await verify_streams(store, on_finding=findings.append)

    assert {(it.stream_id, it.kind, it.version, it.detail) for it in findings} == {
        (lost, FindingKind.HOLE, 1, "versions 1 to 800 are missing"),
        (truncated, FindingKind.HOLE, 3, "versions 3 to 800 are missing"),
    }
    assert report.events == 200


async def test_a_sound_stream_costs_no_further_request(
    made: tuple[EventStore, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = made
    for erase in (None, store.delete_stream, store.close_stream):
        stream_id = uuid4()
        await store.persist_events(stream_id, range(10))
        if erase is not None:
            await erase(stream_id)
    await store.close_stream(uuid4())
    asked: list[UUID] = []

    async def next_version(_: Storage, stream_id: UUID, __: int) -> None:
        asked.append(stream_id)

    monkeypatch.setattr(Storage, "next_version", next_version)

    report = await verify_streams(store)

    assert (report.findings, report.events, asked) == ({}, 10, [])
