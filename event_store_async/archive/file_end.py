"""The end of an archive's file: whether it is there, before all of the file is read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ..codec.compression import ZstdError, zstd
from .frames import LARGEST_FRAME
from .lines import ArchiveEnd, read_line

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""The first bytes of a zstd frame. They can occur within one, too."""

_BLOCK: Final = 1024 * 1024
_MOST_STARTS: Final = 100


def missing_end(path: Path) -> str | None:
    """
    Return what is missing at the end of a file; None if nothing is, or it is not certain.

    A whole import would come to the same result. It blocks: call it in a worker thread.

    Args:
        path: The file, which is an archive as far as its first frame tells.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        for number, offset in enumerate(_starts(file, status.st_size)):
            found = _text_from(file, offset)
            if found is not None and found[0]:
                return _judged(*found)
            if number == _MOST_STARTS:
                break
    return None


def _judged(text: bytes, complete: bool) -> str | None:
    *lines, _ = text.split(b"\n")
    try:
        if complete:
            # An end that is not the last line, or a line that is none, is for the import to report.
            ended = any(
                isinstance(read_line(line), ArchiveEnd) for line in lines if b'"streams"' in line
            )
            read_line(lines[-1])
            return None if ended else "its last line is missing"
        read_line(lines[0])
    except (ValueError, IndexError):
        return None
    return "it ends in the middle"


def _starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where a frame may start, from the last place on, as far as a frame can be long."""
    end = size
    after = b""
    while end > max(0, size - LARGEST_FRAME):
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        block = file.read(end - begin) + after
        at = block.rfind(_MAGIC)
        while at >= 0:
            yield begin + at
            at = block.rfind(_MAGIC, 0, at + len(_MAGIC) - 1)
        after = block[: len(_MAGIC) - 1]  # a start may lie across two blocks
        end = begin


def _text_from(file: BinaryIO, offset: int) -> tuple[bytes, bool] | None:
    """Return the lines of the frames from there on, and whether all are complete; None if none."""
    file.seek(offset)
    waiting = file.read(LARGEST_FRAME)
    text = bytearray()
    while waiting:
        decompressor = zstd.ZstdDecompressor()
        try:
            text += decompressor.decompress(waiting, LARGEST_FRAME - len(text))
        except ZstdError:
            return None
        if not decompressor.eof:
            return (bytes(text), False) if decompressor.needs_input else None
        waiting = decompressor.unused_data
    return bytes(text), True
