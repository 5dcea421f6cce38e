"""Placement: whether the stream holds exactly what was appended and acknowledged."""

from collections.abc import Iterator, Sequence

from .final_state import FinalState
from .intents import Intent
from .violations import Kind, Violation


def placement_violations(
    stream: str, state: FinalState, intents: Sequence[Intent]
) -> Iterator[Violation]:
    """Find gaps, and events that are lost, duplicated, unknown, torn or misplaced."""
    for wanted, (version, _) in enumerate(state.placed, start=1):
        if version != wanted:
            yield Violation(Kind.GAP, stream, f"version {version} instead of {wanted}")
            break
    known = {event for intent in intents for event in intent.events}
    for event, versions in state.versions.items():
        if event not in known:
            yield Violation(Kind.PHANTOM, stream, f"{event} at {versions[0]}")
        if len(versions) > 1:
            yield Violation(Kind.DUPLICATED, stream, f"{event} at {versions}")
    for intent in intents:
        yield from _misplacement(stream, state, intent)


def _misplacement(stream: str, state: FinalState, intent: Intent) -> Iterator[Violation]:
    found = [state.versions[event][0] for event in intent.events if event in state.versions]
    if intent.stored:
        yield from _wrong_acknowledgement(stream, state, intent)
    elif found and intent.refused:
        yield Violation(Kind.REFUSED_BUT_STORED, stream, f"{intent} at {found[0]}")
    if not found:
        return
    first = found[0]
    if found != list(range(first, first + len(intent.events))):
        yield Violation(Kind.TORN, stream, f"{intent}: {len(intent.events)} events, at {found}")
    expected = intent.expected
    if (expected == "exists" and first == 1) or (
        isinstance(expected, int) and first != expected + 1
    ):
        yield Violation(Kind.UNMET, stream, f"{intent} expected {expected}, is at {first}")


def _wrong_acknowledgement(stream: str, state: FinalState, intent: Intent) -> Iterator[Violation]:
    answer = intent.stored[0]
    if tuple(event for _, event in answer.placed) != intent.events:
        yield Violation(Kind.MISPLACED, stream, f"{intent}: other events were acknowledged")
    if answer.placed and answer.version != answer.placed[-1][0]:
        yield Violation(Kind.MISPLACED, stream, f"{intent}: reported to end at {answer.version}")
    for version, event in answer.placed:
        at = state.versions.get(event)
        if at is None:
            yield Violation(Kind.LOST, stream, f"{intent}: {event}, reported at {version}")
        elif version not in at:
            yield Violation(Kind.MISPLACED, stream, f"{intent}: {event} at {at[0]}, not {version}")
