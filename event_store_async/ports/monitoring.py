"""Monitoring: what a readiness probe asks of a store."""

from typing import Protocol

from ..health import Health


class HealthCheck(Protocol):
    """Tells whether it can do its work: what a readiness probe asks."""

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Tell whether the store can do its work now.

        It asks what reads ask: a quorum, for one row of the store's own table, of a stream that
        never exists. So it costs as much as `current_version`, and waits for its turn as
        everything does: a store with more requests than it can send in time is not ready.

        Args:
            timeout: Seconds that it may take; a quorum's answer must come within three quarters of
                them, the rest is for finding out what is wrong.

        Raises:
            InvalidArgument: a timeout that is not a positive number.
            WrongEventLoop, WrongProcess: the store belongs to another loop or process.
                Nothing else: whatever is wrong with a store is a value.
        """
