"""Sources of JSON documents: arguments, a file or standard input, however long."""

import os
import re
import stat
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import anyio
import orjson
from anyio import to_thread

from ..json_input import InexactJson, read_json
from ..text_file import without_mark
from .failures import CommandFailed, wrong_usage
from .json_array import JsonArray

_MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes that are in memory at once: of an input that is one document, and of a line."""

_CHUNK: Final = 256 * 1024
_BATCH: Final = 1000
_HOW_TO_GIVE: Final = (
    "give events as arguments, with --file, or on standard input: "
    """echo '{"amount": 50}' | event-store append …"""
)
_QUOTE: Final = "in a shell, put the whole JSON in single quotes: '{\"amount\": 50}'"
_CORRECT: Final = "nothing was appended: correct the JSON and repeat the command"
_LINES: Final = "give one document per line, or an array; an event may have 1 MiB"


class Input(Protocol):
    """Where JSON documents come from."""

    @property
    def repeatable(self) -> bool:
        """Whether `batches` gives the documents again each time."""

    @property
    def fraction(self) -> float:
        """How much of it the last call of `batches` has given, from 0 to 1; 0 if unknown."""

    def batches(self) -> AsyncGenerator[Sequence[Any], None]:
        """
        Iterate over the documents, some at a time.

        Raises:
            CommandFailed: it cannot be read, or something in it is not JSON.
        """


class Arguments:
    """
    Documents on the command line.

    Args:
        texts: The arguments.

    Raises:
        CommandFailed: one is not JSON.
    """

    repeatable = True

    def __init__(self, texts: Sequence[str]) -> None:
        self._documents = [
            parsed(text, f"argument {number}", _QUOTE) for number, text in enumerate(texts, 1)
        ]
        self._given = 0

    @property
    def fraction(self) -> float:
        """See `Input`."""
        return self._given / len(self._documents) if self._documents else 1.0

    async def batches(self) -> AsyncGenerator[Sequence[Any], None]:
        """See `Input`."""
        self._given = 0
        for start in range(0, len(self._documents), _BATCH):
            documents = self._documents[start : start + _BATCH]
            self._given += len(documents)
            yield documents


class DocumentFile:
    """
    A file or standard input. Made by `open`.

    It holds one document on each line; or an array, whose items are the documents; or one document.
    What is longer than 16 MiB is read as it is needed.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._descriptor = _descriptor(file)
        self._size = _size(file)
        self._read = 0
        self._head = b""
        self._whole: list[Any] | None = None
        """The documents, if they are not on lines."""

        self._array = False
        """Whether they are the items of an array that is not in memory."""

        self._complete = False
        """Whether the head is all."""

    @classmethod
    async def open(cls, file: BinaryIO, name: str) -> "DocumentFile":
        """
        Read the beginning of a file, and find out which form it has.

        Raises:
            CommandFailed: it is empty, cannot be read, or does not begin with JSON.
        """
        self = cls(file, name)
        head = BytesIO()
        while head.tell() <= _MAX_BYTES and (data := await self._more()):
            head.write(data)
        try:
            self._head = without_mark(head.getvalue())
        except ValueError as error:
            raise wrong_usage(f"{name} cannot be read: {error}") from None
        self._complete = head.tell() <= _MAX_BYTES
        self._find_form()
        if not self._complete and self._size is not None:
            self._head = b""  # it is read again
        return self

    @property
    def repeatable(self) -> bool:
        """See `Input`."""
        return self._complete or self._size is not None

    @property
    def fraction(self) -> float:
        """See `Input`."""
        size = len(self._head) if self._complete else self._size
        return min(1.0, self._read / size) if size else 0.0

    async def batches(self) -> AsyncGenerator[Sequence[Any], None]:
        """See `Input`."""
        self._read = 0
        if self._whole is not None:
            for start in range(0, len(self._whole), _BATCH):
                end = min(start + _BATCH, len(self._whole))
                self._read = len(self._head) * end // len(self._whole)
                yield self._whole[start:end]
            return
        if self._array:
            async for items in self._items():
                yield items
            return
        number, rest = 0, b""
        async for data in self._chunks():
            self._read += len(data)
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _MAX_BYTES:
                raise self._too_large(f"{self._name}, line {number + len(lines) + 1}")
            yield [*self._parsed(lines, number)]
            number += len(lines)
        yield [*self._parsed([rest], number)]

    def _find_form(self) -> None:
        head, name = self._head, self._name
        if not head.strip():
            raise wrong_usage(f"{name} is empty", _HOW_TO_GIVE)
        if self._complete:
            try:
                whole = read_json(head)
            except InexactJson as error:
                raise _inexact(name, error) from None
            except orjson.JSONDecodeError as error:
                if b"\n" not in head:
                    self._head = head = head.replace(b"\r", b"\n")
                if (first := _first_line(head)) is None or not _is_json(first):
                    # Then it is not one document per line, but one invalid one on many lines.
                    raise wrong_usage(
                        f"{name}, line {error.lineno}: not valid JSON: {error.msg}", _CORRECT
                    ) from None
            else:
                self._whole = whole if isinstance(whole, list) else [whole]
        else:
            first = _first_line(head)
            self._array = head.lstrip()[:1] == b"[" and (first is None or not _is_json(first))
            if first is None and not self._array:
                raise self._too_large(f"{name}, line 1")
            if first is not None and not self._array:
                parsed(first, f"{name}, line 1", _LINES)

    async def _items(self) -> AsyncGenerator[Sequence[Any], None]:
        array = JsonArray()
        number = 0
        async for data in self._chunks():
            self._read += len(data)
            items = []
            try:
                for item in array.feed(data):
                    number += 1
                    items.append(parsed(item, f"{self._name}, item {number}", self._correct))
            except ValueError as error:
                raise wrong_usage(f"{self._name}: {error}", self._correct) from None
            if array.waiting > _MAX_BYTES:
                raise self._too_large(f"{self._name}, item {number + 1}")
            yield items
        if not array.ended:
            raise wrong_usage(f"{self._name}: the array does not end", self._correct)

    def _parsed(self, lines: Sequence[bytes], number: int) -> Iterator[Any]:
        for at, line in enumerate(lines, number + 1):
            if line.strip():
                yield parsed(line, f"{self._name}, line {at}", self._correct)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        if self._complete or self._size is None:
            head = BytesIO(self._head)
            while data := head.read(_CHUNK):
                yield data
        else:
            await self._rewind()
        while not self._complete and (data := await self._more()):
            yield data

    async def _rewind(self) -> None:
        await to_thread.run_sync(self._file.seek, 0)
        if (data := await self._more()) is not None:
            # The mark was accepted when the file was opened; it is skipped each time.
            marked = len(data) - len(without_mark(data))
            await to_thread.run_sync(self._file.seek, marked)

    async def _more(self) -> bytes:
        try:
            if self._descriptor is not None:
                # A thread that waits in `read` could not be interrupted by Ctrl-C. A file that
                # cannot be waited for does not keep anybody waiting.
                with suppress(PermissionError):
                    await anyio.wait_readable(self._descriptor)
                return await to_thread.run_sync(os.read, self._descriptor, _CHUNK)
            return await to_thread.run_sync(self._file.read, _CHUNK)
        except OSError as error:
            raise wrong_usage(f"{self._name} cannot be read: {error.strerror}") from error

    @property
    def _correct(self) -> str:
        # What was read through a pipe before is appended by now.
        return _CORRECT if self.repeatable else "correct the JSON and repeat the command"

    def _too_large(self, place: str) -> CommandFailed:
        return wrong_usage(f"{place} is larger than {_MAX_BYTES // 1024 // 1024} MiB", _LINES)


