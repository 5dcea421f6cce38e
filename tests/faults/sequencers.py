"""Sequencers: the processes of a run that do nothing but sequence the feed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .processes import Processes
from .proxy import Proxy
from .ring import Ring
from .sequencer import Sequencer


class Sequencers(Processes):
    """
    The sequencers. Others, in the stores of writers and readers, compete with them.

    Args:
        ring: The cluster.
        proxies: A set of proxies for each.
        directory: The folder for the histories.
        seed: The seed of everything random.
    """

    def __init__(
        self, ring: Ring, proxies: Sequence[Sequence[Proxy]], directory: Path, *, seed: int
    ) -> None:
        super().__init__("sequencer", ring, proxies, directory, seed=seed)

    def plan(self, index: int, common: dict[str, Any]) -> Sequencer:
        """Return the parameters of a sequencer."""
        del index
        return Sequencer(**common)
