"""The checker: all checks together, over a whole run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from .answers import answer_violations
from .erasures import Erasures, erasure_violations
from .final_state import final_state_of, last_read
from .history import History
from .intents import Intent, contradictions, intents_of, unsettled
from .observations import observation_of, observation_violations
from .operations import Append, Erase, Operation, Read
from .ordering import order_violations
from .placement import placement_violations
from .violations import Kind, Verdict, Violation

_NOT_FAULTS: Final = {"run", "phase", "killed", "stalled"}


def check(history: History) -> Verdict:
    """Return the verdict on a run."""
    verdict = Verdict()
    killed, stalls = history.killed, history.stalls
    for stream, operations in history.streams.items():
        intents = intents_of(op for op in operations if isinstance(op, Append))
        erasures = Erasures(operations)
        verdict.violations += [
            violation
            for operation in operations
            for violation in answer_violations(operation, killed, stalls)
        ]
        verdict.violations += _violations(stream, operations, intents, erasures)
        _count(verdict.counts, operations, intents)
        verdict.counts["events gone"] += len(erasures.gone)
    verdict.counts["streams"] = len(history.streams)
    verdict.counts["faults"] = sum(
        mark.phase != "end" for mark in history.marks if mark.name not in _NOT_FAULTS
    )
    return verdict


def _violations(
    stream: str, operations: Sequence[Operation], intents: Sequence[Intent], erasures: Erasures
) -> Iterator[Violation]:
    yield from contradictions(stream, intents)
    yield from unsettled(stream, intents, erasures.gone)
    final = last_read(operations)
    if final is None:
        yield Violation(Kind.UNPROVEN, stream, f"{len(operations)} calls")
        return
    state = final_state_of(erasures.completed(final), intents)
    yield from placement_violations(stream, state, intents)
    yield from erasure_violations(stream, state, erasures, final, operations)
    for operation in operations:
        yield from observation_violations(stream, state, operation, erasures)
    seen = (observation_of(operation, erasures) for operation in operations)
    yield from order_violations(stream, state, [each for each in seen if each is not None])


def _count(
    counts: Counter[str], operations: Sequence[Operation], intents: Sequence[Intent]
) -> None:
    for operation in operations:
        if isinstance(operation, Append):
            counts["appends"] += 1
            counts[operation.end or "no answer"] += 1
        elif isinstance(operation, Erase):
            counts["erasures"] += 1
            counts["erasures that took effect"] += operation.end == "erased"
        elif not (isinstance(operation, Read) and operation.final):
            counts["reads"] += 1
            counts["failed reads"] += operation.end == "failed"
    counts["operations"] += len(operations)
    for intent in intents:
        if any(attempt.end in {"unknown", None} for attempt in intent.attempts):
            counts["unknown at first"] += 1
            counts["unknown, then stored"] += bool(intent.stored)
            counts["unknown, then refused"] += bool(intent.refused)
        counts["events"] += len(intent.events) if intent.stored else 0
