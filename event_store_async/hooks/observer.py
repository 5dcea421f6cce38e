"""The observer: it tells the hooks what happens."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from .records import Hook, Record, Source

_LOG: Final = logging.getLogger("event_store_async")


class Observer:
    """
    Tells the hooks of one store what happens in it.

    Args:
        source: The store.
        hooks: Who is told.
    """

    __slots__ = ("_broken", "_hooks", "source")

    def __init__(self, source: Source, hooks: Sequence[Hook]) -> None:
        self.source = source
        self._hooks = tuple(hooks)
        self._broken: set[int] = set()

    @classmethod
    def of(cls, source: Source, hooks: Sequence[Hook]) -> "Observer | None":
        """Return an observer for these hooks; None if there are none."""
        return cls(source, hooks) if hooks else None

    def tell(self, record: Record) -> None:
        """Tell all hooks; one that raises is logged the first time."""
        for index, hook in enumerate(self._hooks):
            try:
                hook(record)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever it is, it is logged
                if index not in self._broken:
                    self._broken.add(index)
                    _LOG.exception("hook %r failed; it is still told, and not logged again", hook)


class Stopwatch:
    """
    Measures one stretch of time.

    Attributes:
        started: When it began, as seconds since the epoch.
    """

    __slots__ = ("_begun", "started")

    def __init__(self) -> None:
        self.started = time.time()
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self._begun
