"""Erasers: the processes of a run that truncate, delete and close streams."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .eraser import EraserPlan
from .processes import Processes
from .proxy import Proxy
from .ring import Ring


class Erasers(Processes):
    """
    The erasers.

    Args:
        ring: The cluster.
        proxies: A set of proxies for each.
        directory: The folder for the histories.
        run: The run's name.
        since: When it began, in nanoseconds of the monotonic clock.
        seed: The seed of everything random.
        streams: The number of streams in use at a time.
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
        streams: int,
    ) -> None:
        super().__init__("eraser", ring, proxies, directory, seed=seed)
        self._run, self._since, self._streams = run, since, streams

    def plan(self, index: int, common: dict[str, Any]) -> EraserPlan:
        """Return the parameters of an eraser."""
        del index
        return EraserPlan(**common, streams=self._streams, run=self._run, since=self._since)
