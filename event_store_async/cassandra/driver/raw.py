"""Raw: what we use of the driver's session and cluster, which have no types."""

from typing import Any, Protocol


class RawSession(Protocol):
    """What we use of an acsylla session."""

    async def execute(self, statement: Any) -> Any:
        """Send a statement."""

    async def execute_batch(self, batch: Any) -> Any:
        """Send a batch."""

    async def create_prepared(self, statement: str) -> Any:
        """Prepare a statement."""

    async def close(self) -> None:
        """Wait for the requests in flight, and close."""


class RawCluster(Protocol):
    """What we use of an acsylla cluster."""

    def destroy(self) -> None:
        """Free the descriptors; only after the sessions' `close`."""

    def create_execution_profile(self, name: str, **options: Any) -> None:
        """Name a way of choosing nodes, which statements can ask for."""

    def set_ssl(self, enabled: bool, **options: Any) -> None:
        """Turn TLS on."""
