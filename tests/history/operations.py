"""Operations: what a history consists of. Values only."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Expected: TypeAlias = int | Literal["any", "exists"]
Erasing: TypeAlias = Literal["truncate", "delete", "close"]
Placed: TypeAlias = tuple[tuple[int, str], ...]
"""Versions, each with the id of the event there."""

NEVER = 2**63
"""The end of a call that has not ended: later than every moment of a monotonic clock."""


@dataclass(frozen=True, slots=True)
class Span:
    """
    Who called, and when.

    Attributes:
        by: The process that called.
        op: The call's number within the process; (by, op) identifies the call.
        began: Nanoseconds of the monotonic clock that all processes of the machine share.
        ended: The same; `NEVER` if there was no answer.
        within: The call's time limit, in seconds.
    """

    by: str
    op: int
    began: int
    ended: int
    within: float

    def __str__(self) -> str:
        return f"{self.by}#{self.op}"


@dataclass(frozen=True, slots=True)
class Append:
    """
    A call to append.

    Attributes:
        expected: An exact version, "any" or "exists".
        events: The ids of the events.
        end: "stored", "conflict", "refused" (it is certain that this call stored nothing),
            "closed" (the stream is, so this call stored nothing), "unknown", "cancelled" (by the
            caller: the same as unknown), "error" (one that is not allowed), or None for a call
            without an answer.
        placed: The events at their versions, if stored.
        version: The stream's version if stored; the actual version of a conflict.
        earlier: Whether the answer was that an earlier call had stored the events.
        why: The error's text.
    """

    span: Span
    stream: str
    expected: Expected
    events: tuple[str, ...]
    end: str | None = None
    placed: Placed = ()
    version: int = 0
    earlier: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """
    A call to read.

    Attributes:
        first: The version to start at; None for the beginning, or the end if `backward`.
        count: The maximum number of events; None for no limit.
        backward: Newest first.
        serial: At the serial level.
        final: The last read of its stream, made after everything else had ended.
        end: "events", "hole", "truncated" (the stream was, during the read), "failed" (the store
            reported in time that it has no answer), "cancelled", "error", or None.
        placed: What was read, in the order received.
        why: The error's text.
    """

    span: Span
    stream: str
    first: int | None = None
    count: int | None = None
    backward: bool = False
    serial: bool = False
    final: bool = False
    end: str | None = None
    placed: Placed = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """
    A query for a stream's version.

    Attributes:
        end: "version", or as for a read.
        version: The answer.
        why: The error's text.
    """

    span: Span
    stream: str
    end: str | None = None
    version: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Erase:
    """
    A call that erases events.

    Attributes:
        what: "truncate", "delete" or "close".
        before: The version of the first event that is to be kept. What is deleted is expected to be
            at the version before it. A stream that is closed has that version as far as is known.
        end: "erased", "conflict" (nothing is erased), "refused" (the same), "unknown", "cancelled"
            (the same), "error" (one that is not allowed), or None for a call without an answer.
        kept: Where the stream begins, if erased.
        version: The stream's version if erased; the actual version of a conflict.
        why: The error's text.
    """

    span: Span
    stream: str
    what: Erasing
    before: int
    end: str | None = None
    kept: int = 0
    version: int = 0
    why: str = ""


Operation: TypeAlias = Append | Read | Version | Erase


@dataclass(frozen=True, slots=True)
class Mark:
    """
    Something else that happened during the run.

    Attributes:
        at: When, on the operations' clock.
        name: What: "run", "killed", or a fault.
        on: What it happened to.
        phase: "begin" and "end" if it lasts; otherwise "once".
        facts: Further facts.
    """

    at: int
    name: str
    on: str = ""
    phase: str = "once"
    facts: tuple[tuple[str, str], ...] = ()
