"""Frames: a file can be cut and resumed after any of them; damage is reported with its line."""

import io
import os
import random
import stat
import tracemalloc
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from event_store_async import InvalidArchive, InvalidArgument
from event_store_async.archive import Frames
from event_store_async.archive.frames import LARGEST_FRAME, FrameReader, FrameWriter


def write(path: Path, *frames: list[bytes], size: int = 0) -> list[int]:
    """Write frames, and return where each of them ends."""
    writer = FrameWriter(path, size)
    ends = []
    for lines in frames:
        for line in lines:
            writer.write(line + b"\n")
        writer.finish_frame()
        ends.append(writer.size)
    writer.close()
    return ends


def read(path: Path, offset: int = 0, line: int = 1) -> list[bytes]:
    reader = FrameReader(path, offset, line)
    try:
        lines: list[bytes] = []
        while (frame := reader.read()) is not None:
            lines += frame.lines
        return lines
    finally:
        reader.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.zst"


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.binary(max_size=50).map(lambda it: it.replace(b"\n", b"")), min_size=1)),
)
def test_lines_come_back_from_every_frame(frames: list[list[bytes]]) -> None:
    buffer = io.BytesIO()
    writer = FrameWriter(None, stream=buffer)
    writer.write(b"first\n")
    for lines in frames:
        writer.write(b"".join(line + b"\n" for line in lines))
        writer.finish_frame()
    writer.finish_frame()

    whole = [b"first", *(line for lines in frames for line in lines)]
    assert zstd.decompress(buffer.getvalue()).split(b"\n")[:-1] == whole


def test_a_file_can_be_read_from_the_end_of_any_frame(path: Path) -> None:
    frames = [[b"1", b"2"], [b"3"], [b"x" * 900_000, b"5"], [b"6"]]
    ends = write(path, *frames)
    reader = FrameReader(path)
    found = {}
    while (frame := reader.read()) is not None:
        found[frame.end] = frame.first + frame.count
    reader.close()

    assert found == dict(zip(ends, [3, 4, 6, 7], strict=True))
    whole = [line for lines in frames for line in lines]
    for end, line in found.items():
        assert read(path, end, line) == whole[line - 1 :]


def test_a_file_cut_anywhere_is_resumed_after_its_last_complete_frame(path: Path) -> None:
    ends = write(path, [b"1", b"2"], [b"3"])
    whole = path.read_bytes()
    for cut in range(ends[0], len(whole) + 5):
        path.write_bytes((whole + b"junk!")[:cut])
        write(path, [b"4"], size=ends[0])

        assert read(path) == [b"1", b"2", b"4"]


def test_a_file_that_was_cut_is_refused(path: Path) -> None:
    first, end = write(path, [b"1", b"2"], [b"3", b"4"])
    whole = path.read_bytes()
    assert len(whole) == end
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        if cut == first:
            assert read(path) == [b"1", b"2"], "cut between frames: the lines before are complete"
            continue
        with pytest.raises(InvalidArchive) as caught:
            read(path)
        assert caught.value.reason == "it ends in the middle"
        assert caught.value.line == (1 if cut < first else 3)
    path.write_bytes(b"")
    with pytest.raises(InvalidArchive, match="it is empty"):
        read(path)


def test_damage_is_reported_with_its_line_and_never_read(path: Path) -> None:
    chance = random.Random(5)
    frames = [[chance.randbytes(40).hex().encode() for _ in range(50)] for _ in range(3)]
    ends = write(path, *frames)
    whole = path.read_bytes()
    for _ in range(60):
        place = chance.randrange(ends[0], ends[1])
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(damaged))

        with pytest.raises(InvalidArchive) as caught:
            read(path)
        assert caught.value.line == 51
        reader = FrameReader(path)
        first = reader.read()
        assert first is not None
        assert list(first.lines) == frames[0]
        with pytest.raises(InvalidArchive):
            reader.read()
        reader.close()


