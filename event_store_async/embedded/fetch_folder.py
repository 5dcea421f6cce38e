"""A folder for what is being fetched, apart from what was checked."""

import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

_PREFIX: Final = "fetching-"


@asynccontextmanager
async def fetch_folder(directory: Path) -> AsyncGenerator[Path, None]:
    """
    Make a folder below a directory of the cache, and remove it at the end.

    The caller holds the directory's lock, so folders of that kind were left by processes that have
    ended. They are removed.
    """
    folder = await to_thread.run_sync(_new, directory)
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))


def _new(directory: Path) -> Path:
    for left_over in directory.glob(f"{_PREFIX}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=directory))
