"""Importing: what is in the way is told, what is there is known, what is wrong is refused."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from backports import zstd

from event_store_async import (
    AppendTooLarge,
    ConcurrentModification,
    EventStore,
    InvalidArchive,
    InvalidArgument,
    InvalidEvent,
    RestoreOutcomeUnknown,
    StoreUnavailable,
    StreamInconsistent,
)
from event_store_async.archive import (
    Frames,
    export_events,
    import_events,
)
from event_store_async.archive import (
    export as exporting,
)
from event_store_async.maintenance import (
    FindingKind,
    Restored,
    StoredEvent,
    StreamFinding,
    verify_streams,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline
from .interrupting import check_file
from .stores import contents, names, new_store
from .test_verifying import Interrupted


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


def events(stream_id: UUID, count: int, first: int = 1) -> list[StoredEvent]:
    return [
        StoredEvent(stream_id, version, b'{"n": %d}' % version, version * 7, uuid4())
        for version in range(first, first + count)
    ]


async def test_restoring_again_in_other_parts_stores_nothing_twice(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    storage = made[0].storage
    whole = [*events(stream_id, 5), replace(events(stream_id, 1, 6)[0], event_id=None)]

    assert await storage.restore(whole[:4]) == Restored(stream_id, 4, 4)
    assert await storage.restore(whole[:2]) == Restored(stream_id, 2, 0)
    assert await storage.restore(whole[1:6]) == Restored(stream_id, 6, 2)
    assert await storage.restore(whole[5:]) == Restored(stream_id, 6, 0)

    assert [event async for event in storage.read_stored(stream_id)] == whole
    assert await made[0].current_version(stream_id) == 6
    assert (await made[0].persist_events(stream_id, ["on"], 6)).version == 7


async def test_another_event_at_its_place_is_a_conflict(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    storage = made[0].storage
    whole = events(stream_id, 4)
    await storage.restore(whole)
    for change in (
        {"payload": b'{"n":3}'},
        {"timestamp": 1},
        {"event_id": None},
        {"type": "t"},
        {"content_type": "c"},
        {"metadata": b"{}"},
    ):
        changed = [*whole[:2], replace(whole[2], **change), *events(stream_id, 3, 4)]
        conflict = ConcurrentModification(stream_id, 0, 4)
        assert await storage.restore(changed) == conflict
    late = events(stream_id, 2, 6)
    assert await storage.restore(late) == ConcurrentModification(stream_id, 5, 4)

    assert [event async for event in storage.read_stored(stream_id)] == whole


@pytest.mark.parametrize("identified", [True, False], ids=["ids", "no ids"])
@pytest.mark.parametrize(
    "behaviours",
    [
        [faults.lose_answer],
        [faults.lose_request],
        [faults.lose_answer, faults.lose_request, faults.lose_answer],
        [faults.unavailable, faults.commit_unavailable],
    ],
)
async def test_a_restore_whose_answer_is_lost_is_stored_once(
    made: tuple[EventStore, str],
    stream_id: UUID,
    behaviours: list[faults.Behaviour],
    identified: bool,
) -> None:
    faulty = FaultySession(made[0]._engine.session.raw)
    store = EventStore(faulty, keyspace=made[1], settings=QUICK)
    whole = events(stream_id, 4)
    if not identified:
        whole = [replace(event, event_id=None) for event in whole]
    await store.storage.restore(whole[:2])
    faulty.batches.extend(behaviours)

    done = await store.storage.restore(whole[2:])

    assert isinstance(done, Restored)
    assert done.version == 4
    assert [event async for event in store.storage.read_stored(stream_id)] == whole
    await store.close()


async def test_a_restore_that_nobody_answers(
    made: tuple[EventStore, str], passing_time: PassingTime
) -> None:
    faulty = FaultySession(made[0]._engine.session.raw)
    store = EventStore(faulty, keyspace=made[1], settings=QUICK)
    first, second = events(uuid4(), 2), events(uuid4(), 2)
    await store.current_version(uuid4())

    faulty.always = UntilItsDeadline(faults.lose_answer, passing_time)
    with pytest.raises(RestoreOutcomeUnknown, match="versions 1 to 2") as caught:
        await store.storage.restore(first)
    faulty.always = UntilItsDeadline(faults.unavailable, passing_time)
    with pytest.raises(StoreUnavailable):
        await store.storage.restore(second)
    faulty.always = None

    assert (caught.value.first, caught.value.last) == (1, 2)
    assert await store.storage.restore(first) == Restored(first[0].stream_id, 2, 0)
    assert await store.storage.restore(second) == Restored(second[0].stream_id, 2, 2)
    await store.close()


async def test_what_cannot_be_restored_is_refused(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    store, keyspace = made
    one, two, three = events(stream_id, 3)
    for wrong in (
        [],
        [one, three],
        [one, replace(two, stream_id=uuid4())],
        [replace(one, version=0)],
    ):
        with pytest.raises(InvalidEvent):
            await store.storage.restore(wrong)
    with pytest.raises(InvalidEvent, match="without payload and timestamp"):
        await store.storage.restore([StoredEvent(stream_id, 1, None, None)])
    with pytest.raises(AppendTooLarge):
        await store.storage.restore(events(stream_id, 1001))
    big = replace(one, payload=b"x" * 2**21)
    with pytest.raises(AppendTooLarge):
        await store.storage.restore([big, two])
    assert await store.storage.restore([big]) == Restored(stream_id, 1, 1)
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events (stream_id, version, event_id) "
        f"VALUES ({stream_id}, 2, {uuid4()})",
    )
    with pytest.raises(StreamInconsistent):
        await store.storage.restore([two])


async def test_a_stream_that_is_in_the_way_is_told_and_the_others_go_on(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    source, _ = made
    path = tmp_path / "all.zst"
    streams = [uuid4() for _ in range(30)]
    for stream_id in streams:
        await source.persist_events(stream_id, range(150))
    report = await export_events(source, path)
    taken, begun, further = streams[:3]
    await other.persist_events(taken, ["mine"])
    stored = [event async for event in source.storage.read_stored(begun, max_count=70)]
    await other.storage.restore(stored)
    for start in (1, 101):
        part = [it async for it in source.storage.read_stored(further, start, 100)]
        await other.storage.restore(part)
    await other.persist_events(further, ["more"])
    findings: list[StreamFinding] = []

    done = await import_events(other, path, on_finding=findings.append)
    again = await import_events(other, path, on_finding=findings.append)

    assert [(it.stream_id, it.kind, it.version) for it in findings] == [
        (taken, FindingKind.CONFLICT, 1)
    ] * 2
    assert "has other events" in findings[0].detail
    assert (done.findings, done.checked, done.stored) == (1, 29, 150 * 30 - 150 - 70 - 150)
    assert (again.findings, again.checked, again.stored) == (1, 29, 0)
    assert done.digest == report.digest
    there, wanted = await contents(other), await contents(source)
    assert len(there.pop(taken)) == 1
    assert there.pop(further)[:150] == wanted[further]
    assert there == {key: wanted[key] for key in streams if key not in {taken, further}}


async def test_a_later_export_adds_what_is_new(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    source, _ = made
    stream_id = uuid4()
    await source.persist_events(stream_id, range(3))
    await export_events(source, tmp_path / "1")
    await source.persist_events(stream_id, range(2))
    await source.persist_events(uuid4(), [1])
    await export_events(source, tmp_path / "2")

    assert (await import_events(other, tmp_path / "1")).stored == 3
    assert (await import_events(other, tmp_path / "2")).stored == 3
    assert (await import_events(other, tmp_path / "1")).stored == 0
    assert await contents(other) == await contents(source)


async def test_two_imports_at_once(
    made: tuple[EventStore, str], other: EventStore, server: Server, tmp_path: Path
) -> None:
    source, _ = made
    for _ in range(10):
        await source.persist_events(uuid4(), range(150))
    exported = await export_events(source, tmp_path / "f", frames=Frames(events=100))
    async with server.connect(other.storage.table.partition(".")[0]) as second:
        reports = await asyncio.gather(
            import_events(other, tmp_path / "f", checkpoint=tmp_path / "1"),
            import_events(second, tmp_path / "f", checkpoint=tmp_path / "2"),
        )

    assert sum(report.stored for report in reports) == 1500
    assert {(report.findings, report.checked) for report in reports} == {(0, 10)}
    assert (await verify_streams(other)).digest == exported.digest


async def test_a_count_that_would_do_nothing_is_refused(
    made: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = made
    for work in (
        export_events(store, tmp_path / "f", workers=0),
        import_events(store, tmp_path / "f", workers=-1),
        verify_streams(store, workers=0),
        verify_streams(store, ranges=0),
        export_events(store, tmp_path / "f", ranges=0),
    ):
        with pytest.raises(InvalidArgument):
            await work
    assert names(tmp_path) == []


async def test_a_pipe(made: tuple[EventStore, str], other: EventStore) -> None:
    source, _ = made
    for _ in range(10):
        await source.persist_events(uuid4(), range(10))
    pipe = io.BytesIO()

    exported = await export_events(source, pipe)
    pipe.seek(0)

    class NoFile(io.BytesIO):
        """As a pipe: it has no size."""

    with pytest.raises(InvalidArgument, match="through a pipe"):
        await import_events(other, NoFile(b""), checkpoint=Path("x"))
    imported = await import_events(other, NoFile(pipe.getvalue()))
    assert (imported.stored, imported.digest) == (100, exported.digest)


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


async def test_an_export_is_gone_on_with_from_every_checkpoint(
    made: tuple[EventStore, str],
    other: EventStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each run dies at its first checkpoint, in streams too, and the store grows meanwhile."""
    monkeypatch.setattr(exporting, "_CHUNK_EVENTS", 100)
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


