"""Reads a node's log: its last lines, and how the node sees the others."""

import re
from pathlib import Path

_TAIL_LINES = 40
_TAIL_BYTES = 16 * 1024


def size(log_file: Path) -> int:
    """Return the current size of the log in bytes; 0 if there is none."""
    try:
        return log_file.stat().st_size
    except FileNotFoundError:
        return 0


def tail(log_file: Path) -> str:
    """Return the last lines of the log; empty if there is none."""
    lines = since(log_file, max(0, size(log_file) - _TAIL_BYTES)).splitlines()
    return "\n".join(lines[-_TAIL_LINES:])


def since(log_file: Path, offset: int) -> str:
    """Return the log after an offset in bytes; empty if there is no log."""
    try:
        with log_file.open("rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def sees_up(log: str, address: str) -> bool:
    """
    Say whether, at the end of this part of a node's log, the node can use another one.

    It can if the other is up and a normal member of the ring; before that, the other is not a
    replica. The log is read because CQL does not tell which nodes are alive, and JMX needs a port
    and a Java client.
    """
    peer = rf"[^ ]*/{re.escape(address)}:\d+"
    alive = re.findall(rf"InetAddress {peer} is now (UP|DOWN)", log)
    state = re.findall(rf"Node {peer} state (?:jump to )?(\w+)", log)
    return alive[-1:] == ["UP"] and state[-1:] == ["NORMAL"]


def made_superuser(log: str) -> bool:
    """Say whether the node has created the role for the first login."""
    return "Created default superuser role" in log
