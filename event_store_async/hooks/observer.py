"""The observer: passes records to the hooks of one store."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from .records import Hook, Record
from .source import Source

_LOG: Final = logging.getLogger("event_store_async")


class Observer:
    """
    Passes records to the hooks of one store.

    Args:
        source: The store that the records come from.
        hooks: The hooks, in the order in which they are called.
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

    def report(self, record: Record) -> None:
        """Call every hook with a record; the first exception of each hook is logged."""
        for index, hook in enumerate(self._hooks):
            try:
                hook(record)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - a hook must not break its store
                if index not in self._broken:
                    self._broken.add(index)
                    _LOG.exception(
                        "hook %r failed; it is still called, but further failures are not logged",
                        hook,
                    )


class Stopwatch:
    """
    Measures the time since it was created.

    Attributes:
        started: When it was created, as seconds since the epoch.
    """

    __slots__ = ("_start", "started")

    def __init__(self) -> None:
        self.started = time.time()
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it was created, by a clock that never jumps."""
        return time.perf_counter() - self._start