def rewritten(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    """Return a file with the same header, and other lines behind it."""
    header, *lines = zstd.decompress(path.read_bytes()).split(b"\n")[:-1]
    new = path.with_name(f"{uuid4().hex}.zst")
    frames = ([header], change(lines))
    new.write_bytes(b"".join(zstd.compress(b"\n".join([*it, b""])) for it in frames if it))
    return new


WRONG: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int | None, str]] = {
    "not finished": (lambda it: it[:-1], None, "its last line is missing"),
    "a header alone": (lambda it: it[:0], None, "its last line is missing"),
    "a line less": (lambda it: it[1:], 2, "version 2 of stream .* where 1 must"),
    "a line twice": (lambda it: [it[0], *it], 3, "version 1 of stream .* 2 must"),
    "behind the end": (lambda it: [*it, it[0]], 7, "does not belong here"),
    "no line": (lambda it: [b'{"a":1}', *it], 2, "'stream' is not"),
    "a version less": (lambda it: [it[0], *it[2:]], 3, "where 2 must stand"),
    "the last one less": (lambda it: it[:2] + it[3:], 4, "not all of it"),
    "another payload": (
        lambda it: [it[0].replace(b'"payload":"0"', b'"payload":"1"'), *it[1:]],
        5,
        "not all of it",
    ),
    "no end of a stream": (lambda it: it[:3] + it[4:], 5, "does not end"),
    "another sum": (
        lambda it: [*it[:-1], it[-1].replace(b'"events":3', b'"events":4')],
        6,
        "3 events with digest .* which says 1, 4",
    ),
}


