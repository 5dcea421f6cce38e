"""Reading: a file of zstd frames, block by block, in bounded memory."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..codec import compression
from ..errors import InvalidArchive

_COMPRESSED: Final = 128 * 1024
_BLOCK: Final = 256 * 1024
_LONGEST_LINE: Final = 64 * 1024 * 1024
"""Twice what the server can hold in one row, in base64."""


@dataclass(frozen=True, slots=True)
class Block:
    """
    Some of a file's lines.

    Attributes:
        lines: They are whole.
        first: The number of the first, from 1 on.
        frame_end: Where the frame behind them begins, in bytes, if they end a frame: the file
            can be read on from there.
    """

    lines: list[bytes]
    first: int
    frame_end: int | None


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
            raise InvalidArchive(path, None, f"it cannot be read: {error}") from error
        status = os.fstat(self._file.fileno())
        self.size = status.st_size if stat.S_ISREG(status.st_mode) else None
        """The file's size in bytes, where it is known."""
        if self._own and offset:
            self._file.seek(offset)
        self.offset = offset
        """How much has been read, in bytes."""
        self._line = line
        self._frame: Any = None
        self._waiting = b""
        self._rest = b""

    def read(self) -> Block | None:
        """
        Return the next lines, None behind the last.

        Raises:
            InvalidArchive: no zstd frames, damaged ones, or a file that ends inside one.
        """
        while True:
            if self._frame is None:
                if not self._fill():
                    self._check_end()
                    return None
                self._frame = compression.frame_reader()
            elif self._frame.needs_input and not self._fill():
                raise self._error(
                    "it ends in the middle", hint="an export that was interrupted can be resumed"
                )
            block = self._decompress()
            if block.lines or block.frame_end is not None:
                return block

    def close(self) -> None:
        """Close the file; a stream is left open."""
        if self._own:
            self._file.close()

    def _decompress(self) -> Block:
        data, self._waiting = self._waiting, b""
        try:
            text = self._rest + self._frame.decompress(data, _BLOCK)
        except compression.ZstdError as error:
            raise self._error(f"it is damaged: {error}") from error
        ended = None
        if self._frame.eof:
            self._waiting = self._frame.unused_data
            ended = self.offset - len(self._waiting)
            self._frame = None
        *lines, self._rest = text.split(b"\n")
        if len(self._rest) > _LONGEST_LINE or (ended is not None and self._rest):
            raise self._error("a line does not end")
        block = Block(lines, self._line, ended)
        self._line += len(lines)
        return block

    def _fill(self) -> bool:
        if not self._waiting:
            self._waiting = self._file.read(_COMPRESSED)
            self.offset += len(self._waiting)
        return bool(self._waiting)

    def _check_end(self) -> None:
        if self.offset == 0:
            raise self._error("it is empty")

    def _error(self, reason: str, hint: str | None = None) -> InvalidArchive:
        return InvalidArchive(self._path, self._line, reason, hint=hint)
