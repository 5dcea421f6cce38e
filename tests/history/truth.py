"""Truth: what the last read of a stream says stands where."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from .intents import Intent
from .operations import Operation, Placed, Read


@dataclass(frozen=True, slots=True)
class Standing:
    """
    An append that stands in the stream.

    Attributes:
        intent: The append.
        first: The version of its first event.
        last: The version of its last event.
    """

    intent: Intent
    first: int
    last: int


@dataclass(slots=True)
class Truth:
    """
    A stream as it was in the end.

    Attributes:
        placed: What the last read gave.
        at: The event at each version.
        versions: The versions of each event; more than one where it is doubled.
        standing: The appends that stand in it in one piece, in their order.
    """

    placed: Placed
    at: dict[int, str] = field(default_factory=dict)
    versions: dict[str, list[int]] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def boundary(self, version: int) -> int | None:
        """Return how many appends make up a version; None if it is inside of one."""
        if version == 0:
            return 0
        count = self.whole(version)
        return count if count and self._ends[count - 1] == version else None

    def whole(self, version: int) -> int:
        """Return how many appends end at or below a version."""
        return bisect_right(self._ends, version)


def last_read(operations: Sequence[Operation]) -> Read | None:
    """Return the last word on a stream, if there is one."""
    reads = [op for op in operations if isinstance(op, Read) and op.final and op.end == "events"]
    return reads[-1] if reads else None


def truth_of(placed: Placed, intents: Sequence[Intent]) -> Truth:
    """Return the truth that a last read and the appends come to."""
    truth = Truth(placed, dict(placed))
    for version, event in placed:
        truth.versions.setdefault(event, []).append(version)
    for intent in intents:
        first = truth.versions.get(intent.events[0])
        if first is None:
            continue
        run = range(first[0], first[0] + len(intent.events))
        if all(truth.at.get(at) == event for at, event in zip(run, intent.events, strict=True)):
            truth.standing.append(Standing(intent, run[0], run[-1]))
    truth.standing.sort(key=lambda standing: standing.first)
    truth._ends = [standing.last for standing in truth.standing]
    return truth
