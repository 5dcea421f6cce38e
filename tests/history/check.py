"""Checking: all the checks together, over a whole run."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from .ending import late
from .history import History
from .intents import Intent, contradictions, intents_of, unsettled
from .lies import Lie, Verdict, Violation
from .operations import Append, Operation, Read
from .ordering import disorder
from .placing import misplacements
from .seeing import misreadings, sight_of
from .truth import last_read, truth_of

_NO_FAULTS: Final = {"run", "phase", "killed", "stalled"}


def check(history: History) -> Verdict:
    """Return the verdict on a run."""
    verdict = Verdict()
    killed, stalls = history.killed, history.stalls
    for stream, operations in history.streams.items():
        intents = intents_of(op for op in operations if isinstance(op, Append))
        verdict.violations += [
            violation for operation in operations for violation in late(operation, killed, stalls)
        ]
        verdict.violations += _violations(stream, operations, intents)
        _count(verdict.counts, operations, intents)
    verdict.counts["streams"] = len(history.streams)
    verdict.counts["faults"] = sum(
        mark.phase != "end" for mark in history.marks if mark.name not in _NO_FAULTS
    )
    return verdict


def _violations(
    stream: str, operations: Sequence[Operation], intents: Sequence[Intent]
) -> Iterator[Violation]:
    yield from contradictions(stream, intents)
    yield from unsettled(stream, intents)
    final = last_read(operations)
    if final is None:
        yield Violation(Lie.UNPROVEN, stream, f"{len(operations)} calls")
        return
    truth = truth_of(final.placed, intents)
    yield from misplacements(stream, truth, intents)
    for operation in operations:
        yield from misreadings(stream, truth, operation)
    yield from disorder(stream, truth, [sight for op in operations if (sight := sight_of(op))])


def _count(
    counts: Counter[str], operations: Sequence[Operation], intents: Sequence[Intent]
) -> None:
    for operation in operations:
        if isinstance(operation, Append):
            counts["appends"] += 1
            counts[operation.end or "no answer"] += 1
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
