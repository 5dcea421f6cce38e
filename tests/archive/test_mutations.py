"""Archives and checkpoints with random changes: refused, or imported to the same content."""

import io
import json
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_store_async import (
    ConcurrentModification,
    EventStore,
    InvalidArchive,
    InvalidCheckpoint,
)
from event_store_async.archive import EarlierImport, import_events
from event_store_async.archive.frames import FrameWriter
from event_store_async.archive.lines import ArchiveEnd, Header, StreamEnd, write_line
from event_store_async.cli.printer import earlier_lines
from event_store_async.maintenance import Restored, StoredEvent, StreamDigest
from event_store_async.maintenance.progress import Totals

from ..maintenance.stores import Interrupted

STREAMS = 4
EVENTS = 6


class Store:
    """A store in memory, as far as an import needs one."""

    def __init__(self) -> None:
        self.events: dict[UUID, list[StoredEvent]] = {}
        self.storage = self

    async def schema_state(self) -> Any:
        return SimpleNamespace(table="k.events", table_id=UUID(int=9), check_usable=lambda: None)

    async def restore(self, events: Sequence[StoredEvent]) -> Restored | ConcurrentModification:
        first = events[0]
        there = self.events.setdefault(first.stream_id, [])
        same = there[first.version - 1 : first.version - 1 + len(events)]
        if len(there) < first.version - 1 or same != list(events[: len(same)]):
            return ConcurrentModification(first.stream_id, first.version - 1, len(there))
        there += events[len(same) :]
        return Restored(first.stream_id, events[-1].version, len(events) - len(same))

    async def read_stored(
        self, stream_id: UUID, from_version: int, max_count: int
    ) -> AsyncGenerator[StoredEvent]:
        for event in self.events.get(stream_id, [])[from_version - 1 : max_count]:
            yield event


def archive() -> tuple[bytes, dict[UUID, list[StoredEvent]]]:
    """Return an archive of several frames whose ends are inside of streams, and its content."""
    buffer = io.BytesIO()
    writer = FrameWriter(None, stream=buffer)
    writer.write(write_line(Header(UUID(int=7), "k.events", "2026-11-25T02:00:00+00:00")))
    writer.finish_frame()
    totals, content = Totals(), {}
    for number in range(1, STREAMS + 1):
        stream_id = UUID(int=number)
        digest = StreamDigest(stream_id)
        content[stream_id] = [
            StoredEvent(stream_id, version, b"%d" % version, 1000 * version)
            for version in range(1, EVENTS + 1)
        ]
        for event in content[stream_id]:
            writer.write(write_line(event))
            digest.add(event)
            totals.events += 1
            if event.version == 4:
                writer.finish_frame()
        totals.add_stream(digest)
        writer.write(write_line(StreamEnd(stream_id, digest.events, digest.value.hex())))
    writer.finish_frame()
    writer.write(write_line(ArchiveEnd(totals.streams, totals.events, str(totals.digest))))
    writer.finish_frame()
    return buffer.getvalue(), content


WHOLE, CONTENT = archive()


def archive_file(folder: Path, data: bytes) -> Path:
    path = folder / "f"
    path.write_bytes(data)
    return path


