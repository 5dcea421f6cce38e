"""`search`: every state of a run, breadth first: the first way to a violation is a shortest."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .graph import STEP_BITS, Graph
from .promises import NONE, Promise
from .rules import Rules

NO_PARENT = -1


@dataclass(frozen=True, slots=True)
class Violation:
    """The first state found that breaks a promise, or that a step leads from which breaks it."""

    promise: Promise
    state: int
    by_step: bool
    length: int
    """The steps of the shortest way from the empty tables, the breaking one included."""


@dataclass(slots=True)
class Found:
    """What a search found."""

    graph: Graph
    parents: dict[int, int] = field(default_factory=dict, repr=False)
    """Of each state, the one that it was reached from first."""
    depth: int = 0
    """How many steps were tried from the empty tables on."""
    violations: dict[Promise, Violation] = field(default_factory=dict)
    is_complete: bool = False
    """All states were searched."""
    seconds: float = 0.0

    @property
    def states(self) -> int:
        """How many different states were reached."""
        return len(self.parents)


def search(
    rules: Rules,
    *,
    stop_at: Promise = NONE,
    most_states: int | None = None,
    told: Callable[[Found], None] | None = None,
) -> Found:
    """
    Search all states.

    Args:
        rules: The run.
        stop_at: Stop once all of these promises were seen broken.
        most_states: Stop after so many states.
        told: Called every few thousand states, with what was found so far.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # millions of tuples and no cycles: it would take most of the time
    try:
        return _search(rules, stop_at, most_states, told)
    finally:
        if was_enabled:
            gc.enable()


def _search(
    rules: Rules,
    stop_at: Promise,
    most_states: int | None,
    told: Callable[[Found], None] | None,
) -> Found:
    started = time.monotonic()
    graph = Graph(rules)
    found = Found(graph)
    parents = found.parents
    parents[graph.initial] = NO_PARENT
    level = [graph.initial]
    limit = most_states or 1 << 62
    seen = 0
    countdown = 4096
    successors = graph.successors
    while level:
        following: list[int] = []
        for state in level:
            reached, broken = successors(state)
            if broken & ~seen:
                seen |= broken
                _record(found, state, broken)
                if stop_at and stop_at & ~Promise((seen | seen >> STEP_BITS) & 0xFF) == 0:
                    found.seconds = time.monotonic() - started
                    return found
            for after in reached:
                if after not in parents:
                    parents[after] = state
                    following.append(after)
            countdown -= 1
            if not countdown:
                countdown = 4096
                found.seconds = time.monotonic() - started
                if told is not None:
                    told(found)
                if len(parents) >= limit:
                    return found
        level = following
        found.depth += 1
    found.is_complete = True
    found.seconds = time.monotonic() - started
    return found


def _record(found: Found, state: int, broken: int) -> None:
    for promise in Promise:
        for by_step in (False, True):
            bits = broken >> STEP_BITS if by_step else broken & 0xFF
            if promise & bits and promise not in found.violations:
                found.violations[promise] = Violation(
                    promise, state, by_step, found.depth + by_step
                )
