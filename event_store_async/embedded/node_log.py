"""Reads what a node logged: its end, for an error, and what it thinks of the other nodes."""

import re
from pathlib import Path

_TAIL_LINES = 40
_TAIL_BYTES = 16 * 1024


def size(log_file: Path) -> int:
    """Return how long the log is now, in bytes; 0 if there is none."""
    try:
        return log_file.stat().st_size
    except FileNotFoundError:
        return 0


def tail(log_file: Path) -> str:
    """Return the last lines of the log; empty if there is none."""
    lines = since(log_file, max(0, size(log_file) - _TAIL_BYTES)).splitlines()
    return "\n".join(lines[-_TAIL_LINES:])


def since(log_file: Path, offset: int) -> str:
    """Return what was logged after an offset in bytes; empty if there is no log."""
    try:
        with log_file.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def sees_up(log: str, address: str) -> bool:
    """
    Say whether, at the end of this stretch of a node's log, the node holds another to be of use.

    That is up, and a normal member of the ring: one that is up but not yet normal is no replica
    to it. There is no way to ask a node over CQL which others it holds to be alive, and JMX, which
    could tell, needs a port and a Java client.
    """
    peer = rf"[^ ]*/{re.escape(address)}:\d+"
    alive = re.findall(rf"InetAddress {peer} is now (UP|DOWN)", log)
    state = re.findall(rf"Node {peer} state (?:jump to )?(\w+)", log)
    return alive[-1:] == ["UP"] and state[-1:] == ["NORMAL"]


def made_superuser(log: str) -> bool:
    """Say whether the node has made the role that one can log in with at first."""
    return "Created default superuser role" in log
