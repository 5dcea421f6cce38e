"""Injections: the faults of a hostile store, and how they are chosen."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final
from uuid import UUID

from ..checks import check_instance, check_not_negative, listed
from ..errors import InvalidArgument


class Injection(Enum):
    """
    What a `HostileEventStore`, or `HostileTransactions`, does to one call.

    Each is truthful: a real store could give the caller the same answer, and what the answer says
    about the stream is true.
    """

    NONE = "none"
    """The call passes."""

    DELAY = "delay"
    """The call passes after a delay."""

    UNKNOWN_STORED = "unknown, stored"
    """The append is stored, and raises `AppendOutcomeUnknown`."""

    UNKNOWN_LOST = "unknown, lost"
    """The append is not stored, and raises `AppendOutcomeUnknown`."""

    CONFLICT = "conflict"
    """A rival appends first, so an append with an exact expected version conflicts."""

    UNAVAILABLE = "unavailable"
    """The call raises `StoreUnavailable`; nothing is stored, nothing is returned."""

    BROKEN_READ = "broken read"
    """The read, or the list of streams, yields at least one item, if there are any, then raises
    `StoreUnavailable`."""

    LATE = "late"
    """What is new in the feed is published some calls later. What a caller knows of already stays
    published."""

    INTERLEAVED = "interleaved"
    """What is new in the feed is published in another legal order, which stays. Appends through the
    wrapped store count as those of other processes. The feed has an id of its own if this can
    happen."""

    EMPTY_PAGE = "empty page"
    """The page of a feed has no events, although there are selected ones later. Its position has
    moved. It happens only before events that are not selected."""

    SHORT_PAGE = "short page"
    """The page of a feed has fewer events than it could."""

    STALE_HEAD = "stale head"
    """The page of a feed seems to reach its end, but there are events behind it by now."""

    DEAF = "deaf"
    """Waiting for a feed takes its whole time, whatever is published meanwhile."""

    FALSE_ALARM = "false alarm"
    """Waiting for a feed ends at once, as if there were new events."""

    BROKEN_EVENT = "broken event"
    """An event on the page of a feed cannot be decoded; the next read can decode it. The bytes in
    its error are its payload as JSON."""

    NO_SNAPSHOT = "no snapshot"
    """The load of a stored snapshot finds none."""

    STALE_SNAPSHOT = "stale snapshot"
    """The load of a stored snapshot finds an old one that was loaded before, if there is one."""

    SNAPSHOT_AHEAD = "snapshot ahead"
    """The load of a stored snapshot finds one above the head of its stream, as after the restore of
    a backup."""

    UNDECODABLE_SNAPSHOT = "undecodable snapshot"
    """The load of a stored snapshot raises `UndecodableSnapshot`."""

    COMMIT_STORED = "commit stored"
    """The commit of a slice is stored, and raises `StoreUnavailable`."""

    COMMIT_LOST = "commit lost"
    """The commit of a slice is not stored, and raises `StoreUnavailable`."""

    STOLEN = "stolen"
    """Another member claims the slice just before its commit, and gives it back: the commit raises
    `LeaseLost`, and what was handled since the one before is delivered again."""

    REDELIVERED = "redelivered"
    """The claim of a slice gives an older checkpoint, as after a crash before the last commits:
    what was handled since is delivered again. The store keeps its own, and moves on from there. It
    happens only where the slice had another checkpoint in the same generation."""

    NEW_GENERATION = "new generation"
    """An operator resets the subscription to its start just before a commit, which raises
    `LeaseLost`. It happens only where that leaves no event out: not after a change of slices."""

    LATE_BEAT = "late beat"
    """The answer to a beat comes after one to nine seconds."""

    COMMIT_UNKNOWN = "commit unknown"
    """The transaction of a view is committed, and raises `ConnectionError`."""

    DEADLOCK = "deadlock"
    """The transaction of a view is rolled back at its end, and raises `ConnectionError`."""

    WAITS = "waits"
    """The transaction of a view waits before it begins."""


@dataclass(frozen=True, slots=True)
class Injected:
    """
    A fault that was injected.

    Attributes:
        injection: What was injected.
        stream_id: The stream of the call, or of the event that is broken; None for a list of
            streams, and for a feed.
    """

    injection: Injection
    stream_id: UUID | None


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What to do to one call.

    Attributes:
        injection: The fault, or `Injection.NONE`.
        delay: Seconds to wait first; 0 for no delay.
        items_before_break: How many events or streams a broken read yields, or a short page has;
            how many events an empty page passes, and how many calls something is late.
    """

    injection: Injection
    delay: float
    items_before_break: int


