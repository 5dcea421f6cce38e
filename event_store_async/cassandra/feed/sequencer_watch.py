"""The sequencer watch: what a sequencer does, for the hooks of its store."""

from collections.abc import Collection
from uuid import UUID

from ...hooks import (
    EntryLost,
    EntryPublished,
    LaneHeldUp,
    LeadershipChanged,
    RoundEnded,
    ScanFound,
)
from ...hooks.observer import Observer, Stopwatch
from .backlog import Backlog
from .entry import Entry
from .evidence import Looks
from .gap import Gap
from .lane_reader import LaneReader


class SequencerWatch:
    """
    Reports what a sequencer does. A store without hooks has none.

    Args:
        observer: Receives the records.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def appended(
        self,
        stopwatch: Stopwatch,
        entry: Entry,
        lanes: Collection[LaneReader],
        looks: Looks,
        now: float,
    ) -> None:
        """
        Report an entry before its announcements are forgotten.

        Args:
            stopwatch: Created when the entry was sent.
            entry: The entry; it is in the log.
            lanes: The lanes that the sequencer looked at.
            looks: What it saw there.
            now: The time, by the clock that the lanes are read with.
        """
        published = {(link.stream_id, link.first) for link in entry.links}
        read_at = [
            lane.read_at[seq]
            for lane in lanes
            for seq, row in lane.open.items()
            if (row.stream_id, row.expected + 1) in published
            and (look := looks[lane.writer].get(seq)) is not None
            and look.outcome == "stored"
        ]
        self._observer.report(
            EntryPublished(
                source=self._observer.source,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                entry=entry.number,
                links=len(entry.links),
                events=entry.events,
                delay=now - min(read_at) if read_at else None,
            )
        )

    def lost(self, number: int) -> None:
        """Report that another sequencer appended an entry first."""
        self._observer.report(EntryLost(self._observer.source, number))

    def round_ended(self, stopwatch: Stopwatch, lanes: int, backlog: Backlog) -> None:
        """Report a round that began when the stopwatch was created, and what it left."""
        self._observer.report(
            RoundEnded(
                source=self._observer.source,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                lanes=lanes,
                undecided=backlog.announcements,
                undecided_events=backlog.events,
                oldest=backlog.oldest,
            )
        )

    def found(self, stream_id: UUID, version: int, events: int) -> None:
        """Report events that the scan found, and nobody announced."""
        self._observer.report(ScanFound(self._observer.source, stream_id, version, events))

    def held_up(self, gap: Gap, seconds: float, rounds: int) -> None:
        """Report that a lane has waited in vain, and waits no more."""
        self._observer.report(
            LaneHeldUp(self._observer.source, gap.stream_id, gap.first, seconds, rounds)
        )

    def led(self, leads: bool) -> None:
        """Report that the sequencer has taken the lead, or lost it."""
        self._observer.report(LeadershipChanged(self._observer.source, leads))
