"""Outages: which errors of PostgreSQL say that it is away, not that an event is at fault."""

from typing import Final

_CLASSES: Final = (
    "08",  # connection exception
    "28",  # the password is wrong, or nobody may log in: an operator mends it, not the event
    "53",  # too many connections, no memory, no disk
    "58",  # the server's files or its system
)
_STATES: Final = frozenset(
    {
        # A standby, or a server that was made read-only: after a failover a pool may be connected
        # to it for a while. Writing there fails for every event, so no stream may be parked for it.
        "25006",
        # Others were in the way: it will do when it is repeated.
        "40001",  # serialization failure
        "40003",  # statement completion unknown
        "40P01",  # deadlock detected
        "55P03",  # lock not available: another process has the row of the slice, or one of the view
        # The server ends, or begins.
        "57P01",
        "57P02",
        "57P03",
        "57P04",
        "57P05",
        "HV00N",  # a foreign server is away
    }
)
"""
Not among them, so that they count as failures, and recovery can park the stream:

- 57014, a cancelled statement: it took longer than ``statement_timeout``, and will do so again.
- 54000 and others of its class, a limit of the server: the value is too large for it, and stays so.
- 25P03, a transaction that stood still for longer than its limit: a handler that waits that long
  for something else will do so again. A process that was stopped fails once, and goes on.
"""


def is_outage(state: str | None) -> bool:
    """
    Return whether an error with this SQLSTATE is an outage.

    Args:
        state: The code; None if the error is not the server's.
    """
    return state is not None and (state[:2] in _CLASSES or state in _STATES)
