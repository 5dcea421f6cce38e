"""Faults: what a hostile store does to calls, and by which rule it chooses."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final
from uuid import UUID

from ..errors import InvalidArgument


class Injection(Enum):
    """
    What happens to one call of a `HostileEventStore`.

    Each is truthful: what the caller is told, a real store could have told, and what is said here
    of the stream is so.
    """

    NONE = "none"
    """The call passes."""

    DELAY = "delay"
    """The call passes, after a while."""

    UNKNOWN_STORED = "unknown, stored"
    """An append is stored, and ends in `AppendOutcomeUnknown`."""

    UNKNOWN_LOST = "unknown, lost"
    """An append is not stored, and ends in `AppendOutcomeUnknown`."""

    CONFLICT = "conflict"
    """A rival appends before an append does: an exact expected version conflicts."""

    UNAVAILABLE = "unavailable"
    """Any call ends in `StoreUnavailable`; nothing is stored, no event is given."""

    BROKEN_READ = "broken read"
    """A read gives some of its events, one at least if there are any, then `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class Injected:
    """
    A fault that was injected.

    Attributes:
        fault: Which.
        stream_id: The stream that the call was about.
    """

    fault: Injection
    stream_id: UUID


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What is to happen to a call.

    Attributes:
        fault: The fault, `NONE` included.
        delay: Seconds to wait before it; 0 for none.
        place: How many events a broken read gives.
    """

    fault: Injection
    delay: float
    place: int


VERSION_READS: Final = frozenset({Injection.NONE, Injection.DELAY, Injection.UNAVAILABLE})
READS: Final = VERSION_READS | {Injection.BROKEN_READ}
APPENDS: Final = frozenset(Injection) - {Injection.BROKEN_READ}


class Chooser:
    """
    Chooses the faults: those of the script first, then by chance.

    Args:
        seed: The same seed chooses the same faults for the same calls in the same order.
        chances: The probability of each fault.
        longest_delay: Seconds; delays are drawn evenly between 0 and this.
        script: Faults to come first; each waits for the first call that it can happen to.

    Raises:
        InvalidArgument: chances below 0, or above 1 together.
    """

    def __init__(
        self,
        seed: int,
        chances: Mapping[Injection, float],
        longest_delay: float,
        script: Iterable[Injection],
    ) -> None:
        together = sum(chance for fault, chance in chances.items() if fault is not Injection.DELAY)
        if min(chances.values()) < 0 or max(together, chances[Injection.DELAY]) > 1:
            raise InvalidArgument("probabilities are 0 to 1, those of the faults together too")
        # To be repeated, not to be secret.
        self._random = Random(seed)  # noqa: S311
        self._ids = Random(f"ids of {seed}")  # noqa: S311
        self._chances = chances
        self._longest_delay = longest_delay
        self.script = deque(script)

    def choose(self, possible: frozenset[Injection]) -> Choice:
        """Return what is to happen to a call that these faults can happen to."""
        # As many draws for every call, whatever comes of them: another probability changes what
        # happens to some calls, and leaves the others as they were.
        delayed, duration, drawn, place = (self._random.random() for _ in range(4))
        delay = max(duration * self._longest_delay, 1e-6)
        if self.script:
            fault = self.script.popleft() if self.script[0] in possible else Injection.NONE
            return Choice(fault, delay if fault is Injection.DELAY else 0.0, 1 + int(place * 9))
        chosen = Injection.NONE
        for fault, chance in self._chances.items():
            if fault in possible and fault is not Injection.DELAY and chosen is Injection.NONE:
                chosen = fault if drawn < chance else chosen
                drawn -= chance
        delay = delay if delayed < self._chances[Injection.DELAY] else 0.0
        return Choice(chosen, delay, 1 + int(place * 9))

    def new_id(self) -> UUID:
        """Return an event id of this seed's."""
        return UUID(int=self._ids.getrandbits(128), version=4)
