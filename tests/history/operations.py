"""Operations: what a history consists of. Values only."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Expected: TypeAlias = int | Literal["any", "exists"]
Placed: TypeAlias = tuple[tuple[int, str], ...]
"""Versions, each with the id of the event that stands there."""

NEVER = 2**63
"""The end of what has not ended: later than every moment of a monotonic clock."""


@dataclass(frozen=True, slots=True)
class Span:
    """
    Who called, and when.

    Attributes:
        by: The process that called.
        op: A number of the process's own; (by, op) names the call.
        began: Nanoseconds of the clock that all processes of the machine share.
        ended: The same; `NEVER` where there was no answer.
        within: The seconds that the call was allowed.
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
            "unknown", "cancelled" (the caller left: as good as unknown), "error" (one that an
            append may not have), or None for a call without an answer.
        placed: Where the events stand, if stored.
        version: The stream's version if stored; the actual version of a conflict.
        earlier: The answer was that an earlier call had stored the events.
        why: The error, in words.
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
        first: The version to begin with; None for the beginning, or the end if `backward`.
        count: At most so many events; None for no limit.
        backward: Newest first.
        serial: At the serial level.
        final: The last word on its stream: read when all else had ended.
        end: "events", "hole", "failed" (the store said in time that it has no answer), "cancelled",
            "error", or None.
        placed: What was read, in the order it came.
        why: The error, in words.
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
    A call for a stream's version.

    Attributes:
        end: "version", or as for a read.
        version: The answer.
        why: The error, in words.
    """

    span: Span
    stream: str
    end: str | None = None
    version: int = 0
    why: str = ""


Operation: TypeAlias = Append | Read | Version


@dataclass(frozen=True, slots=True)
class Mark:
    """
    Something that happened beside the operations.

    Attributes:
        at: When, on the operations' clock.
        name: What: "run", "killed", or a fault.
        on: To whom or what.
        phase: "begin" and "end" for what lasts; "once" for what does not.
        facts: Whatever else is worth knowing.
    """

    at: int
    name: str
    on: str = ""
    phase: str = "once"
    facts: tuple[tuple[str, str], ...] = ()
