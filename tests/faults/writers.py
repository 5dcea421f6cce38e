"""Writers: the worker processes of a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .processes import Processes
from .proxy import Proxy
from .ring import Ring
from .worker import Plan


class Writers(Processes):
    """
    The workers.

    Args:
        ring: The cluster.
        proxies: A set of proxies for each worker.
        directory: The folder for the histories.
        run: The run's name.
        since: When it began, in nanoseconds of the monotonic clock.
        seed: The seed of everything random.
        tasks: The number of concurrent calls of each worker.
        streams: The number of streams in use at a time.
        lifetime: For how many seconds they are in use.
        pause: The mean seconds between two calls of a task.
    """

    def __init__(
        self,
        ring: Ring,
        proxies: Sequence[Sequence[Proxy]],
        directory: Path,
        *,
        run: str,
        since: int,
        seed: int,
        tasks: int,
        streams: int,
        lifetime: float,
        pause: float,
    ) -> None:
        super().__init__("writer", ring, proxies, directory, seed=seed)
        self._run, self._since = run, since
        self._tasks, self._streams, self._pause = tasks, streams, pause
        self._lifetime = lifetime

    def plan(self, index: int, common: dict[str, Any]) -> Plan:
        """Return the plan of a worker."""
        del index
        return Plan(
            **common,
            tasks=self._tasks,
            streams=self._streams,
            lifetime=self._lifetime,
            pause=self._pause,
            run=self._run,
            since=self._since,
        )
