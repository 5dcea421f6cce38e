"""Stream turns: how processes that append to one stream share it, without a lock. No I/O."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

ROUND_TRIPS: Final = 64
"""Round trips that a turn lasts. A change of turns takes about five."""

SHORTEST_TURN: Final = 0.1
"""Seconds that a turn lasts at least. The same length everywhere lets rivals expect its end."""

LONGEST_TURN: Final = 0.25
"""Seconds that a turn lasts at most, however slow the server is."""

LONGEST_WAIT: Final = 0.5
"""Seconds after which a process that waits interrupts a rival at the latest.

The first wait is as long as a turn, since the rival may not know that it is not alone. Each one is
twice as long as the last, since with several rivals a turn comes later."""

MEMORY: Final = 2.0
"""Seconds after which a stream is taken for one's own again, if no rival was noticed."""

_BEATS: Final = (0.001, 0.05)
"""The shortest and the longest beat, in seconds; see `SharedStream.beat`."""

_AT_ONCE: Final = 2
"""The conflict in a row after which a process listens. The first may only show that the known
version was old, so the append is repeated at the new one at once."""

_CROWDED: Final = 2
"""How many conflicts more are accepted to interrupt a rival."""

_MOST_PATIENT: Final = 8
"""How often the wait before an interruption doubles; `LONGEST_WAIT` comes first."""

_ALONE: Final = 2
"""How many turns in a row end without a rival before the stream is taken for one's own again."""

_CAPACITY: Final = 1000
"""How many streams are remembered. Only those with conflicts are."""


class SharedStream:
    """
    What a process knows of a stream to which other processes append, too.

    Attributes:
        since: When this process's turn began; None if it has none.
        stored: When it last stored a batch.
        sent: When its attempt began; None if none is on its way.
        seen: When it last noticed a rival.
        waiting: Since when it waits for a turn; None if it does not.
        conflicts: Its conflicts in a row.
        interrupted: How often it interrupted a rival.
        undisturbed: How many of its turns in a row ended without a rival taking the next.
        raced: Whether it appends because the stream seems free. Whoever loses that race knows that
            another turn has just begun.
    """

    __slots__ = (
        "_round_trip",
        "conflicts",
        "interrupted",
        "raced",
        "seen",
        "sent",
        "since",
        "stored",
        "undisturbed",
        "waiting",
    )

    def __init__(self, now: float) -> None:
        self.since: float | None = None
        self.stored = now
        self.sent: float | None = None
        self.waiting: float | None = None
        self.seen = now
        self.conflicts = self.interrupted = self.undisturbed = 0
        self.raced = False
        self._round_trip = 0.0

    def measure(self, now: float) -> None:
        """Learn how long an attempt takes if nothing disturbs it: the short ones tell."""
        if self.sent is None:
            return
        taken, self.sent = now - self.sent, None
        if self.since is not None:  # with the time between two attempts, as rivals see it
            taken = max(taken, min(now - self.stored, 3 * taken))
        old = self._round_trip or taken
        if taken < old:
            self._round_trip = (old + taken) / 2
        else:
            self._round_trip = old + (min(taken, 4 * old) - old) / 20

    @property
    def beat(self) -> float:
        """Seconds in which a process that has its turn moves the stream."""
        shortest, longest = _BEATS
        return min(max(self._round_trip, shortest), longest)

    @property
    def turn(self) -> float:
        """Seconds that a turn lasts."""
        return min(max(ROUND_TRIPS * self.beat, SHORTEST_TURN), LONGEST_TURN)


