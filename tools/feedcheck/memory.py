"""`Memory`: what one sequencer knows; all of it may be lost at any time."""

from typing import NamedTuple

from .world import MOST_APPENDS

UNKNOWN = 7
"""Progress that was not read yet; larger than any version."""


class Memory(NamedTuple):
    """What one sequencer knows."""

    entry: int = 0  # the newest log entry that it has read
    progress: tuple[int, int] = (0, 0)  # of each stream, as far as read
    raw: tuple[int, int] = (UNKNOWN, UNKNOWN)  # read, but not merged with the window yet
    low: tuple[int, int] = (0, 0)  # of each lane: the rows below are finished
    high: tuple[int, int] = (0, 0)  # of each lane: the rows below are known
    written: int = 0  # the progress of all entries up to this one is acknowledged
    void: int = 0  # bits: known rows found void by a look at the stream

    def renamed(self, *, streams: bool, writers: bool) -> "Memory":
        """Return this memory with the names of the streams, the writers, or both, swapped."""
        entry, progress, raw, low, high, written, void = self
        if streams:
            progress, raw = (progress[1], progress[0]), (raw[1], raw[0])
        if writers:
            low, high = (low[1], low[0]), (high[1], high[0])
            void = void >> MOST_APPENDS | void << MOST_APPENDS & (1 << 2 * MOST_APPENDS) - 1
        return Memory(entry, progress, raw, low, high, written, void)


def replaced(pair: tuple[int, int], index: int, value: int) -> tuple[int, int]:
    """Return the pair with one of its numbers replaced."""
    return (pair[0], value) if index else (value, pair[1])
