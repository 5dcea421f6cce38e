"""Closed sessions: they are freed some time after they were closed, not at once."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from .port import unpin


class ClosedSessions:
    """
    Keeps the driver's sessions for some time after they were closed.

    When a node comes back, the driver opens a connection of its own to it, and prepares all
    statements there anew. It does so whether or not the session has been closed meanwhile. If the
    session is freed before that ends, freeing it blocks the process until it does, and then the
    driver calls a method of what was freed: "pure virtual method called", and the process is
    aborted (acsylla 1.2.0, `Cluster::notify_host_up_after_prepare`;
    ``tests/faults/test_closing.py`` shows it). So a session is kept for as long as that can take.

    A session that is kept costs two threads and twelve descriptors, so only some are. Those that
    are left when the process ends are never freed.

    Args:
        most: How many are kept: with more, the one that was closed first is freed.
        clock: Seconds that pass.
        free: Frees a session.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        free: Callable[[Any], object] = unpin,
    ) -> None:
        self._most = most
        self._clock = clock
        self._free = free
        self._kept: deque[tuple[float, Any]] = deque()
        self._lock = threading.Lock()  # each thread may have an event loop with a store

    def keep(self, session: object, seconds: float) -> None:
        """Keep a session that was just closed for so many seconds."""
        with self._lock:
            self._kept.append((self._clock() + seconds, session))
        self.free_old()

    def free_old(self) -> None:
        """Free those that were kept for long enough, or are too many."""
        while True:
            with self._lock:
                if not self._kept:
                    return
                until, session = self._kept[0]
                if until > self._clock() and len(self._kept) <= self._most:
                    return
                self._kept.popleft()
            self._free(session)
