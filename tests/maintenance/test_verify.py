"""Verifying: everything wrong is found, and nothing else, even while others write."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import anyio.lowlevel
import pytest

from event_store_async import EventStore, NewEvent, RawCodec
from event_store_async.maintenance import (
    Depth,
    FindingKind,
    Progress,
    StreamFacts,
    StreamFinding,
    Verification,
    job,
    survey_streams,
    verify_streams,
)

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .stores import Interrupted, fill_with_everything, names, new_store


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store and its keyspace."""
    async with new_store(server) as found:
        yield found


async def verified(
    store: EventStore, **options: object
) -> tuple[Verification, list[StreamFinding]]:
    findings: list[StreamFinding] = []
    report = await verify_streams(store, ranges=16, on_finding=findings.append, **options)  # type: ignore[arg-type]
    return report, findings


async def ten(store: EventStore) -> UUID:
    stream_id = uuid4()
    await store.persist_events(stream_id, range(1, 11))
    return stream_id


async def test_an_empty_store_is_sound(made: tuple[EventStore, str]) -> None:
    store, _ = made

    report, findings = await verified(store)
    survey = await survey_streams(store)

    assert (report.streams, report.events, report.digest) == (0, 0, "0" * 64)
    assert (report.findings, findings) == ({}, [])
    assert (survey.streams, survey.events, survey.oldest, survey.newest) == (0, 0, None, None)


async def test_every_kind_of_event_is_sound_but_what_no_codec_reads(
    server: Server, made: tuple[EventStore, str]
) -> None:
    """One of the original's events is not JSON."""
    store, keyspace = made
    await fill_with_everything(server, store, keyspace)

    report, (finding,) = await verified(store)

    assert (report.streams, report.events) == (5, 714)
    assert (finding.kind, finding.version) == (FindingKind.UNDECODABLE, 3)


async def test_everything_wrong_is_found(made: tuple[EventStore, str]) -> None:
    store, keyspace = made
    table = f"{keyspace}.events"
    streams = [await ten(store) for _ in range(12)]
    (hole, holes, early, end, none, high, low, headless, odd, codec, unread, sound) = streams
    repeated, twice = uuid4(), uuid4()
    await store.persist_events(repeated, [NewEvent(1, event_id=twice), 2, 3], 0)
    first = (await anext(store.read_events(sound))).event_id
    assert first is not None

    async def cql(text: str) -> None:
        await run_cql(store, text.replace("EVENTS", table))

    await cql(f"DELETE FROM EVENTS WHERE stream_id = {hole} AND version = 5")
    for version in (2, 3, 4, 7):
        await cql(f"DELETE FROM EVENTS WHERE stream_id = {holes} AND version = {version}")
    await cql(f"DELETE FROM EVENTS WHERE stream_id = {early} AND version = 1")
    await cql(f"DELETE FROM EVENTS WHERE stream_id = {end} AND version > 8")
    await cql(f"DELETE FROM EVENTS WHERE stream_id = {none} AND version > 0")
    await cql(f"UPDATE EVENTS SET max_version = 12 WHERE stream_id = {high}")
    await cql(f"UPDATE EVENTS SET max_version = 7 WHERE stream_id = {low}")
    await cql(f"UPDATE EVENTS SET max_version = null WHERE stream_id = {headless}")
    await cql(f"UPDATE EVENTS SET payload = 0xff WHERE stream_id = {odd} AND version = 4")
    await cql(f"UPDATE EVENTS SET metadata = 0xff WHERE stream_id = {odd} AND version = 6")
    await cql(f"UPDATE EVENTS SET timestamp = null WHERE stream_id = {odd} AND version = 8")
    for version in (4, 6):
        await cql(
            f"UPDATE EVENTS SET content_type = 'text/x' WHERE stream_id = {codec} "
            f"AND version = {version}"
        )
    await cql(
        f"UPDATE EVENTS SET payload = 0x00, content_type = 'application/json+zstd' "
        f"WHERE stream_id = {unread} AND version = 10"
    )
    await cql(f"UPDATE EVENTS SET event_id = {twice} WHERE stream_id = {repeated} AND version = 2")

    report, findings = await verified(store)
    accepted, _ = await verified(store, accept=frozenset({"text/x"}))

    kinds = FindingKind
    assert {(it.stream_id, it.kind, it.version) for it in findings} == {
        (hole, kinds.HOLE, 5),
        (holes, kinds.HOLE, 2),
        (holes, kinds.HOLE, 7),
        (early, kinds.HOLE, 1),
        (end, kinds.HEAD, 10),
        (none, kinds.HEAD, 10),
        (high, kinds.HEAD, 12),
        (low, kinds.HEAD, 7),
        (headless, kinds.HEAD, None),
        (odd, kinds.UNDECODABLE, 4),
        (odd, kinds.UNDECODABLE, 6),
        (odd, kinds.UNDECODABLE, 8),
        (codec, kinds.NO_CODEC, 4),
        (unread, kinds.UNDECODABLE, 10),
        (repeated, kinds.REPEATED_ID, 2),
    }
    assert len(findings) == 15
    assert report.findings == {
        kinds.HOLE: 4,
        kinds.HEAD: 5,
        kinds.UNDECODABLE: 4,
        kinds.NO_CODEC: 1,
        kinds.REPEATED_ID: 1,
    }
    assert kinds.NO_CODEC not in accepted.findings
    text = {(it.stream_id, it.version): it.detail for it in findings}
    assert text[holes, 2] == "versions 2 to 4 are missing"
    assert text[end, 10] == "its version is 10, and its last event is 8"
    assert text[none, 10] == "its version is 10, and it has no event"


