"""The jars in the user's cache: fetches missing ones, and checks all at each start."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from .errors import JarsUnavailable
from .extra import from_the_extra
from .fetch_folder import fetch_folder
from .file_lock import FileLock
from .home import home_folder
from .jars import Jar

if TYPE_CHECKING:
    from jgo.maven import MavenContext

_PARALLEL = 4
_ATTEMPTS = 3
_PAUSE = 1.0
_TIMEOUT = 60


def cache_directory() -> Path:
    """Return the cache folder: below XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification says to ignore a relative path.
    given = Path(base) if base and Path(base).is_absolute() else None
    return (given or home_folder("XDG_CACHE_HOME") / ".cache") / "event_store_async"


class JarCache:
    """
    The jars of one version on disk.

    A jar is fetched into a separate folder, checked, and only then moved into the cache, so the
    cache is never left with half a file. A lock keeps other processes from fetching at the same
    time.
    """

    def __init__(self, jars: list[Jar], directory: Path) -> None:
        self._jars = jars
        self._directory = directory

    async def class_path(self, on_fetch: Callable[[int, int], None]) -> list[Path]:
        """
        Return the files of all jars, after checking each against the lock file.

        Args:
            on_fetch: Called with the number of jars fetched and the number to fetch, if any.

        Raises:
            JarsUnavailable: A jar could not be fetched.
            JarMismatch: A jar differs from the lock file.
            ExtraMissing: The package that fetches jars is not installed.
        """
        if await to_thread.run_sync(self._missing):
            await anyio.Path(self._directory).mkdir(parents=True, exist_ok=True)
            async with FileLock(self._directory / "lock"):
                # Another process may have fetched them while this one waited for the lock.
                if missing := await to_thread.run_sync(self._missing):
                    await self._fetch(missing, on_fetch)
        return await to_thread.run_sync(self._checked)

    def _path(self, jar: Jar) -> Path:
        return self._directory / jar.file_name

    def _missing(self) -> list[Jar]:
        return [jar for jar in self._jars if not self._path(jar).exists()]

    def _checked(self) -> list[Path]:
        for jar in self._jars:
            jar.check(self._path(jar))
        return [self._path(jar) for jar in self._jars]

    async def _fetch(self, missing: list[Jar], on_fetch: Callable[[int, int], None]) -> None:
        async with fetch_folder(self._directory) as folder:
            context = await to_thread.run_sync(_maven, folder)
            permits = anyio.Semaphore(_PARALLEL)
            fetched = 0
            failure: Exception | None = None

            async def fetch(jar: Jar, group: TaskGroup) -> None:
                nonlocal fetched, failure
                async with permits:
                    try:
                        await _fetch_one(context, jar, self._path(jar))
                    except Exception as error:  # noqa: BLE001 - raised again below
                        # Raised below: one plain error is more useful than a group.
                        failure = failure or error
                        group.cancel_scope.cancel()
                        return
                fetched += 1
                on_fetch(fetched, len(missing))

            on_fetch(0, len(missing))
            async with anyio.create_task_group() as group:
                for jar in missing:
                    group.start_soon(fetch, jar, group)
            if failure is not None:
                raise failure


def _maven(folder: Path) -> "MavenContext":
    with from_the_extra():
        from jgo.maven import MavenContext
    return MavenContext(repo_cache=folder, local_repos=[], timeout=_TIMEOUT)


async def _fetch_one(context: "MavenContext", jar: Jar, target: Path) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await to_thread.run_sync(_download, context, jar, target)
        # Network errors, as the several libraries below raise them.
        except (OSError, RuntimeError) as error:
            if attempt == _ATTEMPTS:
                raise JarsUnavailable(jar.coordinate, str(error)) from error
            await anyio.sleep(_PAUSE * attempt)
        else:
            return


def _download(context: "MavenContext", jar: Jar, target: Path) -> None:
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    artifact = component.artifact(classifier=jar.classifier)
    if (partial := artifact.cached_path) is not None:
        partial.unlink(missing_ok=True)
    path = artifact.resolve()
    try:
        jar.check(path)
    except BaseException:
        path.unlink()
        raise
    path.replace(target)
