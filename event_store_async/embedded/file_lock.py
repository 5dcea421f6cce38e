"""A lock that one process holds on a file, and that ends with the process however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self

import anyio
from anyio import to_thread

_PAUSE = 0.1


class FileLock:
    """An exclusive lock on a file. The file holds the id of the process that holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """
        Take the lock if nobody holds it; say whether it was taken.

        Raises:
            FileNotFoundError: The folder of the file does not exist.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it may have removed the file: a lock on a removed file guards nothing.
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
        """Return the id of the process that wrote itself into the file last."""
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        """Give the lock back, if it is held. The file stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    async def __aenter__(self) -> Self:
        """Wait until the lock can be taken."""
        # A blocking flock in a thread could not be cancelled, so this asks again and again.
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
