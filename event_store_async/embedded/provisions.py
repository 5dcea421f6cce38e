"""What a release needs before a node can start: its jars and a Java, fetched if necessary."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import DirectoryRefused
from .jar_cache import JarCache, cache_directory
from .jars import locked_jars
from .java import check_path
from .java_cache import provide_java
from .releases import Release
from .start_progress import StartProgress

_HINT: Final = "set XDG_CACHE_HOME to another folder"


@dataclass(frozen=True, slots=True)
class Provisions:
    """
    What a release needs.

    Attributes:
        java: The Java that runs it.
        class_path: Its jars, checked.
    """

    java: Path
    class_path: tuple[Path, ...]


async def provide(release: Release, progress: StartProgress) -> Provisions:
    """
    Return what a release needs, from the cache or fetched into it.

    Args:
        release: The release of Cassandra.
        progress: Receives the progress of what is fetched.

    Raises:
        EmbeddedError: See `event_store_async.embedded.errors`.
    """
    cache = cache_directory()
    _check(cache)
    java = await provide_java(
        release.java,
        cache,
        lambda done, total: progress.step(f"Fetching Java {release.java} (MB)", done, total),
    )
    jars = JarCache(locked_jars(release.version), cache / f"jars-{release.version}")
    class_path = await jars.class_path(
        lambda done, total: progress.step("Fetching the jars of Cassandra", done, total)
    )
    return Provisions(java, tuple(class_path))


def _check(cache: Path) -> None:
    check_path(cache, _HINT)
    if os.pathsep in str(cache):
        raise DirectoryRefused(
            cache,
            f"Java separates the jars of a class path by {os.pathsep!r}",
            _HINT,
        )
