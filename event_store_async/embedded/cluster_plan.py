"""What all nodes of a cluster share, decided before the first one starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """
    What all nodes of a cluster share.

    Attributes:
        java: The Java to run them with.
        class_path: The checked jars.
        addresses: The address of each node.
        port: The port for clients.
        storage_port: The port for the other nodes.
        heap: The size of each heap, in Java's notation.
        jvm_options: The caller's options for Java; they override the library's.
        settings: The caller's settings, which override cassandra.yaml.
        durable: Whether the data is kept.
        start_timeout: Seconds for a node to come up.
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
        """Whether the port for clients takes only TLS connections."""
        options = self.settings.get("client_encryption_options")
        if not isinstance(options, Mapping):
            return False
        return options.get("enabled") is True and options.get("optional") is not True
