"""The port of monitoring: `HealthCheck`, for readiness probes."""

from typing import Protocol, cast

from ..errors import InvalidArgument
from ..health import Health


class HealthCheck(Protocol):
    """Reports whether it is ready to work."""

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Return whether the store can work now.

        It does what a read does: it asks a quorum for one row of the store's table, of a stream
        that never exists. So it costs as much as `current_version`, and waits for its turn like any
        request: a store with more requests than it can send in time is not ready.

        On a table with a feed it also reads the feed's row, at the serial level, and says whether
        anybody sequences (`Health.sequenced`, `Health.warnings`). That takes two calls, some
        seconds apart, if the store's own sequencer does not watch.

        Args:
            timeout: Seconds that it may take. A quorum must answer within three quarters of them;
                the rest is for finding out what is wrong.

        Raises:
            InvalidArgument: the timeout is not a positive number.
            WrongEventLoop, WrongProcess: the store belongs to another event loop or process. Any
                other problem of a store is in the result.
        """
        raise NotImplementedError


def prober(store: object) -> HealthCheck:
    """Return a wrapped store as a `HealthCheck`; raises `InvalidArgument` if it is none."""
    if getattr(store, "health", None) is None:
        raise InvalidArgument(f"{type(store).__name__} has no health()")
    return cast("HealthCheck", store)
