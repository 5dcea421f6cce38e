"""Frames: an archive is a file of zstd frames, each of which holds whole lines and a checksum."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..checks import check_int
from ..codec.compression import HINT, ZstdError, available, zstd
from ..errors import InvalidArchive, InvalidArgument
from ..maintenance.checkpoint import sync_folder
from ..versions import MAX_VERSION

LARGEST_FRAME: Final = 64 * 1024 * 1024
"""Bytes of lines that a frame may hold: it is in memory as a whole while it is checked."""

RECOMPRESSED_HINT: Final = (
    "if it was compressed again, use the file as event-store export wrote it, or run: "
    "(zstdcat FILE | head -n 1 | zstd; zstdcat FILE | tail -n +2 | split -l 20000 --filter=zstd) "
    "> NEW"
)
"""What to do with an archive whose frames are not those of an export."""

_READ_BYTES: Final = 128 * 1024
_TEXT_BYTES: Final = 1024 * 1024
"""Bytes that are decompressed at once."""

_MAX_EMPTY: Final = 1000
"""Frames without lines, one after another, that are passed over."""

_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """
    When a frame of an export's file ends.

    Attributes:
        bytes: Once it holds this many bytes of lines (at most 32 MiB),
        events: or this many events.

    Raises:
        InvalidArgument: a number is too small or too large.
    """

    bytes: int = 8 * 1024 * 1024
    events: int = 20_000

    def __post_init__(self) -> None:
        """Refuse frames that an import would refuse."""
        # A frame may go over its limit by the last chunk of lines: half leaves room for that.
        check_int("bytes", self.bytes, at_least=1, at_most=LARGEST_FRAME // 2)
        check_int("events", self.events, at_least=1, at_most=MAX_VERSION)


FRAMES: Final = Frames()
"""The default: a few seconds of work, which is little to do again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """
    The lines of a frame whose checksum is right.

    Attributes:
        text: The lines, each with its line ending.
        count: How many lines there are.
        first: The number of the first line, counted from 1.
        end: The offset in bytes of the next frame: reading can start there.
    """

    text: BytesIO
    count: int
    first: int
    end: int

    @property
    def lines(self) -> Iterator[bytes]:
        """The lines, without their line endings; a list of short ones would be far larger."""
        self.text.seek(0)
        return (line[:-1] for line in self.text)


def check_zstd() -> None:
    """Raise `InvalidArgument` if zstd is not installed."""
    if not available():
        raise InvalidArgument("zstd is not installed", hint=HINT)


class FrameReader:
    """
    Reads an archive, a frame at a time. Its methods block: call them in a worker thread.

    Args:
        path: The file, or the name of `stream` in errors.
        offset: The offset in bytes of the frame to start at.
        line: The number of the first line there.
        stream: What to read instead of a file, for example a pipe.

    Raises:
        InvalidArchive: the file cannot be read.
    """

    def __init__(
        self, path: Path, offset: int = 0, line: int = 1, stream: BinaryIO | None = None
    ) -> None:
        self._path = path
        self._own = stream is None
        try:
            self._file = path.open("rb") if stream is None else stream
            if self._own and offset:
                self._file.seek(offset)
        except OSError as error:
            raise InvalidArchive(path, None, f"it cannot be read: {error.strerror}") from error
        self.size = _size(self._file)
        """The file's size in bytes; None if it is not known."""

        self.offset = offset
        """How far the file has been read, in bytes."""

        self._line = line
        self._waiting = b""
        """Bytes that were read from the file and not decompressed yet."""

    def read(self) -> Frame | None:
        """
        Return the next frame, None at the end. Skippable frames and empty ones are passed over.

        Raises:
            InvalidArchive: the file is empty, is not a zstd file, is damaged, ends inside a frame,
                cannot be read, or has a frame larger than `LARGEST_FRAME`.
        """
        for _ in range(_MAX_EMPTY + 1):
            if not self._fill():
                if self.offset == 0:
                    raise self._error("it is empty")
                return None
            text, count, complete = self._decompress()
            if not complete:
                raise self._error("its last line does not end")
            if count:
                break
        else:
            raise self._error(f"more than {_MAX_EMPTY:,} frames in a row are empty")
        frame = Frame(text, count, self._line, self.offset - len(self._waiting))
        self._line += count
        return frame

    def close(self) -> None:
        """Close the file; a stream is left open."""
        if self._own:
            self._file.close()

    def _decompress(self) -> tuple[BytesIO, int, bool]:
        """
        Return the next frame's content, how many lines it has, and whether the last one ends.

        All of it is in memory, since its checksum comes last.
        """
        decompressor = zstd.ZstdDecompressor()
        text = BytesIO()
        count, complete = 0, True
        while not decompressor.eof:
            if decompressor.needs_input and not self._fill():
                raise self._error(
                    "it ends in the middle", hint="an export that was interrupted can be resumed"
                )
            data, self._waiting = self._waiting, b""
            try:
                found = decompressor.decompress(data, _TEXT_BYTES)
            except ZstdError as error:
                raise self._error(f"it is damaged from here on: {error}") from error
            if text.tell() + len(found) > LARGEST_FRAME:
                raise self._error(
                    f"a frame holds more than {LARGEST_FRAME:,} bytes", RECOMPRESSED_HINT
                )
            text.write(found)
            count += found.count(b"\n")
            complete = found.endswith(b"\n") if found else complete
        # What was read beyond the frame's end belongs to the next one.
        self._waiting = decompressor.unused_data
        return text, count, complete

    def _fill(self) -> bool:
        if not self._waiting:
            try:
                self._waiting = self._file.read(_READ_BYTES)
            except OSError as error:
                raise self._error(f"it cannot be read: {error.strerror}") from error
            self.offset += len(self._waiting)
        return bool(self._waiting)

    def _error(self, reason: str, hint: str | None = None) -> InvalidArchive:
        return InvalidArchive(self._path, self._line, reason, hint=hint)


