"""Intents: the attempts of one append, by however many calls and processes, taken together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .lies import Lie, Violation
from .operations import NEVER, Append, Expected

_OPEN = {"unknown", "cancelled", "error", None}


@dataclass(slots=True)
class Intent:
    """
    Events that somebody wants appended, as one piece.

    Attributes:
        events: Their ids, which are nobody else's.
        attempts: The calls with these events.
    """

    events: tuple[str, ...]
    attempts: list[Append] = field(default_factory=list)

    @property
    def expected(self) -> Expected:
        """What the stream was expected to be at."""
        return self.attempts[0].expected

    @property
    def stored(self) -> list[Append]:
        """The calls that said that the events are stored."""
        return [attempt for attempt in self.attempts if attempt.end == "stored"]

    @property
    def refused(self) -> list[Append]:
        """
        The calls that said that the events are not stored and never will be.

        A conflict says so for all calls before it. A call that could not be sent speaks only for
        itself, so it counts where every call ended like that.
        """
        conflicts = [attempt for attempt in self.attempts if attempt.end == "conflict"]
        if conflicts or any(attempt.end != "refused" for attempt in self.attempts):
            return conflicts
        return self.attempts

    @property
    def settled(self) -> bool:
        """Whether it is known what became of the events."""
        return bool(self.stored or self.refused)

    @property
    def began(self) -> int:
        """The moment before which they cannot have been stored."""
        return min(attempt.span.began for attempt in self.attempts)

    @property
    def acknowledged(self) -> int:
        """The moment at which they were known to be stored; `NEVER` if they were not."""
        return min((attempt.span.ended for attempt in self.stored), default=NEVER)

    def __str__(self) -> str:
        return "/".join(str(attempt.span) for attempt in self.attempts)


def intents_of(appends: Iterable[Append]) -> list[Intent]:
    """Return the intents behind appends, those without events left out."""
    intents: dict[tuple[str, ...], Intent] = {}
    for append in appends:
        if append.events:
            intents.setdefault(append.events, Intent(append.events)).attempts.append(append)
    return list(intents.values())


def contradictions(stream: str, intents: Iterable[Intent]) -> Iterator[Violation]:
    """Find intents that were told two things that cannot both be so."""
    for intent in intents:
        stored, conflicts = intent.stored, [a for a in intent.attempts if a.end == "conflict"]
        if stored and conflicts:
            yield Violation(Lie.TWO_ANSWERS, stream, f"{intent}: stored, and a conflict")
        if len({attempt.placed for attempt in stored}) > 1:
            yield Violation(Lie.TWO_ANSWERS, stream, f"{intent}: stored at two places")
        if sum(not attempt.earlier for attempt in stored) > 1:
            yield Violation(Lie.TWO_ANSWERS, stream, f"{intent}: stored anew twice")


def unsettled(stream: str, intents: Iterable[Intent]) -> Iterator[Violation]:
    """Find intents whose outcome nobody knows at the end."""
    for intent in intents:
        if not intent.settled and any(attempt.end in _OPEN for attempt in intent.attempts):
            yield Violation(Lie.UNSETTLED, stream, str(intent))