VERSION_READS: Final = frozenset({Injection.NONE, Injection.DELAY, Injection.UNAVAILABLE})
READS: Final = VERSION_READS | {Injection.BROKEN_READ}
APPENDS: Final = VERSION_READS | {
    Injection.UNKNOWN_STORED,
    Injection.UNKNOWN_LOST,
    Injection.CONFLICT,
}
ERASURES: Final = VERSION_READS | {Injection.UNKNOWN_STORED, Injection.UNKNOWN_LOST}
FEED_HEADS: Final = VERSION_READS | {Injection.LATE, Injection.INTERLEAVED}
FEED_PAGES: Final = FEED_HEADS | {
    Injection.EMPTY_PAGE,
    Injection.SHORT_PAGE,
    Injection.STALE_HEAD,
    Injection.BROKEN_EVENT,
}
FEED_WAITS: Final = VERSION_READS | {Injection.DEAF, Injection.FALSE_ALARM}
SNAPSHOT_LOADS: Final = VERSION_READS | {
    Injection.NO_SNAPSHOT,
    Injection.STALE_SNAPSHOT,
    Injection.SNAPSHOT_AHEAD,
    Injection.UNDECODABLE_SNAPSHOT,
}
SNAPSHOT_WRITES: Final = VERSION_READS
COMMITS: Final = VERSION_READS | {
    Injection.COMMIT_STORED,
    Injection.COMMIT_LOST,
    Injection.STOLEN,
    Injection.NEW_GENERATION,
}
CLAIMS: Final = VERSION_READS | {Injection.REDELIVERED}
TRANSACTIONS: Final = frozenset(
    {Injection.NONE, Injection.COMMIT_UNKNOWN, Injection.DEADLOCK, Injection.WAITS}
)
BEATS: Final = VERSION_READS | {Injection.LATE_BEAT}

_CALLS: Final = (
    READS,
    APPENDS,
    FEED_PAGES,
    FEED_WAITS,
    SNAPSHOT_LOADS,
    COMMITS,
    CLAIMS,
    BEATS,
    TRANSACTIONS,
)


_LONGEST_SCRIPT: Final = 1_000_000


class Chooser:
    """
    Chooses the fault for each call: from the script first, then by chance.

    Args:
        seed: The same seed chooses the same faults for the same calls in the same order.
        chances: The probability of each fault.
        longest_delay: The longest delay in seconds; lengths are uniformly distributed.
        script: Faults to inject first; each waits for the first call that it can happen to.

    Raises:
        InvalidArgument: a probability is below 0, or the sum of those that can happen to one call
            is above 1.
    """

    def __init__(
        self,
        seed: int,
        chances: Mapping[Injection, float],
        longest_delay: float,
        script: Iterable[Injection],
    ) -> None:
        for injection, chance in chances.items():
            check_not_negative(f"the probability of {injection.value!r}", chance)
        check_not_negative("longest_delay", longest_delay)
        check_instance("script", script, Iterable, "a list of Injections")
        script = listed("script", script, _LONGEST_SCRIPT)
        for each in script:
            check_instance("each of script", each, Injection, "an Injection")
        together = [
            sum(chances.get(each, 0.0) for each in possible - {Injection.DELAY})
            for possible in _CALLS
        ]
        if min(chances.values()) < 0 or max(*together, chances[Injection.DELAY]) > 1:
            raise InvalidArgument(
                "probabilities must be between 0 and 1, and so must the sum of those that can "
                "happen to one call, without delay"
            )
        # Not for secrets: the sequence must be repeatable.
        self._random = Random(seed)  # noqa: S311
        self._ids = Random(f"ids of {seed}")  # noqa: S311
        self._chances = chances
        self._longest_delay = longest_delay
        self.script = deque(script)

    def choose(self, possible: frozenset[Injection]) -> Choice:
        """Return what to do to a call, to which only *possible* faults can happen."""
        # Every call draws four numbers, used or not: a changed probability then changes what
        # happens to some calls, and leaves all others as they were.
        delayed, duration, drawn, place = (self._random.random() for _ in range(4))
        delay = max(duration * self._longest_delay, 1e-6)
        items = 1 + int(place * 9)
        if self.script:
            chosen = self.script.popleft() if self.script[0] in possible else Injection.NONE
            return Choice(chosen, delay if chosen is Injection.DELAY else 0.0, items)
        chosen = Injection.NONE
        for injection, chance in self._chances.items():
            if (
                injection in possible
                and injection is not Injection.DELAY
                and chosen is Injection.NONE
            ):
                chosen = injection if drawn < chance else chosen
                drawn -= chance
        delay = delay if delayed < self._chances[Injection.DELAY] else 0.0
        return Choice(chosen, delay, items)

    def new_id(self) -> UUID:
        """Return the next event id of this seed."""
        return UUID(int=self._ids.getrandbits(128), version=4)
