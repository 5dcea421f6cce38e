"""Answers: whether every call got an answer, of an allowed kind, and in time."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

from .operations import Operation
from .stalls import Stall, overlap
from .violations import Kind, Violation

GRACE: Final = 2.0
"""Seconds by which an answer may come after the call's deadline."""

_SECOND: Final = 1_000_000_000


def answer_violations(
    operation: Operation, killed: Container[str], stalls: Mapping[str, Sequence[Stall]]
) -> Iterator[Violation]:
    """
    Find a call without an answer, with a late answer, or with an error that is not allowed.

    Time in which the caller's whole process stood still is not counted: it could not answer then.
    """
    span, stream = operation.span, operation.stream
    if operation.end is None:
        if span.by not in killed:
            yield Violation(Kind.NEVER_ENDED, stream, f"{span}")
        return
    stalled = overlap(stalls.get(span.by, ()), span.began, span.ended)
    took = (span.ended - span.began - stalled) / _SECOND
    if took > span.within + GRACE:
        yield Violation(Kind.OVERDUE, stream, f"{span} took {took:.1f} s of {span.within:g} s")
    if operation.end == "error":
        yield Violation(Kind.ERROR, stream, f"{span}: {operation.why}")
