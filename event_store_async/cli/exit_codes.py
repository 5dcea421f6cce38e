"""Exit codes: what the command's end tells a script."""

from enum import IntEnum


class ExitCode(IntEnum):
    """
    The exit codes of every command.

    Attributes:
        OK: It is done.
        ERROR: It could not be done; the message says why.
        USAGE: What was asked for was refused before anything was sent.
        CONFLICT: The stream is not at the expected version; nothing was stored.
        UNKNOWN_OUTCOME: It may be stored or not; repeat the append with the same event ids, or the
            import.
        FINDINGS: Something was looked at, and must be changed.
        INTERRUPTED: Ended by Ctrl-C.
        BROKEN_PIPE: Nobody reads the output any more.
    """

    OK = 0
    ERROR = 1
    USAGE = 2
    CONFLICT = 3
    UNKNOWN_OUTCOME = 4
    FINDINGS = 5
    INTERRUPTED = 130
    BROKEN_PIPE = 141
