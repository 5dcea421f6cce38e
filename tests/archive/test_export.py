"""Exporting: a damaged store, interruptions at every checkpoint, cancellation."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from event_store_async import (
    EventStore,
)
from event_store_async.archive import (
    Frames,
    export_events,
    import_events,
)
from event_store_async.archive import export as export_module
from event_store_async.maintenance import (
    FindingKind,
    StreamFinding,
    verify_streams,
)

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from ..maintenance.stores import Interrupted, contents, names, new_store
from .interrupting import check_file


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store and its keyspace."""
    async with new_store(server) as found:
        yield found


@pytest.fixture
async def other(server: Server) -> AsyncGenerator[EventStore]:
    """Give a second store."""
    async with new_store(server) as (found, _):
        yield found


async def test_a_damaged_store_is_exported_up_to_the_damage(
    made: tuple[EventStore, str], tmp_path: Path
) -> None:
    source, keyspace = made
    hole, gone, headless, sound = (uuid4() for _ in range(4))
    for stream_id in (hole, gone, headless, sound):
        await source.persist_events(stream_id, range(10))
    for text in (
        f"DELETE FROM {keyspace}.events WHERE stream_id = {hole} AND version = 7",
        f"DELETE FROM {keyspace}.events WHERE stream_id = {gone} AND version > 0",
        f"UPDATE {keyspace}.events SET max_version = null WHERE stream_id = {headless}",
    ):
        await run_cql(source, text)
    findings: list[StreamFinding] = []

    report = await export_events(source, tmp_path / "f", on_finding=findings.append)

    assert report.findings == 3
    assert {(it.stream_id, it.kind, it.version) for it in findings} == {
        (hole, FindingKind.HOLE, 7),
        (gone, FindingKind.HOLE, 1),
        (headless, FindingKind.HEAD, 11),
    }
    assert check_file(tmp_path / "f") == (3, 6 + 10 + 10)


async def test_an_export_resumes_from_every_checkpoint(
    made: tuple[EventStore, str],
    other: EventStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each run ends at its first checkpoint, inside streams too, and the store grows meanwhile."""
    monkeypatch.setattr(export_module, "_CHUNK_EVENTS", 100)
    source, _ = made
    path = tmp_path / "f"
    streams = [uuid4() for _ in range(12)]
    for stream_id in streams:
        await source.persist_events(stream_id, range(3))
    await source.persist_events(streams[0], range(900))
    await source.persist_events(streams[0], range(900))

    def stop(progress: object) -> None:
        if getattr(progress, "saved", False):
            raise Interrupted

    async def run(work: Callable[[], object]) -> tuple[int, object]:
        for runs in range(1, 100):
            try:
                return runs, await work()  # type: ignore[misc]
            except Interrupted:
                await source.persist_events(streams[0], ["grown"])
                with path.open("ab") as file:
                    file.write(b"the end of a frame that a kill cut") if not done else None
        raise AssertionError("it never ends")

    done = False
    runs, _ = await run(
        lambda: export_events(
            source, path, ranges=8, workers=1, frames=Frames(events=1), on_progress=stop
        )
    )
    done = True
    streams_there, events_there = check_file(path)
    imports, _ = await run(lambda: import_events(other, path, on_progress=stop))

    assert runs > 20
    assert imports >= runs
    assert streams_there == 12
    assert events_there >= 36 + 1800
    assert (await verify_streams(other)).events == events_there
    assert names(tmp_path) == [path.name]
    assert [len(it) for it in (await contents(other)).values()].count(3) == 11


async def test_an_export_can_be_cancelled_and_resumed(
    made: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = made
    for _ in range(20):
        await store.persist_events(uuid4(), range(20))
    begun = asyncio.Event()
    frames = Frames(events=20)
    work = asyncio.ensure_future(
        export_events(store, tmp_path / "f", frames=frames, on_progress=lambda _: begun.set())
    )
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    report = await export_events(store, tmp_path / "f", frames=frames)

    assert report.resumed
    assert check_file(tmp_path / "f") == (20, 400)
    assert (await verify_streams(store)).digest == report.digest
