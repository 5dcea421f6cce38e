"""Archives in which many streams are open at once, and archives whose end is missing."""

import random
from pathlib import Path
from uuid import UUID

import pytest

from event_store_async import InvalidArchive
from event_store_async.archive.file_end import missing_end
from event_store_async.archive.frames import FrameWriter
from event_store_async.archive.import_state import ImportState
from event_store_async.archive.lines import ArchiveEnd, Header, StreamEnd, write_line
from event_store_async.maintenance import StoredEvent, StreamDigest
from event_store_async.maintenance.progress import Totals

from ..maintenance.stores import Interrupted, names
from .test_mutations import WHOLE, Store, archive_file, run

HEADER = Header(UUID(int=7), "k.events", "2026-11-25T02:00:00+00:00")


def write_interleaved(path: Path, streams: int, events: int, *, a_frame: int) -> None:
    """Write an archive in which every stream is open until the end."""
    writer, totals = FrameWriter(path), Totals()
    writer.write(write_line(HEADER))
    writer.finish_frame()
    digests = [StreamDigest(UUID(int=number)) for number in range(1, streams + 1)]
    written = 0
    for version in range(1, events + 1):
        for digest in digests:
            event = StoredEvent(digest.stream_id, version, b"%d" % version, version)
            digest.add(event)
            writer.write(write_line(event))
            written += 1
            totals.events += 1
            if written % a_frame == 0:
                writer.finish_frame()
    for digest in digests:
        totals.add_stream(digest)
        writer.write(write_line(StreamEnd(digest.stream_id, digest.events, digest.value.hex())))
    writer.finish_frame()
    writer.write(write_line(ArchiveEnd(totals.streams, totals.events, str(totals.digest))))
    writer.finish_frame()
    writer.close()


async def test_checkpoints_cost_no_more_than_the_lines_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams, events = 300, 4
    write_interleaved(tmp_path / "f", streams, events, a_frame=10)
    named: list[int] = []
    save = ImportState.save

    async def counting(state: ImportState) -> None:
        named.append(len(state.open))
        await save(state)

    monkeypatch.setattr(ImportState, "save", counting)
    report = await run(Store(), tmp_path / "f")

    assert (report.events, report.checked, report.findings) == (streams * events, streams, 0)
    assert len(named) >= events - 1, "there are checkpoints all the same"
    assert sum(named) <= streams * (events + 1) + 2, "no more than there are lines"


async def test_it_resumes_wherever_it_is_interrupted(tmp_path: Path) -> None:
    frames = 0
    done = False
    while not done:
        frames += 1
        path = tmp_path / "f"
        path.unlink(missing_ok=True)
        write_interleaved(path, 20, 3, a_frame=7)
        store = Store()
        try:
            await run(store, path, frames)
            done = True
        except Interrupted:
            report = await run(store, path)
            assert (report.events, report.findings) == (60, 0)
        assert [len(events) for events in store.events.values()] == [3] * 20
        assert names(tmp_path) == ["f"]
    assert frames > 8


@pytest.mark.parametrize("padding", [0, 3_000_000])
async def test_a_missing_end_is_noticed_before_anything_is_stored(
    tmp_path: Path, padding: int
) -> None:
    """Also if the last frame is longer than what is read at once."""
    digest = StreamDigest(UUID(int=1))
    event = StoredEvent(digest.stream_id, 1, random.Random(1).randbytes(padding), 1)
    digest.add(event)
    path = tmp_path / "f"
    writer = FrameWriter(path)
    writer.write(write_line(HEADER))
    writer.finish_frame()
    writer.write(write_line(event))
    writer.write(write_line(StreamEnd(digest.stream_id, 1, digest.value.hex())))
    writer.finish_frame()
    writer.close()
    store = Store()

    with pytest.raises(InvalidArchive, match="its last line is missing") as caught:
        await run(store, path)
    assert store.events == {}
    complete = path.read_bytes()
    path.write_bytes(complete[:-3])
    with pytest.raises(InvalidArchive, match="it ends in the middle"):
        await run(store, path)

    assert caught.value.hint is not None
    assert "copy" in caught.value.hint


async def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    for length in range(1, len(WHOLE)):
        with pytest.raises(InvalidArchive):
            await run(Store(), archive_file(tmp_path, WHOLE[:length]))
        (tmp_path / "f.k.events.checkpoint").unlink(missing_ok=True)


def test_what_is_not_certain_is_left_to_the_import(tmp_path: Path) -> None:
    magic = b"\x28\xb5\x2f\xfd"
    for data in (WHOLE, WHOLE + b"x", magic * 500, b""):
        assert missing_end(archive_file(tmp_path, data)) is None
