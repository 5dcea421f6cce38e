"""
Network: one of our own, in which a node can be cut from its peers, but not from its clients.

The nodes of an embedded cluster share the loopback interface, and connect to each other from
whichever address the kernel picks, so addresses do not tell who sends. Therefore a cut lets
pass what the other nodes have open between them, and nothing else on the nodes' own port: neither
what the cut node has open, nor anything new. Done by routing rules, in a network namespace, so that
nothing else on the machine can notice.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import psutil  # type: ignore[import-untyped, unused-ignore]  # types are a package apart

_FIRST: Final = 100  # the rules' preferences; the kernel's own rule for local addresses is moved up
_LOCAL: Final = 1000


def enter_command(command: Sequence[str]) -> list[str]:
    """Return a command that runs another one in a network of its own."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *as_root, "--net", "--", *command]


def why_not() -> str | None:
    """Return why this machine does not allow it; None if it does."""
    if sys.platform != "linux":
        return "network namespaces are a thing of Linux"
    probe = enter_command(["ip", "rule", "add", "pref", "1", "sport", "1", "blackhole"])
    try:
        subprocess.run(probe, check=True, capture_output=True, text=True, timeout=10)
    except FileNotFoundError as error:
        return f"there is no {error.filename} here"
    except subprocess.SubprocessError as error:
        return f"not allowed: {getattr(error, 'stderr', None) or error}".strip()
    return None


class Network:
    """
    The network of the namespace that this process has been started in.

    Args:
        port: The port by which the nodes know each other.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._rules = 0

    @staticmethod
    def prepare() -> None:
        """Make a fresh namespace usable."""
        _ip(["link set lo up", f"rule add pref {_LOCAL} lookup local", "rule del pref 0"])

    def isolate(self, others: Iterable[int]) -> None:
        """
        Cut off every node but some.

        Args:
            others: The process ids of the nodes that still hear each other.
        """
        rules = [f"ipproto tcp {way} lookup local" for way in self._ways(others)]
        rules += [f"ipproto tcp {end} {self._port} blackhole" for end in ("sport", "dport")]
        self.mend()
        self._rules = len(rules)
        _ip(f"rule add pref {_FIRST + index} {rule}" for index, rule in enumerate(rules))

    def mend(self) -> None:
        """Let everybody hear each other again."""
        _ip(f"rule del pref {_FIRST + index}" for index in range(self._rules))
        self._rules = 0

    def _ways(self, others: Iterable[int]) -> Iterator[str]:
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
