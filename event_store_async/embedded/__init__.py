"""
A real Cassandra on this machine, for tests and for trying things out.

Needs the extra ``embedded`` and nothing but Python packages: no Docker, no Maven and no Java,
although it uses a Java 17 on the machine if there is one.
"""

from .background import Background, Running
from .cluster import EmbeddedCassandra
from .errors import (
    AddressUnavailable,
    BackgroundFailed,
    DirectoryInUse,
    DirectoryRefused,
    EmbeddedError,
    ExtraMissing,
    JarMismatch,
    JarsUnavailable,
    JavaNotFound,
    NodeFailed,
    NodeTimedOut,
    PortInUse,
    VersionNotLocked,
)
from .node import Node

__all__ = [
    "AddressUnavailable",
    "Background",
    "BackgroundFailed",
    "DirectoryInUse",
    "DirectoryRefused",
    "EmbeddedCassandra",
    "EmbeddedError",
    "ExtraMissing",
    "JarMismatch",
    "JarsUnavailable",
    "JavaNotFound",
    "Node",
    "NodeFailed",
    "NodeTimedOut",
    "PortInUse",
    "Running",
    "VersionNotLocked",
]
