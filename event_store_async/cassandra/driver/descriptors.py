"""File descriptors: a driver that runs out of them fails in odd ways, or ends the process."""

import logging
import os
from typing import Final

from ...errors import ConnectionFailed

_LOG: Final = logging.getLogger("event_store_async")

OPENED_BY_A_STORE: Final = 18
"""Descriptors that a store of one node keeps open."""

_SPARE: Final = 24
"""Descriptors that must be free before a connection is opened."""

_HINT: Final = (
    "close stores that are not needed, open one for each process and event loop only, "
    "or raise the limit: `ulimit -n`"
)


def check_descriptors(where: str) -> None:
    """
    Refuse to connect with too few descriptors left.

    Args:
        where: What would be connected to, for the error.

    Raises:
        ConnectionFailed: they are used up, or nearly.
    """
    opened: list[int] = []
    try:
        for _ in range(_SPARE):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        raise out_of_descriptors(where, error) from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


def out_of_descriptors(where: str, cause: Exception) -> ConnectionFailed:
    """Return the error for a caller that could not be connected for want of descriptors."""
    return ConnectionFailed(f"cannot connect to {where}: {cause}", hint=_HINT)


class OpenConnections:
    """
    Counts the connections of this process, and warns of many.

    Args:
        many: From how many on; then at every doubling.
    """

    def __init__(self, many: int) -> None:
        self._many = many
        self._count = 0

    def opened(self) -> None:
        """Note that one was opened."""
        self._count += 1
        if self._count == self._many:
            self._many *= 2
            _LOG.warning(
                "%d stores are open in this process, each with threads and some %d file "
                "descriptors of its own (%s)",
                self._count,
                OPENED_BY_A_STORE,
                _HINT,
            )

    def closed(self) -> None:
        """Note that one was closed."""
        self._count -= 1
