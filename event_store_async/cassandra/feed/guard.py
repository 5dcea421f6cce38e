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
        still = {
            gap: self._held.get(gap, Held(now, 0))
            for gap in gaps
            if (self._known(gap.stream_id) or 0) < gap.first
        }
        # Rounds are counted, too: a process that stood still has not been looking.
        self._held = {gap: replace(held, rounds=held.rounds + 1) for gap, held in still.items()}
        for gap, held in list(self._held.items()):
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
