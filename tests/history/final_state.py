"""The final state of a stream: which event its last read shows at which version."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from .intents import Intent
from .operations import Operation, Placed, Read


@dataclass(frozen=True, slots=True)
class StoredAppend:
    """
    An append that is in the stream, in one piece.

    Attributes:
        intent: The append.
        first: The version of its first event.
        last: The version of its last event.
    """

    intent: Intent
    first: int
    last: int


@dataclass(slots=True)
class FinalState:
    """
    A stream as it was at the end.

    Attributes:
        placed: What the last read returned.
        at: The event at each version.
        versions: The versions of each event; more than one if it is duplicated.
        appends: The appends that are in the stream in one piece, in order.
    """

    placed: Placed
    at: dict[int, str] = field(default_factory=dict)
    versions: dict[str, list[int]] = field(default_factory=dict)
    appends: list[StoredAppend] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def boundary(self, version: int) -> int | None:
        """Return the number of appends up to a version; None if it is inside an append."""
        if version == 0:
            return 0
        count = self.whole(version)
        return count if count and self._ends[count - 1] == version else None

    def whole(self, version: int) -> int:
        """Return the number of appends that end at or below a version."""
        return bisect_right(self._ends, version)


def last_read(operations: Sequence[Operation]) -> Read | None:
    """Return the last read of a stream, if there is one."""
    reads = [op for op in operations if isinstance(op, Read) and op.final and op.end == "events"]
    return reads[-1] if reads else None


def final_state_of(placed: Placed, intents: Sequence[Intent]) -> FinalState:
    """Return the state that follows from the last read and the appends."""
    state = FinalState(placed, dict(placed))
    for version, event in placed:
        state.versions.setdefault(event, []).append(version)
    for intent in intents:
        first = state.versions.get(intent.events[0])
        if first is None:
            continue
        run = range(first[0], first[0] + len(intent.events))
        if all(state.at.get(at) == event for at, event in zip(run, intent.events, strict=True)):
            state.appends.append(StoredAppend(intent, run[0], run[-1]))
    state.appends.sort(key=lambda append: append.first)
    state._ends = [append.last for append in state.appends]
    return state