@contextmanager
def opened(path: Path | None) -> Iterator[tuple[BinaryIO, str]]:
    """
    Give a file for `DocumentFile` and its name for messages, during the block.

    It may block, as for a FIFO: call it where Ctrl-C ends it.

    Args:
        path: The file; ``-`` or None for standard input.

    Raises:
        CommandFailed: it cannot be read, or is a terminal and was not asked for.
    """
    if path is None and sys.stdin.isatty():
        raise wrong_usage("no events are given", _HOW_TO_GIVE)
    if path is None or str(path) == "-":
        yield sys.stdin.buffer, "standard input"
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise wrong_usage(f"{path} cannot be read: {error.strerror}", "check the path") from error
    with file:
        yield file, str(path)


def parsed(text: str | bytes, name: str, hint: str = _QUOTE) -> Any:
    """
    Parse JSON.

    Args:
        text: The JSON.
        name: Where it is from, for the message.
        hint: What to do if it is not JSON.

    Raises:
        CommandFailed: it is not JSON, or reading it would change a value.
    """
    try:
        return read_json(utf8(text) if isinstance(text, str) else text)
    except InexactJson as error:
        raise _inexact(name, error) from None
    except orjson.JSONDecodeError as error:
        raise wrong_usage(
            f"{name} is not valid JSON: {error.msg}, at character {error.colno}",
            "a JSON string needs double quotes: '\"text\"'"
            if isinstance(text, str) and text[:1].isalpha()
            else hint,
        ) from None


def _inexact(name: str, error: InexactJson) -> CommandFailed:
    return wrong_usage(
        f"{name}: {error}, and would be stored with another value",
        "nothing was appended: write a number as a string, and each key once",
    )


def utf8(argument: str) -> bytes:
    """Return the bytes of an argument; none if it is not from a shell, which is no JSON."""
    # In a locale that is not UTF-8, an argument has its bytes as surrogates.
    try:
        return argument.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b""


def _descriptor(file: BinaryIO) -> int | None:
    """Return the descriptor of a file to read from; None for one in memory, or on a disk."""
    try:
        descriptor = file.fileno()
    except OSError:
        return None
    return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else descriptor


def _size(file: BinaryIO) -> int | None:
    """Return the size of a file on a disk that can be read again; None for anything else."""
    try:
        status = os.fstat(file.fileno())
        # Standard input may begin in the middle of a file, where another program left off.
        begins = stat.S_ISREG(status.st_mode) and file.tell() == 0
    except OSError:
        return None
    return status.st_size if begins else None


def _first_line(data: bytes) -> bytes | None:
    """Return the first line that is not empty, if another one follows; otherwise None."""
    found = re.match(rb"\s*([^\n]+)\n\s*\S", data)
    return None if found is None else found[1]


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
