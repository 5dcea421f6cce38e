"""Writing: a file of zstd frames, whole up to the last one however the process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..codec import compression
from ..errors import InvalidArchive, InvalidArgument
from ..maintenance.checkpoint import sync_folder

_LEVEL: Final = 3


def check_zstd() -> None:
    """Refuse to begin where there is no zstd; raises `InvalidArgument`."""
    if not compression.available():
        raise InvalidArgument("there is no zstd to compress with", hint=compression.HINT)


class FrameWriter:
    """
    Writes frames, one behind the other. Its methods block: they are called in a worker thread.

    Args:
        path: The file; None writes to `stream`.
        size: Up to where a file that is gone on with is kept.
        stream: Where to write instead, as to a pipe.

    Raises:
        InvalidArchive: the file cannot be written, or is shorter than that; by the methods, too.
        OSError: the stream cannot be written, by the methods.
    """

    def __init__(self, path: Path | None, size: int = 0, stream: BinaryIO | None = None) -> None:
        self._path = path
        self._frame: Any = None
        with _told(path):
            self._file = stream if path is None else _open(path, size)
        self.size = size
        """Bytes in the file, all in whole frames once `finish_frame` was called."""

    def write(self, data: bytes) -> None:
        """Write to the frame that is open."""
        if self._frame is None:
            self._frame = compression.frame_writer(_LEVEL)
        self._put(self._frame.compress(data))

    def finish_frame(self) -> None:
        """End the frame that is open; all that was written is on the disk afterwards."""
        if self._frame is not None:
            self._put(self._frame.flush())
            self._frame = None
        assert self._file is not None  # noqa: S101 - either a path or a stream is given
        with _told(self._path):
            self._file.flush()
            if self._path is not None:
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, whatever becomes of what was not flushed; a stream is left open."""
        if self._path is not None and self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _put(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - see finish_frame
        with _told(self._path):
            self._file.write(data)
        self.size += len(data)


@contextmanager
def _told(path: Path | None) -> Iterator[None]:
    """Tell what keeps a file from being written; a stream's errors are its owner's."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise InvalidArchive(path, None, f"it cannot be written: {error.strerror}") from error


def _open(path: Path, size: int) -> BinaryIO:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArchive(path, None, "another process is writing it") from None
        there = file.seek(0, os.SEEK_END)
        if there < size:
            raise InvalidArchive(
                path,
                None,
                f"it has {there:,} bytes, and the checkpoint knows of {size:,}",
                hint="remove both to begin from the start",
            )
        file.truncate(size)
        file.seek(size)
        sync_folder(path)
    except BaseException:
        file.close()
        raise
    return file
