"""Replaces itself with the Java process, so that CPU and memory are measured as this process's."""

import os
import sys

from ..protocol import NotReady, Unavailable, encode, parse_options
from .harness import command_line


def main() -> None:
    """Prepare the harness and run it in place of this process."""
    options = parse_options()
    try:
        command = command_line(options)
    except Unavailable as error:
        sys.stdout.write(encode(NotReady("pekko", error.reason, error.hint)))
        return
    os.execv(command[0], command)  # noqa: S606 - needs no shell


if __name__ == "__main__":
    main()