class FrameWriter:
    """
    Writes an archive, a frame at a time. Its methods block: call them in a worker thread.

    Args:
        path: The file; None to write to `stream`.
        size: How many bytes of an existing file to keep: those after them are cut off.
        stream: What to write to instead of a file, for example a pipe.

    Raises:
        InvalidArchive: the file cannot be written, or is shorter than *size*; the methods, too.
        OSError: the stream cannot be written; only by the methods.
    """

    def __init__(self, path: Path | None, size: int = 0, stream: BinaryIO | None = None) -> None:
        self._path = path
        self._compressor: Any = None
        """Of the open frame; None between frames."""

        with _explained(path):
            self._file = stream if path is None else _open(path, size)
        self.size = size
        """Bytes in the file. After `finish_frame`, all of them are in complete frames."""

    def write(self, data: bytes) -> None:
        """Write to the open frame; open one if there is none."""
        if self._compressor is None:
            self._compressor = _compressor()
        self._put(self._compressor.compress(data))

    def finish_frame(self) -> None:
        """Finish the open frame; all that was written is on the disk on return."""
        if self._compressor is not None:
            self._put(self._compressor.flush())
            self._compressor = None
        assert self._file is not None  # noqa: S101 - either a path or a stream is given
        with _explained(self._path):
            self._file.flush()
            if self._path is not None:
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, even if what was written last is lost; a stream is left open."""
        if self._path is not None and self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _put(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - see finish_frame
        with _explained(self._path):
            self._file.write(data)
        self.size += len(data)


def _compressor() -> Any:
    parameter = zstd.CompressionParameter
    return zstd.ZstdCompressor(
        options={parameter.compression_level: _LEVEL, parameter.checksum_flag: 1}
    )


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    """Turn an OSError into `InvalidArchive`; that of a stream is raised as it is."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise InvalidArchive(path, None, f"it cannot be written: {error.strerror}") from error


def _open(path: Path, size: int) -> BinaryIO:
    """
    Open a file for writing, locked against other processes and cut to a size.

    Only the owner can read a file that is created here: it holds every event.
    """
    # "r+b" keeps the content but needs a file, which os.open creates: "w+b" would empty the file
    # before the lock says whether it is ours.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise InvalidArchive(
            path, None, "it cannot be written: it is a symbolic link", hint="name the file itself"
        ) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidArchive(path, None, "it cannot be written: it is not a regular file")
        file = os.fdopen(descriptor, "r+b")
    except BaseException:
        os.close(descriptor)
        raise
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArchive(path, None, "another process is writing it") from None
        actual = file.seek(0, os.SEEK_END)
        if actual < size:
            raise InvalidArchive(
                path,
                None,
                f"it has {actual:,} bytes, and its checkpoint says {size:,}",
                hint="remove both to start from the beginning",
            )
        file.truncate(size)
        file.seek(size)
        sync_folder(path)
    except BaseException:
        file.close()
        raise
    return file


def _size(file: BinaryIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except OSError:  # a stream in memory
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
