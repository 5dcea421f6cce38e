"""Violations: what can be wrong with a recorded answer, or a missing one; and the verdict."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from .feed.kinds import FeedKind
from .groups.kinds import GroupKind


class Kind(Enum):
    """A kind of violation; its value describes it."""

    GAP = "versions are not contiguous from 1"
    LOST = "an acknowledged event is not in the stream"
    MISPLACED = "an acknowledged event is not at the version that was reported"
    DUPLICATED = "an event is in the stream twice"
    PHANTOM = "the stream holds an event that no call appended"
    REFUSED_BUT_STORED = "the stream holds an event whose append was refused"
    TORN = "an append is in the stream only in part, or not in one piece"
    UNMET = "an append was stored although its expectation did not hold"
    TWO_ANSWERS = "calls for the same append got answers that contradict each other"
    ORDER = "an append is stored before one that had ended when it began"
    WRONG_CONFLICT = "a conflict reports a version that the stream did not have"
    NOT_A_PREFIX = "a read shows what is not in the stream, or skips what is"
    STALE_READ = "a read misses what had been acknowledged when it began"
    FUTURE_READ = "a read shows what was not yet stored when it ended"
    TORN_READ = "a serial read, or a version, ends inside an append"
    FALSE_HOLE = "a read reported a hole or a fault in a stream that has none"
    ERROR = "a call ended in an error that is not allowed"
    UNSETTLED = "an append's outcome is still unknown"
    OVERDUE = "a call outlived its deadline"
    NEVER_ENDED = "a call got no answer"
    RESURRECTED = "a stream shows what was erased from it, or is open although it was closed"
    OVER_ERASED = "events are gone that nobody erased"
    UNPROVEN = "there is no last read of the stream"


AnyKind: TypeAlias = Kind | FeedKind | GroupKind
"""A kind of violation of any part."""


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One violation.

    Attributes:
        kind: Its kind.
        stream: The stream.
        what: The facts.
    """

    kind: AnyKind
    stream: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind.name}: {self.kind.value}: stream {self.stream}: {self.what}"


@dataclass(slots=True)
class Verdict:
    """
    The result of checking a run.

    Attributes:
        violations: The violations.
        counts: How much was checked, by name.
    """

    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def valid(self) -> bool:
        """Whether no violation was found."""
        return not self.violations

    @property
    def kinds(self) -> Counter[AnyKind]:
        """How many violations of each kind."""
        return Counter(violation.kind for violation in self.violations)