class StreamTurns:
    """
    Whose turn it is on the streams that this process shares with others, as far as it can see.

    Without turns, the process that won the last batch wins the next one, too: it knows the new
    version first. All others starve. With turns, a process appends for the length of a turn, then
    rests until a rival has had the chance to begin. Those who wait listen to the stream's version:
    if it stands still, the stream is free. There is no lock and no leader. A turn only tells when
    to send; what is stored is decided by the condition of each batch, whoever sends it.

    A process learns of rivals by its conflicts. Nothing is remembered of a stream without any, so
    a process alone never waits.

    Args:
        clock: A monotonic clock, in seconds.
        random: Returns a number in [0, 1).

    Attributes:
        streams: What is known of the streams that are shared, by their ids as numbers. Most
            processes share none, so an append asks whether it is empty before it calls anything.
        conflicts: How many attempts were refused since a rival was faster.
    """

    def __init__(self, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self.streams: OrderedDict[int, SharedStream] = OrderedDict()  # a UUID is slow to hash
        self.conflicts = 0

    def __len__(self) -> int:
        """Return how many streams are remembered as shared; from any thread."""
        return len(self.streams)

    def sends(self, stream_id: UUID) -> None:
        """Note that an attempt begins."""
        stream = self.streams.get(stream_id.int)
        if stream is not None:
            stream.sent = self._clock()

    def stored(self, stream_id: UUID) -> None:
        """Note that an attempt stored its batch: the turn goes on, or begins."""
        stream = self.streams.get(stream_id.int)
        if stream is None:
            return
        now = self._clock()
        stream.measure(now)
        stream.conflicts = 0
        stream.raced = False
        stream.waiting = None
        stream.stored = now
        if stream.since is None:
            stream.since = now

    def lost(self, stream_id: UUID) -> bool:
        """Note a conflict; return whether to listen before the next attempt."""
        now = self._clock()
        self.conflicts += 1
        stream = self.streams.get(stream_id.int)
        if stream is None:
            stream = self.streams[stream_id.int] = SharedStream(now)
            if len(self.streams) > _CAPACITY:
                self.streams.popitem(last=False)
        self.streams.move_to_end(stream_id.int)
        stream.measure(now)
        stream.seen = now
        stream.since = None
        stream.undisturbed = 0
        stream.conflicts += 1
        return stream.conflicts >= _AT_ONCE

    def is_over(self, stream_id: UUID) -> bool:
        """Return whether this process has had its turn, and rivals may wait for theirs."""
        stream = self.streams.get(stream_id.int)
        if stream is None:
            return False
        now = self._clock()
        if now - stream.seen > MEMORY:
            del self.streams[stream_id.int]
            return False
        if stream.since is not None and now - stream.stored >= stream.turn:
            stream.since = None  # it paused for so long that rivals have had their chance
        return stream.since is not None and now - stream.since >= stream.turn

    def listen(self, stream_id: UUID) -> "Listening":
        """Begin to wait for a turn."""
        now = self._clock()
        stream = self.streams.get(stream_id.int) or SharedStream(now)
        return Listening(self, stream_id, stream, now)

    def now(self) -> float:
        """Return the time by the clock."""
        return self._clock()

    def chance(self) -> float:
        """Return a random number in [0, 1)."""
        return self._random()

    def undisturbed(self, stream_id: UUID, stream: SharedStream) -> None:
        """Note that no rival took the turn after one of this process."""
        stream.undisturbed += 1
        if stream.undisturbed >= _ALONE:
            self.streams.pop(stream_id.int, None)


class Listening:
    """
    One wait for a turn: pauses, and what is heard after each of them.

    Args:
        turns: Knows the time, and what follows from what is heard.
        stream_id: The stream.
        stream: What is known of it.
        now: When the wait begins.
    """

    def __init__(
        self, turns: StreamTurns, stream_id: UUID, stream: SharedStream, now: float
    ) -> None:
        self._turns = turns
        self._stream_id = stream_id
        self._stream = stream
        self._heard: int | None = None  # the version that was heard last
        self._rests = stream.since is not None  # it has just had its turn
        self._turn_began = stream.raced  # that of a rival, a moment ago
        stream.since = None
        stream.raced = False
        if stream.waiting is None:
            stream.waiting = now

    def pause(self) -> float:
        """Return the seconds until the version should be read."""
        beat, chance = self._stream.beat, self._turns.chance()
        if self._rests:
            # Longer than others need to hear that the stream is free.
            return beat * (8 + 2 * chance)
        if self._turn_began:
            return 0.75 * self._stream.turn + beat * chance
        return beat * (1.5 + chance)

    def hears(self, version: int, known: int) -> bool:
        """
        Return whether to append now.

        Args:
            version: The stream's version.
            known: The version that this process knew before.
        """
        stream, now = self._stream, self._turns.now()
        before = known if self._rests else self._heard
        self._heard = version
        if version == before:
            if self._rests:
                self._turns.undisturbed(self._stream_id, stream)
            else:
                stream.conflicts = _AT_ONCE - 1  # one attempt: whoever loses it listens again
                stream.raced = True
            return True
        if before is not None:
            stream.seen = now
        self._turn_began, self._rests = self._rests, False
        return self._is_impatient(now)

    def _is_impatient(self, now: float) -> bool:
        """Return whether to interrupt a rival, which may not know that it is not alone."""
        stream = self._stream
        patience = min(stream.turn * 2.0**stream.interrupted, LONGEST_WAIT)
        if stream.waiting is None or now - stream.waiting < patience:
            return False
        stream.interrupted = min(stream.interrupted + 1, _MOST_PATIENT)
        stream.waiting = now
        stream.conflicts = _AT_ONCE - 1 - _CROWDED
        return True
