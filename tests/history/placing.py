"""Placing: whether what stands in a stream is what was appended and answered."""

from collections.abc import Iterator, Sequence

from .intents import Intent
from .lies import Lie, Violation
from .truth import Truth


def misplacements(stream: str, truth: Truth, intents: Sequence[Intent]) -> Iterator[Violation]:
    """Find gaps, and events that are lost, doubled, nobody's, torn or at a wrong place."""
    for wanted, (version, _) in enumerate(truth.placed, start=1):
        if version != wanted:
            yield Violation(Lie.GAP, stream, f"version {version} stands where {wanted} should")
            break
    known = {event for intent in intents for event in intent.events}
    for event, versions in truth.versions.items():
        if event not in known:
            yield Violation(Lie.PHANTOM, stream, f"{event} at {versions[0]}")
        if len(versions) > 1:
            yield Violation(Lie.DOUBLED, stream, f"{event} at {versions}")
    for intent in intents:
        yield from _misplacement(stream, truth, intent)


def _misplacement(stream: str, truth: Truth, intent: Intent) -> Iterator[Violation]:
    found = [truth.versions[event][0] for event in intent.events if event in truth.versions]
    if intent.stored:
        yield from _unkept_word(stream, truth, intent)
    elif found and intent.refused:
        yield Violation(Lie.REFUSED_BUT_STORED, stream, f"{intent} at {found[0]}")
    if not found:
        return
    first = found[0]
    if found != list(range(first, first + len(intent.events))):
        yield Violation(Lie.TORN, stream, f"{intent}: {len(intent.events)} events, at {found}")
    expected = intent.expected
    if (expected == "exists" and first == 1) or (
        isinstance(expected, int) and first != expected + 1
    ):
        yield Violation(Lie.UNMET, stream, f"{intent} expected {expected}, stands at {first}")


def _unkept_word(stream: str, truth: Truth, intent: Intent) -> Iterator[Violation]:
    told = intent.stored[0]
    if tuple(event for _, event in told.placed) != intent.events:
        yield Violation(Lie.MISPLACED, stream, f"{intent}: other events were acknowledged")
    if told.placed and told.version != told.placed[-1][0]:
        yield Violation(Lie.MISPLACED, stream, f"{intent}: said to end at {told.version}")
    for version, event in told.placed:
        at = truth.versions.get(event)
        if at is None:
            yield Violation(Lie.LOST, stream, f"{intent}: {event}, said to be at {version}")
        elif version not in at:
            yield Violation(Lie.MISPLACED, stream, f"{intent}: {event} at {at[0]}, not {version}")
