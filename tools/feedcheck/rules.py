"""`Rules`: the size of one search, and which rules its actors keep."""

import enum
from dataclasses import dataclass


class Announcing(enum.Enum):
    """When a writer announces an append."""

    BEFORE = "before the append is sent"
    AFTER = "after it was sent (broken)"


class Unacknowledged(enum.Enum):
    """What a writer does about an announcement that is not acknowledged."""

    REPEAT = "repeats it, and writes nothing else"
    GO_ON = "announces the next one (broken)"
    REPLACE = "writes another under the same number (broken)"


class Order(enum.Enum):
    """How a sequencer puts a log entry together."""

    LANES = "one append at a time, each lane in order, waiting for what it builds on"
    CLOSURE = "any number of appends, each behind what its announcement says was stored before"
    ANY = "any number of streams, in any order, each up to its head"
    LANE_TO_HEAD = "a whole lane in order, each stream up to its head (broken)"
    LANE_TO_END = "a whole lane in order, each stream up to the announced append (broken)"


class Dropping(enum.Enum):
    """When a sequencer drops a finished part of a lane."""

    NEVER = "never"
    STORED = "after the low mark above it was acknowledged"
    KNOWN = "as soon as it knows the part to be finished (broken)"


class Closing(enum.Enum):
    """Whether lanes of writers that seem dead are closed, and when a writer reads its flag."""

    NEVER = "lanes are not closed"
    CHECK_AFTER = "the writer reads the flag after its announcement was acknowledged"
    CHECK_BEFORE = "the writer reads the flag before it announces (broken)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    One search: how large it is and how its actors behave.

    The defaults are the sound protocol in a small setting. A comment "broken" marks the value of
    a rule that must not be used; a run of the suite shows why.
    """

    # The size of the search.
    appends: tuple[int, int] = (2, 1)  # of each writer, at most 3
    sequencers: int = 1  # at most 2
    pairs: bool = False  # also appends of two events
    half_commits: bool = True  # a commit may be visible to some reads only
    entry_in_flight: bool = False  # a log entry of a crashed sequencer may apply later
    symmetry: bool = True  # states that differ by names only are one

    # Writers.
    announcing: Announcing = Announcing.BEFORE
    unacknowledged: Unacknowledged = Unacknowledged.REPEAT
    plan_reuses_row: bool = False  # broken: a new plan under the old announcement
    outcome_marks: bool = False  # announcements say which earlier ones were void
    any_expected: bool = False  # callers may expect versions below the head, or one above it
    behind_is_void: bool = False  # broken: refused although the stream is too short = void
    registers_first: bool = True  # broken if not: announces before its lane is registered
    silent: tuple[bool, bool] = (False, False)  # this writer never announces (an old library)

    # Publication.
    order: Order = Order.LANES
    by_announcement: bool = False  # variant: the log says what became of each announcement
    keeps_order: bool = True  # is the order between streams promised?
    scans: bool = False  # all streams are scanned now and then
    looks_at_every_row: bool = True  # broken if not: an older open row may be passed over
    reads_streams: bool = True  # broken if not: published as soon as announced
    head_at_expected_decides: bool = False  # broken
    cuts_appends: bool = False  # broken: an append of two events may lie in two entries
    passes_holes: bool = False  # broken: a missing row counts as finished
    polls_lanes: bool = True  # broken if not: lanes are read only when the doorbell rings
    log_is_conditional: bool = True  # broken if not: the lease is trusted

    # The table of each stream's progress.
    progress_table: bool = False  # else progress is known from the log alone
    window: int = 1  # K: so many entries may be without written progress
    writes_due_progress: bool = True  # broken if not: entries are appended regardless
    writes_progress_of_others: bool = True  # broken if not
    overlays_window: bool = True  # broken if not: a read of the table is taken as it is
    progress_by_entry: bool = True  # broken if not: the write that lands last wins
    progress_before_entry: bool = False  # broken: written before the entry is in the log
    progress_read_early: bool = False  # broken: merged with a window later than the read
    takeover_trusts: bool = False  # broken: assumes that all progress was written

    # The low marks of the lanes.
    lows: bool = False
    half_lows: bool = True  # a low mark may be visible to some reads only
    lows_only_rise: bool = True  # broken if not: the write that lands last wins
    rereads_lows: bool = True  # broken if not: only at the start
    low_before_entry: bool = False  # broken: counts what is decided, but not in the log
    dropping: Dropping = Dropping.NEVER
    part_size: int = 1

    # The end of what stays undecided.
    closing: Closing = Closing.NEVER
    fences: bool = False  # a sequencer may fence an undecided announcement off
    fence_is_checked: bool = True  # broken if not: writers append regardless of the fence
