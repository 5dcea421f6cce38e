"""`Trace`: the shortest way to a violation, in words, and its replay."""

from collections.abc import Sequence
from dataclasses import dataclass

from .promises import Promise
from .rules import Rules
from .search import NO_PARENT, Found, Violation
from .state import State, broken_in, initial_state, is_followed, transitions


class ForgedTraceError(Exception):
    """A trace has a step that cannot be taken, or does not break the promise."""


@dataclass(frozen=True, slots=True)
class Trace:
    """
    A way from the empty tables to a broken promise.

    Attributes:
        promise: The promise.
        steps: Each step, in words.
        end: The state after the last step.
    """

    promise: Promise
    steps: tuple[str, ...]
    end: State


def traced(found: Found, violation: Violation) -> Trace:
    """
    Return the trace of a violation that a search found.

    The search knows states up to their names. The trace is walked again with names that stay the
    same from its first step to its last.
    """
    rules = found.graph.rules
    path = [violation.state]
    while (parent := found.parents[path[-1]]) != NO_PARENT:
        path.append(parent)
    state, steps = initial_state(rules), []
    for number in path[-2::-1]:
        taken = next(
            transition
            for transition in transitions(rules, state)
            if is_followed(transition) and found.graph.number(transition.state) == number
        )
        steps.append(taken.words)
        state = taken.state
    if violation.by_step:
        last = next(t for t in transitions(rules, state) if t.broken & violation.promise)
        steps.append(last.words)
        state = last.state
    return Trace(violation.promise, tuple(steps), state)


def replay(rules: Rules, promise: Promise, steps: Sequence[str]) -> None:
    """
    Take the steps of a trace one by one, from the empty tables, without the search.

    Args:
        rules: The rules of the run.
        promise: What the trace is said to break.
        steps: Its steps, in words.

    Raises:
        ForgedTraceError: a step cannot be taken, or the promise still holds at the end.
    """
    # Words may fit several steps, which only the steps after them tell apart.
    states = {initial_state(rules)}
    broken = Promise(0)
    for number, step in enumerate(steps, 1):
        taken = [t for state in states for t in transitions(rules, state) if t.words == step]
        if not taken:
            raise ForgedTraceError(f"step {number} cannot be taken: {step}")
        states = {transition.state for transition in taken if is_followed(transition)}
        broken = Promise(0)
        for transition in taken:
            broken |= transition.broken
    for state in states:
        broken |= broken_in(rules, state)
    if not broken & promise:
        raise ForgedTraceError(f"{promise.name} still holds after the last step")
