"""What all nodes of one cluster have in common, settled before the first of them starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """
    What all nodes of one cluster have in common.

    Attributes:
        java: The Java to run them.
        class_path: The jars, checked.
        addresses: The address of each node.
        port: The port for clients.
        storage_port: The port for the other nodes.
        heap: The size of each heap, as Java writes it.
        jvm_options: Options of Java's that the caller adds; the last of two that differ wins.
        settings: What the caller lays over cassandra.yaml.
        durable: Whether the data is kept.
        start_timeout: Seconds that a node has to answer.
    """

    java: Path
    class_path: tuple[Path, ...]
    addresses: tuple[str, ...]
    port: int
    storage_port: int
    heap: str
    jvm_options: tuple[str, ...]
    settings: Mapping[str, object]
    durable: bool
    start_timeout: float

    @property
    def tls(self) -> bool:
        """Whether the port for clients speaks TLS and nothing else."""
        options = self.settings.get("client_encryption_options")
        if not isinstance(options, Mapping):
            return False
        return options.get("enabled") is True and options.get("optional") is not True
