"""The explainer: finds out whether a fault is due to the schema; calls share its look."""

import copy
import math
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import anyio

from ...errors import SchemaError
from ...retry import Deadline
from ..driver.faults import Fault

_MAY_LACK_A_TABLE: Final = ("CassErrorLibNoHostsAvailable", "CassErrorServerInvalidQuery")
_LASTS: Final = 1.0
"""Seconds for which a look is valid, and which it may take."""


class Explainer:
    """
    Finds out whether a fault is due to the schema.

    The driver does not report a table that was dropped: it cannot prepare the statement again at
    any node, so it has "no hosts available".
    """

    def __init__(self) -> None:
        self._lock = anyio.Lock()
        self._at = -math.inf
        self._found: SchemaError | None = None

    async def explain(
        self,
        fault: Fault,
        deadline: Deadline,
        search: Callable[[Deadline], Awaitable[SchemaError | None]],
    ) -> None:
        """
        Look if a fault may be due to the schema. Returns if it is not, or is not known to be.

        Args:
            fault: What a request with a prepared statement met.
            deadline: That of the request.
            search: Looks at the schema within a deadline. Returns what is wrong with it; None if
                nothing is, or if it cannot be found out. It is not kept: its owner has this
                explainer, and a cycle would keep the driver's session alive.

        Raises:
            SchemaError: the table, or a column of it, is missing.
        """
        if fault.name not in _MAY_LACK_A_TABLE:
            return
        seconds = max(0.0, min(_LASTS, deadline.remaining()))
        with anyio.move_on_after(seconds):
            # In an outage every call comes here, so that they share a look.
            async with self._lock:
                if monotonic() > self._at + _LASTS:
                    self._found = await search(Deadline(seconds))
                    self._at = monotonic()
            if self._found is not None:
                raise copy.copy(self._found) from fault

    def forget(self) -> None:
        """Look anew at the next fault."""
        self._at = -math.inf
