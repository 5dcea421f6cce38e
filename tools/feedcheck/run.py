"""`Run`: a search, and what it must find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .promises import Promise
from .rules import Rules
from .search import Found, search
from .trace import Trace, replay, traced

BOUND = 50_000
"""So many states of a large sound run are searched unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Result:
    """
    What a run found.

    Attributes:
        run: The run.
        states: How many different states were reached.
        depth: How many steps from the empty tables were tried.
        is_complete: Whether these are all states there are.
        traces: The shortest trace of each violation, replayed.
        faults: What is not as expected; empty if the run passed.
    """

    run: "Run"
    states: int
    depth: int
    is_complete: bool
    traces: tuple[Trace, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """
    A search, and what it must find.

    Attributes:
        name: Its name: `ok-` is sound; `v2-` and `mut-` break a rule, and so do `s8-`, in the
            order of publication that was chosen.
        about: What is special about it.
        rules: The rules.
        breaks: Each promise that must be found broken, with the length of the shortest trace;
            empty if the run is sound.
        states: How many states a sound run has, if that was counted.
        is_large: Whether only `BOUND` states are searched unless all are asked for.
    """

    name: str
    about: str
    rules: Rules
    breaks: Mapping[Promise, int] = field(default_factory=dict)
    states: int | None = None
    is_large: bool = False

    def result(
        self,
        *,
        most_states: int | None = None,
        told: Callable[[Found], None] | None = None,
    ) -> Result:
        """
        Search, and compare with what must be found.

        Args:
            most_states: Stop a sound run after about so many states; a run that breaks a rule
                is searched until it has shown what it must.
            told: Called every few thousand states.
        """
        expected = Promise(0)
        for promise in self.breaks:
            expected |= promise
        found = search(
            self.rules,
            stop_at=expected,
            most_states=None if expected else most_states,
            told=told,
        )
        traces = tuple(traced(found, violation) for violation in found.violations.values())
        for trace in traces:
            replay(self.rules, trace.promise, trace.steps)
        return Result(
            self,
            found.states,
            found.depth,
            found.is_complete,
            traces,
            tuple(self._faults(found)),
        )

    def _faults(self, found: Found) -> list[str]:
        faults = []
        for promise, length in self.breaks.items():
            violation = found.violations.get(promise)
            if violation is None:
                faults.append(f"{promise.name} was not found")
            elif violation.length != length:
                faults.append(f"{promise.name} takes {violation.length} steps, not {length}")
        if not self.breaks:
            faults += [f"{promise.name} was found" for promise in found.violations]
            if found.is_complete and self.states not in {None, found.states}:
                faults.append(f"{found.states:,} states, not {self.states:,}")
        return faults
