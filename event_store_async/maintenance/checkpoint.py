"""A checkpoint: the state of a job in a file that is complete whenever the process dies."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from anyio import to_thread

from ..checks import is_int
from ..errors import InvalidCheckpoint
from ..json_input import InexactJson, read_own_json

_FORMAT: Final = "event-store-checkpoint"

_LARGEST: Final = 256 * 1024 * 1024
"""Bytes that a checkpoint may have: it is in memory as a whole while it is decoded."""

LARGEST_COUNT: Final = 2**53
"""The largest count in a checkpoint. Adding to it never exceeds the 64 bits that are written."""

T = TypeVar("T")


class Checkpoint:
    """
    A file with the state of a job, to resume it from.

    Args:
        path: The file.
        job: The kind of job, for example ``"export"``.
        subject: What the job works on: facts that must be the same when it is resumed.
    """

    def __init__(self, path: Path, job: str, subject: dict[str, Any]) -> None:
        self.path = path
        self._head = {"format": _FORMAT, "work": job, **subject}

    async def load(self, decode: Callable[[dict[str, Any]], T]) -> T | None:
        """
        Return the saved state, decoded; None if there is no such file.

        Args:
            decode: Makes the state of what `save` was given. May raise KeyError, IndexError,
                TypeError, ValueError or AttributeError.

        Raises:
            InvalidCheckpoint: the file is not a checkpoint, is damaged, belongs to another job or
                cannot be read.
        """
        found = await to_thread.run_sync(self._read)
        if found is None:
            return None
        try:
            return decode(found)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise InvalidCheckpoint(
                self.path,
                f"it is damaged: {error!r}",
                hint="remove it to start from the beginning",
            ) from error

    async def save(self, state: dict[str, Any]) -> None:
        """
        Replace the file with one that holds this state; it is on the disk on return.

        Raises:
            InvalidCheckpoint: it cannot be written; the old one is still there.
        """
        data = orjson.dumps({**self._head, "state": state})
        try:
            await to_thread.run_sync(replace_file, self.path, data)
        except OSError as error:
            raise InvalidCheckpoint(self.path, f"it cannot be written: {error.strerror}") from error

    async def remove(self) -> None:
        """
        Remove the file: the job is done.

        Raises:
            InvalidCheckpoint: it cannot be removed.
        """
        try:
            await to_thread.run_sync(lambda: self.path.unlink(missing_ok=True))
        except OSError as error:
            raise InvalidCheckpoint(self.path, f"it cannot be removed: {error.strerror}") from error

    def _read(self) -> dict[str, Any] | None:
        try:
            data = _read_file(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidCheckpoint(self.path, f"it cannot be read: {error.strerror}") from error
        if data is None:
            raise InvalidCheckpoint(self.path, "it is not a regular file", hint="name another one")
        if len(data) > _LARGEST:
            raise InvalidCheckpoint(
                self.path, f"it is not a checkpoint: it has more than {_LARGEST:,} bytes"
            )
        try:
            found = read_own_json(data)
            state = found.pop("state")
        except InexactJson as error:
            raise InvalidCheckpoint(
                self.path,
                f"it is damaged: {error}",
                hint="remove it to start from the beginning",
            ) from error
        except (ValueError, AttributeError, KeyError, TypeError):
            found, state = None, None
        if not isinstance(state, dict) or found.get("format") != _FORMAT:
            raise InvalidCheckpoint(self.path, "it is not a checkpoint")
        for name, wanted in self._head.items():
            if found.get(name) != wanted:
                raise InvalidCheckpoint(
                    self.path,
                    f"it belongs to another job: {name} {found.get(name)!r}, not {wanted!r}",
                    hint="name another file, or remove it to start from the beginning",
                )
        return state


def checked_int(given: object, at_least: int = 0, at_most: int = LARGEST_COUNT) -> int:
    """Return an int of a checkpoint; raises ValueError for anything else."""
    if not is_int(given) or not at_least <= given <= at_most:
        raise ValueError(f"not a whole number from {at_least} to {at_most}: {given!r:.100}")
    return given


def checked_bool(given: object) -> bool:
    """Return a bool of a checkpoint; raises ValueError for anything else."""
    if not isinstance(given, bool):
        raise ValueError(f"neither true nor false: {given!r:.100}")  # noqa: TRY004 - of a file
    return given


def checked_digest(given: object) -> bytes:
    """Return the digest that a checkpoint holds in hex; raises ValueError for anything else."""
    digest = bytes.fromhex(given) if isinstance(given, str) and len(given) == 64 else b""
    if len(digest) != 32:
        raise ValueError(f"not a digest: {given!r:.100}")
    return digest


def _read_file(path: Path) -> bytes | None:
    """Return a file's content, up to a byte over `_LARGEST`; None for a FIFO, device or socket."""
    # Without O_NONBLOCK, opening a FIFO would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # fdopen refuses a folder
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_LARGEST + 1)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """
    Replace a file so that either the old one or the new one is always there, complete.

    Only the file's owner can read the new one.
    """
    # The order matters: the new content is on the disk before it takes the name, and the name
    # is on the disk before anything relies on it.
    new = path.with_name(path.name + ".new")
    # The name may belong to a killed run's file, or to a link to a file of somebody else. Either
    # goes, and what is written then is a file made here: O_EXCL follows no link.
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path)


def sync_folder(path: Path) -> None:
    """Make a file's entry in its folder survive a crash of the machine."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
