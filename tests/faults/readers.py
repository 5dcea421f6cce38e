"""Readers: the processes of a run that read the feed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ..history.feed.readings import FOLDER
from .events import TYPES
from .processes import Processes
from .proxy import Proxy
from .reader import ReaderPlan
from .ring import Ring

_SELECTS: Final = 2
"""Every third reader selects one type of events; the others read all."""


class Readers(Processes):
    """
    The readers. One that is killed is replaced by a process that knows its stored positions only.

    Args:
        ring: The cluster.
        proxies: A set of proxies for each.
        directory: The folder for the histories.
        seed: The seed of everything random.
    """

    def __init__(
        self, ring: Ring, proxies: Sequence[Sequence[Proxy]], directory: Path, *, seed: int
    ) -> None:
        super().__init__("reader", ring, proxies, directory, seed=seed)

    @property
    def slowest(self) -> int:
        """How many events of the feed all of them have passed."""
        return min((counts["ordinal"] for counts in self.each), default=0)

    def plan(self, index: int, common: dict[str, Any]) -> ReaderPlan:
        """Return the plan of a reader."""
        reader = f"reader-{index + 1}"
        return ReaderPlan(
            **common,
            reader=reader,
            positions=str(self._directory / FOLDER / f"{reader}.positions"),
            types=TYPES[:1] if index % 3 == _SELECTS else (),
        )