async def test_a_file_that_is_not_as_it_was_written_is_told_with_its_line(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    await made[0].persist_events(uuid4(), [0, 1, 2])
    await export_events(made[0], tmp_path / "f")

    for name, (change, line, reason) in WRONG.items():
        with pytest.raises(InvalidArchive, match=reason) as caught:
            await import_events(other, rewritten(tmp_path / "f", change))
        assert caught.value.line == line, name


async def test_files_that_are_in_the_way_or_of_others(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    store, _ = made
    path, copy = tmp_path / "f", tmp_path / "g"
    await store.persist_events(uuid4(), range(50))

    def stop(_: object) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        await export_events(store, path, frames=Frames(events=1), on_progress=stop)

    with pytest.raises(InvalidArchive, match="its export is not finished"):
        await import_events(other, path)
    with pytest.raises(InvalidArchive, match=r"other work: table is .* not "):
        await export_events(other, path)
    await export_events(store, path)
    with pytest.raises(InvalidArchive, match="there is such a file already"):
        await export_events(store, path)
    with pytest.raises(Interrupted):
        await import_events(other, path, checkpoint=tmp_path / "p", on_progress=stop)
    await export_events(store, copy)
    with pytest.raises(InvalidArchive, match="other work: archive is"):
        await import_events(other, copy, checkpoint=tmp_path / "p")
    with pytest.raises(InvalidArchive, match="other work: table is"):
        await import_events(store, path, checkpoint=tmp_path / "p")
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-40])
    with pytest.raises(InvalidArchive, match="it is no checkpoint"):
        await import_events(other, path, checkpoint=tmp_path / "p")
    wrong = tmp_path / "wrong"
    wrong.write_bytes(zstd.compress(b'{"stream":"x"}\n'))
    with pytest.raises(InvalidArchive, match="wrong, line 1: 'stream' is not"):
        await import_events(other, wrong)


async def test_an_export_can_be_cancelled_and_gone_on_with(
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
