"""Peers: three processes with connections between them, cut and restored (for test_network)."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Final

from .network import Network

PORT: Final = 7000
_NUMBERS: Final = (1, 2, 3)
_MENDED_WITHIN: Final = 60.0


class Peers:
    """
    Connections from each peer to every other one, as between Cassandra's nodes.

    A cut depends only on which process holds an end. So a peer is a process that inherits its
    ends and does nothing; this process sends and receives on all of them.
    """

    def __init__(self, stack: ExitStack) -> None:
        listeners = {
            number: stack.enter_context(socket.create_server((f"127.0.0.{number}", PORT)))
            for number in _NUMBERS
        }
        self._near: dict[tuple[int, int], socket.socket] = {}
        self._far: dict[tuple[int, int], socket.socket] = {}
        for here in _NUMBERS:
            for there in _NUMBERS:
                if here != there:
                    near = socket.create_connection((f"127.0.0.{there}", PORT))
                    far, _ = listeners[there].accept()
                    far.settimeout(0.3)
                    self._near[here, there] = stack.enter_context(near)
                    self._far[here, there] = stack.enter_context(far)
        self.processes = [self._process(stack, number) for number in _NUMBERS]

    def _process(self, stack: ExitStack, number: int) -> int:
        ends = [near for (here, _), near in self._near.items() if here == number]
        ends += [far for (_, there), far in self._far.items() if there == number]
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=[end.fileno() for end in ends],
        )
        stack.callback(process.communicate)
        return process.pid

    def heard(self) -> str:
        """Send a message over every connection; return those over which it was received."""
        message = str(time.monotonic_ns()).encode()
        for near in self._near.values():
            near.send(message)
        return " ".join(
            f"{here}{there}" for (here, there), far in self._far.items() if _receives(far, message)
        )


def _receives(far: socket.socket, message: bytes) -> bool:
    data = b""
    try:
        while not data.endswith(message):
            data += far.recv(4096)
    except TimeoutError:
        return False
    return True


def _new_to(number: int) -> str:
    try:
        socket.create_connection((f"127.0.0.{number}", PORT), timeout=0.3).close()
    except OSError:
        return "refused"
    return "accepted"


def main() -> None:
    """Print what is received without a cut, with the third cut off, with all cut, and after."""
    Network.prepare()
    network = Network(PORT)
    with ExitStack() as stack:
        peers = Peers(stack)
        one, two, _ = peers.processes
        _tell(peers.heard(), _new_to(1))
        network.isolate([one, two])
        _tell(peers.heard(), _new_to(1))
        network.isolate([])
        _tell(peers.heard(), _new_to(2))
        network.mend()
        # The kernel retransmits lost packets, but not at once.
        end = time.monotonic() + _MENDED_WITHIN
        while len(heard := peers.heard().split()) < len(peers._near) and time.monotonic() < end:
            pass
        _tell(" ".join(heard), _new_to(3))


def _tell(heard: str, new: str) -> None:
    sys.stdout.write(f"{heard or 'nothing'}, {new}\n")


if __name__ == "__main__":
    main()
