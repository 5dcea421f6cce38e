"""`Promise`: what must hold in every state and for every log entry."""

import enum
from collections.abc import Sequence

from .facts import Facts
from .memory import Memory
from .world import MOST_APPENDS, STREAMS, WRITERS, append_number


class Promise(enum.IntFlag):
    """The promises, by the name of what breaks them."""

    TWICE = enum.auto()
    GAP = enum.auto()
    SKIP = enum.auto()
    LOST = enum.auto()
    ORDER = enum.auto()
    PHANTOM = enum.auto()


MEANINGS = {
    Promise.TWICE: "an event is in the log twice",
    Promise.GAP: "an event is in the log before its predecessor in the stream",
    Promise.SKIP: "a sequencer has nothing left to do, but a stored event is not in the log",
    Promise.LOST: "an announcement counts as finished, but its append can still apply, or is "
    "stored and not in the log",
    Promise.ORDER: "an append stands before one that its writer knew to be stored when it began",
    Promise.PHANTOM: "an event is in the log that is not stored",
}
NONE = Promise(0)
FATAL = Promise.TWICE | Promise.GAP | Promise.PHANTOM
"""After one of these the log means nothing: no further steps are tried."""


def broken_by_entry(facts: Facts, events: Sequence[tuple[int, int]]) -> int:
    """Return the promises that the log would break with these events as its next entry."""
    published = list(facts.published[-1])
    broken = 0
    for stream, version in events:
        if version <= published[stream]:
            return broken | Promise.TWICE
        if version > published[stream] + 1:
            return broken | Promise.GAP
        if version > facts.heads[stream]:
            return broken | Promise.PHANTOM
        owner = facts.owners[stream][version - 1]
        writer, after = owner // MOST_APPENDS, facts.world.row(owner).after
        if after and facts.rules.keeps_order and not facts.rules.silent[writer]:
            for index, row in enumerate(facts.world.lanes[writer].rows):
                if after >> index & 1 and published[row.stream] < row.end:
                    broken |= Promise.ORDER
        published[stream] = version
    return broken


def broken_by_world(facts: Facts) -> int:
    """Return the promises that the tables break, whatever any sequencer knows."""
    fragile = facts.fragile
    if not fragile:
        return 0
    for writer in WRITERS:
        lane = facts.world.lanes[writer]
        highest = max(lane.low, lane.lows_in_flight.bit_length() - 1, lane.dropped)
        rows = MOST_APPENDS if lane.removed else min(highest, MOST_APPENDS)
        if fragile >> append_number(writer, 0) & (1 << rows) - 1:
            return Promise.LOST
    return 0


def broken_by_memory(facts: Facts, memory: Memory, *, at_rest: bool) -> int:
    """Return the promises that are broken by what one sequencer takes for done."""
    broken = 0
    if at_rest:
        last, visible = facts.published[-1], facts.visible
        if any(visible[stream] > last[stream] for stream in STREAMS):
            broken |= Promise.SKIP
    if facts.fragile:
        for writer in WRITERS:
            for index in range(memory.high[writer]):
                if facts.fragile >> append_number(writer, index) & 1 and facts.is_finished(
                    memory, writer, index
                ):
                    return broken | Promise.LOST
    return broken
