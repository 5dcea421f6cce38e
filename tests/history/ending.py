"""Ending: whether every call had an answer, of a kind that it may have, and in time."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

from .lies import Lie, Violation
from .operations import Operation
from .stalls import Stall, overlap

GRACE: Final = 2.0
"""Seconds by which an answer may be later than the call's deadline."""

_SECOND: Final = 1_000_000_000


def late(
    operation: Operation, killed: Container[str], stalls: Mapping[str, Sequence[Stall]]
) -> Iterator[Violation]:
    """
    Find a call without an answer, with an answer too late, or with an error of a wrong kind.

    The time in which the caller's whole process stood still is not counted: nobody can answer then.
    """
    span, stream = operation.span, operation.stream
    if operation.end is None:
        if span.by not in killed:
            yield Violation(Lie.NEVER_ENDED, stream, f"{span}")
        return
    stalled = overlap(stalls.get(span.by, ()), span.began, span.ended)
    took = (span.ended - span.began - stalled) / _SECOND
    if took > span.within + GRACE:
        yield Violation(Lie.OVERDUE, stream, f"{span} took {took:.1f} s of {span.within:g} s")
    if operation.end == "error":
        yield Violation(Lie.ERROR, stream, f"{span}: {operation.why}")
