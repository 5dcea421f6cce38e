"""
A real Cassandra on this machine, for tests and for trying things out.

It needs the extra ``embedded`` and nothing but Python packages: no Docker, no Maven and no Java,
although it uses a Java 17 on the machine if there is one. It imports nothing else of the library.

    errors extra                        every error; which package is missing
    jars jar_cache java                 Cassandra's jars, and a Java to run them
    ports settings data_directory       what nodes need: ports, configuration, a directory
    cluster_plan file_lock              what all nodes share; who owns a directory
    processes supervisor node_process   processes that end with this one
    probe node_log start_progress       whether a node serves, what it logs, how far a start is
    node cluster                        one node; `EmbeddedCassandra`
    keeper background                   a cluster that outlives this process
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
from .start_progress import StartProgress

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
    "StartProgress",
    "VersionNotLocked",
]
