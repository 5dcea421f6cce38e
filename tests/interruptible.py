"""
Lets tests interrupt the programs they start, also while the tests run in a shell's background.

A shell starts what runs in its background with SIGINT ignored, and children inherit that.
"""

import os
import signal
import sys
from collections.abc import Sequence


def interruptible(command: Sequence[str]) -> list[str]:
    """
    Return a command line that runs a command with SIGINT at its default action.

    It runs this file, which restores the action and then becomes the command: under the same
    process id, and without code between fork and exec, which threads would make unsafe.
    """
    return [sys.executable, "-I", "-S", __file__, *command]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the tests name the command
