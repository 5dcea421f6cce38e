"""A lock on a file, which is released when its process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self

import anyio
from anyio import to_thread

_PAUSE = 0.1


class FileLock:
    """An exclusive lock on a file, which contains the id of the process that holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """
        Take the lock if it is free; return whether it was taken.

        Raises:
            FileNotFoundError: The folder of the file does not exist.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last holder may have removed the file, and a lock on a removed file is useless.
            if not _is_same(descriptor, self.path):
                os.close(descriptor)
                return False
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def holder(self) -> int | None:
        """Return the id of the process that took the lock last; None if it cannot be read."""
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Release the lock if it is held, and leave the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    async def __aenter__(self) -> Self:
        """Wait until the lock can be taken."""
        # Polled, because a thread that blocks in flock cannot be cancelled.
        while not await to_thread.run_sync(self.try_acquire):  # noqa: ASYNC110 - no event tells
            await anyio.sleep(_PAUSE)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
