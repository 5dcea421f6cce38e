"""Reading: a file of zstd frames, one at a time: each is checked before it is handed out."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..codec import compression
from ..errors import InvalidArchive

LARGEST_FRAME: Final = 64 * 1024 * 1024
"""Bytes of lines that a frame may hold: it is kept in memory until its checksum is seen."""

_COMPRESSED: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """
    Lines that are whole, and as they were written: the frame's checksum says so.

    Attributes:
        lines: The lines, without their ends.
        first: The number of the first, from 1 on.
        end: Where the next frame begins, in bytes: the file can be read on from there.
    """

    lines: list[bytes]
    first: int
    end: int


class FrameReader:
    """
    Reads lines. Its methods block: they are called in a worker thread.

    Args:
        path: The file, or the name of `stream` in errors.
        offset: Where to begin: at the beginning of a frame.
        line: The number of the first line there.
        stream: What to read instead, as a pipe.
    """

    def __init__(
        self, path: Path, offset: int = 0, line: int = 1, stream: BinaryIO | None = None
    ) -> None:
        self._path = path
        self._own = stream is None
        try:
            self._file = path.open("rb") if stream is None else stream
        except OSError as error:
            raise InvalidArchive(path, None, f"it cannot be read: {error.strerror}") from error
        self.size = _size(self._file)
        """The file's size in bytes, where it is known."""
        if self._own and offset:
            self._file.seek(offset)
        self.offset = offset
        """How much has been read, in bytes."""
        self._line = line
        self._waiting = b""

    def read(self) -> Frame | None:
        """
        Return the next frame, None behind the last.

        Raises:
            InvalidArchive: no zstd frame, a damaged or a larger one than `LARGEST_FRAME`, or a
                file that ends inside one.
        """
        if not self._fill():
            if self.offset == 0:
                raise self._error("it is empty")
            return None
        text = self._decompress(compression.frame_reader())
        *lines, rest = text.split(b"\n")
        if rest:
            raise self._error("its last line does not end")
        frame = Frame(lines, self._line, self.offset - len(self._waiting))
        self._line += len(lines)
        return frame

    def close(self) -> None:
        """Close the file; a stream is left open."""
        if self._own:
            self._file.close()

    def _decompress(self, frame: Any) -> bytes:
        text = bytearray()
        while not frame.eof:
            if frame.needs_input and not self._fill():
                raise self._error(
                    "it ends in the middle", hint="an export that was interrupted can be resumed"
                )
            data, self._waiting = self._waiting, b""
            try:
                text += frame.decompress(data, LARGEST_FRAME + 1 - len(text))
            except compression.ZstdError as error:
                raise self._error(f"it is damaged from here on: {error}") from error
            if len(text) > LARGEST_FRAME:
                raise self._error(f"a frame holds more than {LARGEST_FRAME:,} bytes")
        self._waiting = frame.unused_data
        return bytes(text)

    def _fill(self) -> bool:
        if not self._waiting:
            self._waiting = self._file.read(_COMPRESSED)
            self.offset += len(self._waiting)
        return bool(self._waiting)

    def _error(self, reason: str, hint: str | None = None) -> InvalidArchive:
        return InvalidArchive(self._path, self._line, reason, hint=hint)


def _size(file: BinaryIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except OSError:  # a stream in memory
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
