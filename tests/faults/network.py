"""
Network: a namespace in which a node can be cut off from its peers, but not from its clients.

The nodes of an embedded cluster share the loopback interface, and connect to each other from
any address that the kernel picks, so an address does not identify the sender. Therefore a cut
allows only the open connections between the other nodes, and nothing else on the nodes' own port:
neither the open connections of the cut node nor new ones. It is done with routing rules, in a
network namespace, so that nothing else on the machine is affected.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import psutil  # type: ignore[import-untyped, unused-ignore]  # types are a package apart

# Preferences of the rules; the kernel's own rule for local addresses is moved up.
_FIRST: Final = 100
_LOCAL: Final = 1000


def enter_command(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one in a network namespace."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--net", "--", *command]


def why_not() -> str | None:
    """Return why this machine does not allow a namespace; None if it does."""
    if sys.platform != "linux":
        return "network namespaces exist only on Linux"
    probe = enter_command(["ip", "rule", "add", "pref", "1", "sport", "1", "blackhole"])
    try:
        subprocess.run(probe, check=True, capture_output=True, text=True, timeout=10)
    except FileNotFoundError as error:
        return f"{error.filename} is not installed"
    except subprocess.SubprocessError as error:
        return f"not allowed: {getattr(error, 'stderr', None) or error}".strip()
    return None


class Network:
    """
    The network namespace that this process was started in.

    Args:
        port: The port on which the nodes talk to each other.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._rules = 0

    @staticmethod
    def prepare() -> None:
        """Prepare a new namespace for use."""
        _ip(["link set lo up", f"rule add pref {_LOCAL} lookup local", "rule del pref 0"])

    def isolate(self, others: Iterable[int]) -> None:
        """
        Cut off every node except the given ones.

        Args:
            others: The process ids of the nodes that can still reach each other.
        """
        rules = [f"ipproto tcp {each} lookup local" for each in self._connections_of(others)]
        rules += [f"ipproto tcp {end} {self._port} blackhole" for end in ("sport", "dport")]
        self.mend()
        self._rules = len(rules)
        _ip(f"rule add pref {_FIRST + index} {rule}" for index, rule in enumerate(rules))

    def mend(self) -> None:
        """End the cut."""
        _ip(f"rule del pref {_FIRST + index}" for index in range(self._rules))
        self._rules = 0

    def _connections_of(self, others: Iterable[int]) -> Iterator[str]:
        processes = list(others)
        ends = [self._connections(process) for process in processes]
        for index, mine in enumerate(ends):
            theirs = {end for other, there in enumerate(ends) if other != index for end in there}
            for here, there in mine:
                if (there, here) in theirs:
                    yield f"sport {here} dport {there}"

    def _connections(self, process: int) -> set[tuple[int, int]]:
        return {
            (end.laddr.port, end.raddr.port)
            for end in psutil.Process(process).net_connections("tcp")
            if end.raddr and self._port in {end.laddr.port, end.raddr.port}
        }


def _ip(commands: Iterable[str]) -> None:
    lines = "".join(f"{command}\n" for command in commands)
    subprocess.run(
        ["ip", "-batch", "-"], input=lines, text=True, check=True, capture_output=True, timeout=10
    )
