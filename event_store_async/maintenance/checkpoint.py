"""Checkpoints: how far a work has come, in a file that is whole whenever a process dies."""

import os
from pathlib import Path
from typing import Any, Final

import orjson
from anyio import to_thread

from ..errors import InvalidArchive

_FORMAT: Final = "event-store-checkpoint"


class Checkpoint:
    """
    A file with the state of a work that can be gone on with.

    Args:
        path: The file.
        work: The kind of work, as ``"export"``.
        subject: What the work is done on: facts that must be the same when it is gone on with.
    """

    def __init__(self, path: Path, work: str, subject: dict[str, Any]) -> None:
        self.path = path
        self._head = {"format": _FORMAT, "work": work, **subject}

    async def load(self) -> dict[str, Any] | None:
        """
        Return the state that was saved, None where none was.

        Raises:
            InvalidArchive: it is no checkpoint, one of other work, or cannot be read.
        """
        return await to_thread.run_sync(self._load)

    async def save(self, state: dict[str, Any]) -> None:
        """
        Replace the file by one with this state, which is on the disk afterwards.

        Raises:
            InvalidArchive: it cannot be written; the old one is still there.
        """
        data = orjson.dumps({**self._head, "state": state})
        try:
            await to_thread.run_sync(replace_file, self.path, data)
        except OSError as error:
            raise InvalidArchive(
                self.path, None, f"it cannot be written: {error.strerror}"
            ) from error

    async def remove(self) -> None:
        """Remove the file: the work is done."""
        await to_thread.run_sync(lambda: self.path.unlink(missing_ok=True))

    def _load(self) -> dict[str, Any] | None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidArchive(self.path, None, f"it cannot be read: {error.strerror}") from error
        try:
            found = orjson.loads(data)
            state = found.pop("state")
        except (ValueError, AttributeError, KeyError, TypeError):
            found, state = None, None
        if not isinstance(state, dict) or found.get("format") != _FORMAT:
            raise InvalidArchive(self.path, None, "it is no checkpoint of this command")
        for name, wanted in self._head.items():
            if found.get(name) != wanted:
                raise InvalidArchive(
                    self.path,
                    None,
                    f"it belongs to other work: {name} is {found.get(name)!r}, not {wanted!r}",
                    hint="name another file, or remove it to begin from the start",
                )
        return state


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another, so that either the old or the new is always there."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path)


def sync_folder(path: Path) -> None:
    """Make the folder's entry of a file survive a crash of the machine."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
