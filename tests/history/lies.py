"""Lies: what an answer, or the lack of one, can be guilty of; and the verdict on a run."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class Lie(Enum):
    """A kind of lie; its value says it in words."""

    GAP = "versions are not contiguous from 1"
    LOST = "an acknowledged event does not stand in the stream"
    MISPLACED = "an acknowledged event does not stand where it was said to"
    DOUBLED = "an event stands in the stream twice"
    PHANTOM = "an event stands in the stream that nobody appended"
    REFUSED_BUT_STORED = "an event stands in the stream whose append was refused"
    TORN = "an append stands in the stream in part, or not in one piece"
    UNMET = "an append stands in the stream though what it expected was not so"
    TWO_ANSWERS = "calls for the same append had answers that exclude each other"
    ORDER = "an append stands before one that had ended when it began"
    WRONG_CONFLICT = "a conflict names a version that the stream was not at"
    NOT_A_PREFIX = "a read shows what does not stand in the stream, or skips what does"
    STALE_READ = "a read misses what had been acknowledged when it began"
    FUTURE_READ = "a read shows what was not yet so when it ended"
    TORN_READ = "a serial read, or a version, ends inside an append"
    FALSE_HOLE = "a read found a hole or a fault in a stream that has none"
    ERROR = "a call ended in an error that it may not end in"
    UNSETTLED = "an append's outcome is still unknown"
    OVERDUE = "a call outlived its deadline"
    NEVER_ENDED = "a call had no answer"
    UNPROVEN = "there is no last read of the stream"


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One lie.

    Attributes:
        lie: Its kind.
        stream: The stream it is about.
        what: The facts.
    """

    lie: Lie
    stream: str
    what: str

    def __str__(self) -> str:
        return f"{self.lie.name}: {self.lie.value}: stream {self.stream}: {self.what}"


@dataclass(slots=True)
class Verdict:
    """
    What came of checking a run.

    Attributes:
        violations: The lies.
        counts: How much there was to check, by name.
    """

    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def true(self) -> bool:
        """Whether no lie was found."""
        return not self.violations

    @property
    def lies(self) -> Counter[Lie]:
        """How many lies of each kind."""
        return Counter(violation.lie for violation in self.violations)