def test_what_is_not_an_archive_is_refused(tmp_path: Path, path: Path) -> None:
    path.write_text('{"format":"event-store-archive"}\n')
    with pytest.raises(InvalidArchive, match=r"file\.zst, line 1: it is damaged"):
        read(path)
    with pytest.raises(InvalidArchive, match="it cannot be read"):
        read(tmp_path / "none")
    with pytest.raises(InvalidArchive, match="it cannot be written"):
        FrameWriter(tmp_path / "none" / "file")
    with pytest.raises(InvalidArchive, match="full: it cannot be written"):
        FrameWriter(Path("/dev/full"))
    with pytest.raises(InvalidArchive, match="has 33 bytes, and its checkpoint says 100"):
        FrameWriter(path, 100)


def test_two_processes_do_not_write_one_file(path: Path) -> None:
    first = FrameWriter(path)
    with pytest.raises(InvalidArchive, match="another process is writing it"):
        FrameWriter(path)
    first.close()
    FrameWriter(path).close()


def test_a_frame_too_large_for_memory_is_refused(path: Path) -> None:
    write(path, [b" " * (LARGEST_FRAME + 1)])

    with pytest.raises(InvalidArchive, match="a frame holds more than"):
        read(path)
    with pytest.raises(InvalidArgument, match="bytes must be 1 to"):
        Frames(bytes=LARGEST_FRAME)
    with pytest.raises(InvalidArgument, match="events must be 1 to"):
        Frames(events=0)


@pytest.mark.parametrize("line", [b"\n", b'{"a":1}\n'], ids=["newlines", "short lines"])
def test_many_short_lines_take_no_more_memory_than_their_bytes(path: Path, line: bytes) -> None:
    path.write_bytes(zstd.compress(line * (LARGEST_FRAME // len(line))))
    tracemalloc.start()
    try:
        reader = FrameReader(path)
        frame = reader.read()
        assert frame is not None
        first = next(frame.lines)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        reader.close()

    assert first == line[:-1]
    assert frame.count == LARGEST_FRAME // len(line)
    assert peak < 1.5 * LARGEST_FRAME


SKIPPABLE = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello"


def test_skippable_and_empty_frames_are_passed_over(path: Path) -> None:
    """Other programs write such frames: pzstd, and the seekable format."""
    extra = SKIPPABLE + zstd.compress(b"")
    frames = [zstd.compress(lines) for lines in (b"1\n2\n", b"3\n")]
    path.write_bytes(extra + extra.join(frames) + extra)

    assert read(path) == [b"1", b"2", b"3"]
    path.write_bytes(extra)
    assert read(path) == []
    path.write_bytes(SKIPPABLE * 1001)
    with pytest.raises(InvalidArchive, match="more than 1,000 frames in a row are empty"):
        read(path)
    path.write_bytes(extra + SKIPPABLE[:-1])
    with pytest.raises(InvalidArchive, match="it ends in the middle"):
        read(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for unreadable in (tmp_path, Path("/proc/self/mem")):
        with pytest.raises(InvalidArchive, match="it cannot be read"):
            read(unreadable)


def test_a_full_disk_is_reported(path: Path) -> None:
    writer = FrameWriter(path)
    writer.write(random.Random(1).randbytes(300_000))
    with Path("/dev/full").open("wb") as full:
        os.dup2(full.fileno(), writer._file.fileno())  # type: ignore[union-attr]

    with pytest.raises(InvalidArchive, match="it cannot be written: No space left"):
        writer.finish_frame()
    writer.close()


def test_only_the_owner_can_read_an_archive(path: Path) -> None:
    old = os.umask(0)
    try:
        write(path, [b"1"])
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o640)
    write(path, [b"2"], size=path.stat().st_size)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640, "the user's choice is kept"


def test_an_archive_is_not_written_through_a_link_or_into_a_fifo(
    tmp_path: Path, path: Path
) -> None:
    victim, fifo = tmp_path / "victim", tmp_path / "fifo"
    victim.write_text("mine")
    path.symlink_to(victim)
    os.mkfifo(fifo)

    with pytest.raises(InvalidArchive, match="it is a symbolic link"):
        FrameWriter(path)
    with pytest.raises(InvalidArchive, match="it is not a regular file"):
        FrameWriter(fifo)
    assert victim.read_text() == "mine"
