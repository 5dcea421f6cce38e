"""Importing: events that are there are skipped, others are a finding; a wrong file is refused."""

import asyncio
import io
import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
from backports import zstd

from event_store_async import (
    EventStore,
    InvalidArchive,
    InvalidArgument,
    InvalidCheckpoint,
)
from event_store_async.archive import (
    Frames,
    export_events,
    import_events,
)
from event_store_async.maintenance import (
    FindingKind,
    StreamFinding,
    verify_streams,
)

from ..fixtures.server import Server
from ..maintenance.stores import Interrupted, contents, names, new_store


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


async def test_a_stream_that_is_in_the_way_is_a_finding_and_the_others_go_on(
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


def rewritten(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    """Return a file with the same header and other lines after it."""
    header, *lines = zstd.decompress(path.read_bytes()).split(b"\n")[:-1]
    new = path.with_name(f"{uuid4().hex}.zst")
    frames = ([header], change(lines))
    new.write_bytes(b"".join(zstd.compress(b"\n".join([*it, b""])) for it in frames if it))
    return new


WRONG: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int | None, str]] = {
    "not finished": (lambda it: it[:-1], None, "its last line is missing"),
    "a header alone": (lambda it: it[:0], None, "its last line is missing"),
    "a line missing": (lambda it: it[1:], 2, "version 2 of stream .* where version 1 must"),
    "a line twice": (lambda it: [it[0], *it], 3, "version 1 of stream .* version 2 must"),
    "after the end": (lambda it: [*it, it[0]], 7, "does not belong here"),
    "not a line": (lambda it: [b'{"a":1}', *it], 2, "'stream' is missing or wrong"),
    "a key twice": (
        lambda it: [it[0], it[1].replace(b"{", b'{"version":7,', 1), *it[2:]],
        3,
        "an object has the key 'version' twice",
    ),
    "a version missing": (lambda it: [it[0], *it[2:]], 3, "where version 2 must be"),
    "the last one missing": (lambda it: it[:2] + it[3:], 4, "not complete"),
    "another payload": (
        lambda it: [it[0].replace(b'"payload":"0"', b'"payload":"1"'), *it[1:]],
        5,
        "not complete",
    ),
    "no end of a stream": (lambda it: it[:3] + it[4:], 5, "does not end"),
    "another sum": (
        lambda it: [*it[:-1], it[-1].replace(b'"events":3', b'"events":4')],
        6,
        "3 events with digest .* its last line says 1, 4",
    ),
}


async def test_a_file_that_is_not_as_it_was_written_is_reported_with_its_line(
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
    with pytest.raises(InvalidCheckpoint, match=r"another job: table .* not "):
        await export_events(other, path)
    await export_events(store, path)
    with pytest.raises(InvalidArchive, match="the file exists already"):
        await export_events(store, path)
    with pytest.raises(Interrupted):
        await import_events(other, path, checkpoint=tmp_path / "p", on_progress=stop)
    await export_events(store, copy)
    with pytest.raises(InvalidCheckpoint, match="another job: archive "):
        await import_events(other, copy, checkpoint=tmp_path / "p")
    with pytest.raises(InvalidCheckpoint, match="another job: table "):
        await import_events(store, path, checkpoint=tmp_path / "p")
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes()[:-40])
    with pytest.raises(InvalidCheckpoint, match="it is not a checkpoint"):
        await import_events(other, path, checkpoint=tmp_path / "p")
    wrong = tmp_path / "wrong"
    wrong.write_bytes(zstd.compress(b'{"stream":"x"}\n'))
    with pytest.raises(InvalidArchive, match="wrong, line 1: 'stream' is missing or wrong"):
        await import_events(other, wrong)


async def test_what_is_not_an_exported_file_is_refused_with_the_true_reason(
    made: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = made
    path = tmp_path / "f"
    await store.persist_events(uuid4(), range(3))
    await export_events(store, path)
    lines = zstd.decompress(path.read_bytes())
    skippable = b"\x50\x2a\x4d\x18\x00\x00\x00\x00"
    for content, reason in (
        (zstd.compress(lines), "header is not in a zstd frame of its own"),
        (skippable, "not a file of exported events"),
        (zstd.compress(b""), "not a file of exported events"),
        (zstd.compress(b"\n"), "it is not JSON"),
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidArchive, match=reason):
            await import_events(store, path)
    for folder in (tmp_path, Path(), Path("/"), Path("..")):
        with pytest.raises(InvalidArchive, match="it cannot be read"):
            await import_events(store, folder)
    with pytest.raises(InvalidArchive, match="it is a folder"):
        await export_events(store, Path())


async def test_frames_that_another_program_added_do_not_matter(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    store, _ = made
    path = tmp_path / "f"
    await store.persist_events(uuid4(), range(3))
    await export_events(store, path)
    extra = b"\x50\x2a\x4d\x18\x01\x00\x00\x00x" + zstd.compress(b"")
    path.write_bytes(extra + path.read_bytes() + extra)

    await import_events(other, path)

    assert await contents(other) == await contents(store)


async def test_a_file_that_was_compressed_again_is_mended_as_the_hint_says(
    made: tuple[EventStore, str], other: EventStore, tmp_path: Path
) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("there is no program zstd")
    store, _ = made
    await store.persist_events(uuid4(), range(3))
    await export_events(store, tmp_path / "f")
    again = tmp_path / "FILE"
    again.write_bytes(zstd.compress(zstd.decompress((tmp_path / "f").read_bytes())))
    with pytest.raises(InvalidArchive) as caught:
        await import_events(other, again)
    assert caught.value.hint is not None
    _, _, command = caught.value.hint.partition("run: ")
    await anyio.run_process(["sh", "-c", command], cwd=tmp_path)

    await import_events(other, tmp_path / "NEW")

    assert await contents(other) == await contents(store)
