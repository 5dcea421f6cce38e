"""The jars of one version of Cassandra, as listed in its lock file."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from .errors import JarMismatch, VersionNotLocked
from .lock_lines import lock_lines

_PREFIX = "jars-"
_SUFFIX = ".lock"
# No character that could leave the cache folder in a file name.
_PART = r"([\w.-]+)"
_LINE = re.compile(rf"{_PART}:{_PART}:{_PART}(?::{_PART})? (\d+) ([0-9a-f]{{64}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Jar:
    """
    A jar, pinned by its checksum.

    Attributes:
        group: The group of its Maven coordinate.
        artifact: The artifact of its Maven coordinate.
        version: The version of its Maven coordinate.
        classifier: The classifier of its Maven coordinate; usually empty.
        size: Its size in bytes.
        sha256: Its SHA-256 in hexadecimal.
    """

    group: str
    artifact: str
    version: str
    classifier: str
    size: int
    sha256: str

    @property
    def coordinate(self) -> str:
        """The Maven coordinate."""
        parts = [self.group, self.artifact, self.version, self.classifier]
        return ":".join(part for part in parts if part)

    @property
    def file_name(self) -> str:
        """The name of its file, unique within a lock file."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + (
            ".jar"
        )

    def check(self, path: Path) -> None:
        """
        Compare a file with the lock file.

        Raises:
            JarMismatch: The file differs.
        """
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != self.sha256:
            raise JarMismatch(self.coordinate, path, self.sha256, actual)


def parse_lock(text: str) -> list[Jar]:
    """
    Return the jars that a lock file lists, in its order.

    Raises:
        ValueError: A line is not a coordinate, a size and a SHA-256.
    """
    jars = []
    for match in lock_lines(text, _LINE, "a jar"):
        group, artifact, version, classifier, size, sha256 = match.groups(default="")
        jars.append(Jar(group, artifact, version, classifier, int(size), sha256))
    return jars


def locked_versions() -> list[str]:
    """Return the versions of Cassandra that have a lock file."""
    names = (entry.name for entry in files(__package__).iterdir())
    return sorted(
        name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        for name in names
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX)
    )


def locked_jars(version: str) -> list[Jar]:
    """
    Return the jars of one version of Cassandra.

    Raises:
        VersionNotLocked: There is no lock file for it.
    """
    known = locked_versions()
    if version not in known:
        raise VersionNotLocked(version, known)
    lock = files(__package__) / f"{_PREFIX}{version}{_SUFFIX}"
    return parse_lock(lock.read_text(encoding="ascii"))
