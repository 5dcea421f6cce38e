"""Doctor: the findings of an examination, kept for a minute, whoever asks."""

import time
from typing import Any, Final

import anyio

_FRESH: Final = 60.0
_SECONDS: Final = 30.0


class Doctor:
    """
    Examines the cluster of a store, once a minute at most.

    Args:
        store: The store; one that is not on Cassandra cannot be examined.
    """

    def __init__(self, store: Any) -> None:
        operations = getattr(store, "operations", None)
        self._examine = getattr(operations, "examine", None)
        self._lock = anyio.Lock()
        self._found: tuple[float, Any] | None = None

    @property
    def is_there(self) -> bool:
        """Whether the store can be examined."""
        return self._examine is not None

    async def examination(self) -> Any:
        """
        Return an `Examination` that is not older than a minute. It can take some seconds.

        Raises:
            EventStoreError: as `Operations.examine`.
            TimeoutError: it took too long.
        """
        assert self._examine is not None  # noqa: S101 - callers have looked at `is_there`
        with anyio.fail_after(_SECONDS):
            async with self._lock:
                if self._found is None or time.monotonic() - self._found[0] > _FRESH:
                    self._found = (time.monotonic(), await self._examine())
                return self._found[1]