async def test_nothing_is_found_while_writers_write(made: tuple[EventStore, str]) -> None:
    """Hot streams, grown all the while, beside streams that begin."""
    store, _ = made
    hot = [uuid4() for _ in range(4)]
    ended = asyncio.Event()
    written = 0

    async def write(stream_id: UUID) -> None:
        nonlocal written
        while not ended.is_set():
            await store.persist_events(stream_id, range(20))
            await store.persist_events(uuid4(), [1, 2])
            written += 22

    writers = [asyncio.ensure_future(write(stream_id)) for stream_id in hot]
    try:
        written_meanwhile = 0
        while written_meanwhile < 5:  # a scan that no append fell into shows nothing
            before = written
            report, findings = await verified(store)
            assert findings == []
            assert report.events >= before
            written_meanwhile += written > before
    finally:
        ended.set()
        await asyncio.gather(*writers)
    last, findings = await verified(store)
    assert (last.events, findings) == (written, [])


async def test_events_of_a_codec_of_ones_own_are_read_with_it(
    made: tuple[EventStore, str],
) -> None:
    class Reversed(RawCodec):
        content_type = "text/reversed"  # type: ignore[misc]

    store, keyspace = made
    own = EventStore(store._engine.session.raw, keyspace=keyspace, codec=Reversed())
    await own.persist_events(uuid4(), [b"x", b"y"])

    assert (await verified(own))[0].findings == {}
    assert (await verified(store))[0].findings == {FindingKind.NO_CODEC: 1}
    await own.close()


async def test_an_async_callback_is_awaited(made: tuple[EventStore, str]) -> None:
    """Before its stream is counted: it sets the pace, and a checkpoint holds no unreported one."""
    store, keyspace = made
    streams = [uuid4() for _ in range(5)]
    for stream in streams:
        await store.persist_events(stream, [1, 2, 3])
        await run_cql(
            store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream} AND version = 2"
        )
    told: set[UUID] = set()
    begun: list[int] = []

    async def listen(what: StreamFacts | StreamFinding) -> None:
        await anyio.lowlevel.checkpoint()
        told.add(what.stream_id)

    def look(progress: Progress) -> None:
        begun.append(progress.streams - len(told))

    await survey_streams(store, on_stream=listen, on_progress=look)
    surveyed, told = told, set()
    report = await verify_streams(store, on_finding=listen, on_progress=look)

    assert surveyed == told == set(streams)
    assert report.findings == {FindingKind.HOLE: 5}
    assert max(begun) <= 0, "counted before it was reported"


async def test_progress_goes_on_within_a_long_stream(made: tuple[EventStore, str]) -> None:
    store, _ = made
    stream_id = uuid4()
    for _ in range(5):
        await store.persist_events(stream_id, range(900))
    seen: list[Progress] = []

    await verify_streams(store, on_progress=seen.append)
    verified_events = [progress.events for progress in seen]
    seen.clear()
    await survey_streams(store, depth=Depth.EVENTS, on_progress=seen.append)

    for events in (verified_events, [progress.events for progress in seen]):
        assert sorted(set(events)) == [0, 1000, 2000, 3000, 4000, 4500]
        assert events == sorted(events)


async def test_a_verification_resumes_from_every_checkpoint(
    made: tuple[EventStore, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run ends after its first stream; together they count what one run does."""
    monkeypatch.setattr(job, "_STREAMS_A_CHECKPOINT", 1)
    store, keyspace = made
    for _ in range(25):
        await store.persist_events(stream_id := uuid4(), [1, 2, 3])
    await run_cql(
        store, f"UPDATE {keyspace}.events SET max_version = 9 WHERE stream_id = {stream_id}"
    )
    whole, _ = await verified(store)
    path = tmp_path / "point"
    runs = 0

    def stop(progress: object) -> None:
        if getattr(progress, "saved", False):
            raise Interrupted

    while True:
        runs += 1
        try:
            report = await verify_streams(
                store, checkpoint=path, ranges=8, workers=1, on_progress=stop
            )
        except Interrupted:
            continue
        break

    assert runs == 26
    assert report.resumed
    assert (report.streams, report.events, report.digest) == (25, 75, whole.digest)
    assert report.findings == whole.findings == {FindingKind.HEAD: 1}
    assert names(tmp_path) == []
    surveys = 0
    while True:
        surveys += 1
        try:
            survey = await survey_streams(
                store, checkpoint=path, ranges=8, workers=3, on_progress=stop
            )
        except Interrupted:
            continue
        break
    assert 2 <= surveys <= 26
    assert (survey.streams, survey.events, survey.lengths) == (25, 72 + 9, {"2": 25})
