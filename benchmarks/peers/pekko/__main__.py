"""Becomes the Java process, so that its CPU and memory are this process's own."""

import os
import sys

from ..protocol import NotReady, Unavailable, encode, parse_options
from .building import command_line


def main() -> None:
    """Get everything ready, and run the harness in this process's place."""
    options = parse_options()
    try:
        command = command_line(options)
    except Unavailable as error:
        sys.stdout.write(encode(NotReady("pekko", error.reason, error.hint)))
        return
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
