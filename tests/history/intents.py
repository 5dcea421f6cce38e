"""Intents: all attempts of one append, from any number of calls and processes."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from .operations import NEVER, Append, Expected
from .violations import Kind, Violation

_OPEN = {"unknown", "cancelled", "error", None}


@dataclass(slots=True)
class Intent:
    """
    Events to be appended in one piece.

    Attributes:
        events: Their ids, which no other intent has.
        attempts: The calls with these events.
    """

    events: tuple[str, ...]
    attempts: list[Append] = field(default_factory=list)

    @property
    def expected(self) -> Expected:
        """The expected version of the stream."""
        return self.attempts[0].expected

    @property
    def stored(self) -> list[Append]:
        """The calls that were answered "stored"."""
        return [attempt for attempt in self.attempts if attempt.end == "stored"]

    @property
    def refused(self) -> list[Append]:
        """
        The calls whose answers mean that the events are not stored and never will be.

        A conflict is final for all calls before it. A call that could not be sent is final only
        for itself, so it counts only if every call ended that way.
        """
        conflicts = [attempt for attempt in self.attempts if attempt.end == "conflict"]
        if conflicts or any(attempt.end != "refused" for attempt in self.attempts):
            return conflicts
        return self.attempts

    @property
    def settled(self) -> bool:
        """Whether the outcome of the append is known."""
        closed = any(attempt.end == "closed" for attempt in self.attempts)
        return bool(self.stored or self.refused) or closed

    @property
    def began(self) -> int:
        """The moment before which the events cannot have been stored."""
        return min(attempt.span.began for attempt in self.attempts)

    @property
    def acknowledged(self) -> int:
        """The moment of the first acknowledgement; `NEVER` if there was none."""
        return min((attempt.span.ended for attempt in self.stored), default=NEVER)

    def __str__(self) -> str:
        return "/".join(str(attempt.span) for attempt in self.attempts)


def intents_of(appends: Iterable[Append]) -> list[Intent]:
    """Return the intents of appends; appends without events are left out."""
    intents: dict[tuple[str, ...], Intent] = {}
    for append in appends:
        if append.events:
            intents.setdefault(append.events, Intent(append.events)).attempts.append(append)
    return list(intents.values())


def contradictions(stream: str, intents: Iterable[Intent]) -> Iterator[Violation]:
    """Find intents whose answers contradict each other."""
    for intent in intents:
        stored, conflicts = intent.stored, [a for a in intent.attempts if a.end == "conflict"]
        if stored and conflicts:
            yield Violation(Kind.TWO_ANSWERS, stream, f"{intent}: stored, and a conflict")
        if len({attempt.placed for attempt in stored}) > 1:
            yield Violation(Kind.TWO_ANSWERS, stream, f"{intent}: stored at two places")
        if sum(not attempt.earlier for attempt in stored) > 1:
            yield Violation(Kind.TWO_ANSWERS, stream, f"{intent}: stored as new twice")


def unsettled(
    stream: str, intents: Iterable[Intent], gone: Container[str] = ()
) -> Iterator[Violation]:
    """
    Find intents whose outcome is still unknown at the end.

    One whose events were seen, and were erased, cannot be asked for any more.
    """
    for intent in intents:
        if intent.settled or intent.events[0] in gone:
            continue
        if any(attempt.end in _OPEN for attempt in intent.attempts):
            yield Violation(Kind.UNSETTLED, stream, str(intent))
