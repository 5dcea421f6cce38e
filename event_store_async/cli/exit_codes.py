"""The exit codes of the command, for scripts."""

from enum import IntEnum


class ExitCode(IntEnum):
    """
    The exit codes of every command.

    Attributes:
        OK: Success.
        ERROR: The command failed; the message says why.
        USAGE: The arguments, input or configuration were rejected before anything was sent.
        CONFLICT: The stream is not at the expected version, or of another category, or closed;
            nothing was stored, or only as much of a long input as the message says.
        UNKNOWN_OUTCOME: The events may or may not be stored; repeat the append with the same event
            ids, the import, or `streams categorise`; or they may or may not be erased, or a key be
            destroyed: repeat it.
        FINDINGS: A check found something that must be changed.
        INTERRUPTED: Ended by Ctrl-C.
        BROKEN_PIPE: The reader of the output has gone.
    """

    OK = 0
    ERROR = 1
    USAGE = 2
    CONFLICT = 3
    UNKNOWN_OUTCOME = 4
    FINDINGS = 5
    INTERRUPTED = 130
    BROKEN_PIPE = 141
