"""Handlers: the processes of a run whose members work on the groups."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..history.groups.lines import FOLDER
from .handler import HandlerPlan
from .processes import Processes
from .proxy import Proxy
from .ring import Ring


class HandlerProcesses(Processes):
    """
    The processes with handlers.

    Args:
        ring: The cluster.
        proxies: A set of proxies for each.
        directory: The folder for the histories.
        seed: The seed of everything random.
        postgres: Where the view is; None without PostgreSQL.

    Attributes:
        mended: A file that exists once nothing fails any more.
    """

    restarts = True

    def __init__(
        self,
        ring: Ring,
        proxies: Sequence[Sequence[Proxy]],
        directory: Path,
        *,
        seed: int,
        postgres: str | None,
    ) -> None:
        super().__init__("handler", ring, proxies, directory, seed=seed)
        self._groups = directory / FOLDER
        self._groups.mkdir()
        self._postgres = postgres
        self.mended = self._groups / "mended"

    def plan(self, index: int, common: dict[str, Any]) -> HandlerPlan:
        """Return the plan of a process."""
        del index
        return HandlerPlan(
            **common,
            groups=str(self._groups),
            mended=str(self.mended),
            postgres=self._postgres,
        )