async def run(store: Store, path: Path, frames: int | None = None) -> Any:
    """Import, and stop after this many frames."""
    seen = 0

    def stop(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == frames:
            raise Interrupted

    return await import_events(cast("EventStore", store), path, on_progress=stop, workers=2)


async def interrupted(folder: Path, frames: int) -> tuple[Store, Path, Path]:
    """Return a store with the beginning of the archive, the archive and the checkpoint."""
    store, path = Store(), archive_file(folder, WHOLE)
    with pytest.raises(Interrupted):
        await run(store, path, frames)
    return store, path, folder / "f.k.events.checkpoint"


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Return the bytes with a few changes."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.sampled_from([start, start + 1, start + 8, len(data)]))
        data = data[:start] + draw(st.binary(max_size=9) | st.just(data[:40])) + data[end:]
    return data


@settings(max_examples=150, deadline=None)
@given(changed(WHOLE))
async def test_a_changed_archive_is_refused_or_imports_the_same(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, path = Store(), archive_file(Path(folder), data)
        try:
            await run(store, path)
        except InvalidArchive:
            for stream_id, events in store.events.items():
                assert events == CONTENT[stream_id][: len(events)]
        else:
            assert store.events == CONTENT


async def check_resumed(store: Store, path: Path) -> None:
    """Resume an import from a checkpoint that is not as it was written."""
    try:
        report = await run(store, path)
    except (InvalidArchive, InvalidCheckpoint):
        return
    assert store.events == CONTENT or report.findings
    assert report.stored >= 0
    assert report.checked >= 0


@settings(max_examples=150, deadline=None)
@given(st.integers(2, STREAMS), st.data())
async def test_a_changed_checkpoint_is_refused_or_imports_the_same(
    frames: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, path, checkpoint = await interrupted(Path(folder), frames)
        checkpoint.write_bytes(data.draw(changed(checkpoint.read_bytes())))
        await check_resumed(store, path)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from([-1, 0, 1, 5, 2**31, 2**53, 2**63, 2**64, 2**70, "9" * 5000, "0" * 64])
    | st.integers(0, 300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, STREAMS), st.data())
async def test_any_value_in_a_checkpoint_is_refused_or_harmless(
    frames: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, path, checkpoint = await interrupted(Path(folder), frames)
        whole = json.loads(checkpoint.read_bytes())
        inner: Any = whole["state"]
        while True:
            key = data.draw(
                st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner)))
            )
            if not (
                isinstance(inner[key], dict | list) and inner[key] and data.draw(st.booleans())
            ):
                break
            inner = inner[key]
        inner[key] = data.draw(JSON)
        checkpoint.write_text(json.dumps(whole))
        await check_resumed(store, path)


async def test_a_forged_checkpoint_is_not_believed(tmp_path: Path) -> None:
    _, path, checkpoint = await interrupted(tmp_path, 2)
    whole = json.loads(checkpoint.read_bytes())
    whole["state"].update(
        ended=True,
        offset=len(WHOLE),
        stored=12345,
        checked=777,
        open=[],
    )
    whole["state"]["read"].update(streams=777, events=12345)
    checkpoint.write_text(json.dumps(whole))
    store = Store()

    report = await run(store, path)

    assert (report.streams, report.events) == (STREAMS, STREAMS * EVENTS)
    assert (report.stored, report.checked) == (STREAMS * EVENTS, STREAMS)
    assert (report.resumed, report.earlier) == (False, None)
    assert store.events == CONTENT


async def test_what_a_checkpoint_says_is_told_from_what_was_done(tmp_path: Path) -> None:
    store, path, checkpoint = await interrupted(tmp_path, 3)
    whole = json.loads(checkpoint.read_bytes())
    whole["state"].update(stored=1000, checked=500)
    checkpoint.write_text(json.dumps(whole))
    there = sum(map(len, store.events.values()))

    report = await run(store, path)

    assert report.earlier is not None
    assert (report.earlier.stored, report.earlier.checked) == (1000, 500)
    assert (report.earlier.streams, report.earlier.events) == (2, there)
    assert report.stored - report.earlier.stored == STREAMS * EVENTS - there
    assert report.checked - report.earlier.checked == STREAMS - 2


def test_the_command_says_what_is_the_checkpoints_word() -> None:
    (line,) = earlier_lines(EarlierImport(777, 12345, 12000, 700, 0))

    assert line.startswith("resumed   the counts include an earlier run's, as its checkpoint says:")
    assert line.endswith("streams 777, events 12,345, stored 12,000, checked 700, findings 0")
    assert earlier_lines(None) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"offset": 2**70}, "not a whole number"),
        ({"offset": 2**40}, "has [0-9,]+ bytes, not 1,099,511,627,776"),
        ({"offset": 0}, "not a whole number from 1"),
        ({"line": 10**400}, "it is not a checkpoint|not a whole number"),
        ({"stored": -5}, "not a whole number from 0"),
        ({"open": [[str(UUID(int=1)), "5", "00", False]]}, "not a whole number"),
        ({"open": [[str(UUID(int=1)), 5, None, False]]}, "not a digest"),
        ({"open": [None]}, "it is damaged"),
        ({"open": [[str(UUID(int=1)), 5, "0" * 64, True]]}, "more streams have failed"),
    ],
)
async def test_a_wrong_value_in_a_checkpoint_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    store, path, checkpoint = await interrupted(tmp_path, 2)
    whole = json.loads(checkpoint.read_bytes())
    whole["state"].update(changes)
    checkpoint.write_text(json.dumps(whole))

    with pytest.raises(InvalidCheckpoint, match=reason):
        await run(store, path)
