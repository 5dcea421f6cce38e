"""
The supervisor: a program that runs one node, and ends it when the starter has ended.

It is run by its path and imports only the standard library, so that it starts quickly.

The starter holds the other end of the standard input. The node ends when that input ends, or when
the starter dies while the input stays open (a forked child may hold a copy). On Linux, the node
also ends when this process dies.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STARTER_CHECK = 0.25


def main(arguments: list[str]) -> int:
    """
    Run a command until it ends, or until the starter does.

    Args:
        arguments: The starter's process id, the seconds between asking the node to end and killing
            it, the file for the node's process id, the log file, and the command.
    """
    starter, grace, pid_file, log_file, *command = arguments
    # Handled, not ignored: the node would inherit an ignored signal.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGHUP, lambda *_: None)
    asked_to_end = _wakeup_on(signal.SIGTERM, signal.SIGCHLD)
    with Path(log_file).open("ab") as log:
        try:
            node = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - single-threaded
            )
        except OSError as error:
            log.write(f"{error}\n".encode())
            return 127
    Path(pid_file).write_text(str(node.pid))
    sys.stdout.write(f"{node.pid}\n")
    sys.stdout.flush()
    _wait(node, int(starter), asked_to_end)
    if node.poll() is None:
        _end(node, float(grace))
    Path(pid_file).unlink(missing_ok=True)
    return 0 if node.returncode == 0 else 1


def _wakeup_on(*signals: signal.Signals) -> int:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(node: "subprocess.Popen[bytes]", starter: int, signals: int) -> None:
    while node.poll() is None and os.getppid() == starter:
        ready, _, _ = select.select([sys.stdin.fileno(), signals], [], [], _STARTER_CHECK)
        if sys.stdin.fileno() in ready:
            return
        if signals in ready and signal.SIGTERM in os.read(signals, 64):
            return


def _end(node: "subprocess.Popen[bytes]", grace: float) -> None:
    # A paused process handles SIGTERM only after SIGCONT.
    for number in (signal.SIGTERM, signal.SIGCONT) if grace else (signal.SIGKILL,):
        node.send_signal(number)
    try:
        node.wait(grace or None)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
