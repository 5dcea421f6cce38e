"""The guard: a lane does not wait for ever for what must be published before it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final
from uuid import UUID

from .gap import Gap, Held
from .sequencer_watch import SequencerWatch

_LOG: Final = logging.getLogger("event_store_async")

HELD_UP: Final = 60.0
"""Seconds after which a lane that waits for a predecessor is published all the same."""

_IN_VAIN: Final = 10

_FORGOTTEN: Final = 10 * HELD_UP
"""Seconds after which a gap that no lane has met again is forgotten."""


class Guard:
    """
    Notes how long gaps have held up lanes (S8).

    Args:
        known: Returns how much of a stream is in the log, if that is known.
        now: The monotonic clock, in seconds.
        watch: Reports what it gives up; None without hooks.
    """

    def __init__(
        self,
        known: Callable[[UUID], int | None],
        now: Callable[[], float],
        watch: SequencerWatch | None,
    ) -> None:
        self._known = known
        self._now = now
        self._watch = watch
        self._held: dict[Gap, Held] = {}

    def judge(self, gaps: Iterable[Gap]) -> Iterator[Gap]:
        """Yield the gaps; what has been one for too long is published as if not announced."""
        now = self._now()
        # A round reads some of the lanes. Those that are not read go on waiting meanwhile.
        self._held = {
            gap: held
            for gap, held in self._held.items()
            if self._is_open(gap) and now < held.seen + _FORGOTTEN
        }
        for gap in filter(self._is_open, dict.fromkeys(gaps)):
            before = self._held.get(gap)
            since, rounds = (now, 0) if before is None else (before.since, before.rounds)
            # Rounds are counted, too: a process that stood still has not been looking.
            held = self._held[gap] = Held(since, rounds + 1, now)
            if now > held.since + HELD_UP and held.rounds > _IN_VAIN:
                _LOG.error(
                    "the feed waits in vain for the announcement of stream %s, version %d: it is "
                    "published without it; announcements may have been lost",
                    gap.stream_id,
                    gap.first,
                )
                del self._held[gap]
                if self._watch is not None:
                    self._watch.held_up(gap, now - held.since, held.rounds)
                yield replace(gap, overdue=True)
            else:
                yield gap

    def _is_open(self, gap: Gap) -> bool:
        return (self._known(gap.stream_id) or 0) < gap.first
