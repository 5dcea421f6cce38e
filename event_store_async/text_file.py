"""Files that a person or an editor wrote: small, in UTF-8, with or without a byte order mark."""

import os
import select
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from os import PathLike
from typing import Final

from .retry import Deadline

_LARGEST: Final = 1024 * 1024
_SECONDS: Final = 30.0
_CHUNK: Final = 64 * 1024


def read_text(path: str | PathLike[str], seconds: float = _SECONDS) -> str:
    """
    Return the text of a configuration, of a secret, or of a key: of a file, a pipe or a device.

    It blocks. No message has the path, which may be the secret itself, given by mistake.

    Args:
        path: The file. A pipe may be one, as of ``<(…)``; it is read to its end.
        seconds: How long it may take. Nobody may ever write to a named pipe.

    Raises:
        OSError: it cannot be read.
        ValueError: it has more than 1 MiB, is not UTF-8, or does not end in time.
    """
    data = bytearray()
    deadline = Deadline(seconds)
    # Without O_NONBLOCK, opening a named pipe waits until somebody else opens it to write.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        while len(data) <= _LARGEST:
            _wait(descriptor, deadline, seconds)
            try:
                chunk = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                continue
            if not chunk:
                return decoded(bytes(data))
            data += chunk
    finally:
        os.close(descriptor)
    raise ValueError(f"it has more than {_LARGEST:,} bytes")


def _wait(descriptor: int, deadline: Deadline, seconds: float) -> None:
    """Wait until there is something to read, or the end; raises `ValueError` if neither comes."""
    if not hasattr(select, "poll"):
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    left = deadline.remaining()
    if left <= 0 or not poll.poll(left * 1000):
        raise ValueError(f"it did not end within {seconds:g} s: does anything write to it?")


def without_mark(data: bytes) -> bytes:
    """
    Return the bytes of a file without a byte order mark.

    Raises:
        ValueError: they are UTF-16 or UTF-32; the message is for a person, and without content.
    """
    if data.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) or b"\0" in data[:4]:
        raise ValueError("it is in UTF-16 or UTF-32: save it as UTF-8")
    return data.removeprefix(BOM_UTF8)


def decoded(data: bytes) -> str:
    """
    Return the text of a file.

    Raises:
        ValueError: it is not UTF-8; as `without_mark`.
    """
    try:
        return without_mark(data).decode()
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
