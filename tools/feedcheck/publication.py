"""What a sequencer may put into the next log entry."""

from collections.abc import Iterator

from .facts import Facts
from .memory import UNKNOWN, Memory
from .rules import Order
from .world import MOST_APPENDS, STREAMS, WRITERS, append_number

Events = tuple[tuple[int, int], ...]
"""Pairs of stream and version, in order."""


def entries(facts: Facts, memory: Memory) -> dict[Events, bool]:
    """
    Return every entry that a sequencer may append now.

    The value says whether it will get there whatever its reads return: if not, it may just as
    well see nothing to publish.
    """
    found: dict[Events, bool] = {}
    for events, is_sure in _choices(facts, memory):
        if events:
            found.setdefault(events, is_sure)
    return found


def _choices(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    if not facts.rules.reads_streams:
        return _unread(facts, memory)
    match facts.rules.order:
        case Order.LANES:
            return _in_lane_order(facts, memory)
        case Order.LANE_TO_HEAD | Order.LANE_TO_END:
            return _whole_lanes(facts, memory)
    return _any_streams(facts, memory)


def _versions(stream: int, behind: int, last: int) -> Events:
    return tuple((stream, version) for version in range(behind + 1, last + 1))


def _unread(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    for writer in WRITERS:
        for index in facts.open_rows(memory, writer):
            row = facts.world.lanes[writer].rows[index]
            if memory.progress[row.stream] == row.expected:
                yield _versions(row.stream, row.expected, row.end), True


def _in_lane_order(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    """One append: of each lane the first open row that is seen to be stored, if it is its turn."""
    world, rules = facts.world, facts.rules
    if rules.scans:
        yield from _scanned(facts, memory)
    half = [world.streams[stream].half for stream in STREAMS]
    # A read may see the half visible commit of neither stream, of one or of both.
    views = [tuple(facts.visible)]
    for sees in ((True, False), (False, True), (True, True)):
        if any(half[stream] and sees[stream] for stream in STREAMS):
            views.append(tuple(facts.heads[s] if sees[s] else facts.visible[s] for s in STREAMS))
    for writer in WRITERS:
        rows = world.lanes[writer].rows
        known = facts.open_rows(memory, writer)
        if not known:
            continue
        for passed in (0,) if rules.looks_at_every_row else (0, 1):
            for number, seen in enumerate(views):
                for index in known[passed:]:
                    row = rows[index]
                    progress = memory.progress[row.stream]
                    if progress == UNKNOWN:
                        break
                    if (
                        not facts.committed >> append_number(writer, index) & 1
                        or row.end > seen[row.stream]
                    ):
                        continue
                    if progress == row.expected:
                        yield (
                            _versions(row.stream, row.expected, row.end),
                            not number and not passed,
                        )
                    break


def _scanned(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    """What a scan of all streams adds: appends that nobody announced."""
    for stream in STREAMS:
        progress = memory.progress[stream]
        if progress < facts.heads[stream]:
            owner = facts.owners[stream][progress]
            if facts.rules.silent[owner // MOST_APPENDS]:
                end = progress + facts.world.row(owner).size
                yield _versions(stream, progress, end), end <= facts.visible[stream]


def _whole_lanes(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    to_head = facts.rules.order is Order.LANE_TO_HEAD
    for writer in WRITERS:
        rows = facts.world.lanes[writer].rows
        for is_sure, heads in ((True, facts.visible), (False, facts.heads)):
            current = list(memory.progress)
            events: Events = ()
            open_rows = [rows[index] for index in facts.open_rows(memory, writer)]
            if any(current[row.stream] == UNKNOWN for row in open_rows):
                continue
            for index in facts.open_rows(memory, writer):
                row = rows[index]
                stream = row.stream
                is_own = facts.committed >> append_number(writer, index) & 1
                if heads[stream] <= row.expected or not (to_head or is_own):
                    continue
                last = heads[stream] if to_head else row.end
                events += _versions(stream, current[stream], last)
                current[stream] = max(current[stream], last)
            yield events, is_sure


def _any_streams(facts: Facts, memory: Memory) -> Iterator[tuple[Events, bool]]:
    """Any stream or both, each up to any append that an announcement asks for."""
    progress = memory.progress
    closes = facts.rules.order is Order.CLOSURE
    if closes and UNKNOWN in progress:
        return
    wanted = [_wanted(facts, memory, stream) for stream in STREAMS]
    for first in STREAMS:
        for last, is_sure in wanted[first].items():
            events, current = _extended(facts, (), progress, first, last, closes=closes)
            yield events, is_sure
            second = 1 - first
            for other, is_other_sure in wanted[second].items():
                both, _ = _extended(facts, events, current, second, other, closes=closes)
                yield both, is_sure and is_other_sure


def _wanted(facts: Facts, memory: Memory, stream: int) -> dict[int, bool]:
    """Return the versions that a stream may be published up to; is every read sure to see it?"""
    progress, rules = memory.progress[stream], facts.rules
    if progress == UNKNOWN:
        return {}
    asking = [
        (row, facts.committed >> append_number(writer, index) & 1)
        for writer in WRITERS
        for index in facts.open_rows(memory, writer)
        if (row := facts.world.lanes[writer].rows[index]).stream == stream
    ]
    if rules.by_announcement:
        ends = [row.end for row, is_stored in asking if is_stored]
    else:
        behind = 0 if rules.scans else min((row.expected for row, _ in asking), default=UNKNOWN)
        ends, end = [], 0
        for append in facts.world.streams[stream].appends:
            end += facts.world.row(append).size
            ends += [end, end - 1] if rules.cuts_appends else [end]
        ends = [end for end in ends if end > behind]
    return {end: end <= facts.visible[stream] for end in ends if end > progress}


def _extended(
    facts: Facts,
    events: Events,
    progress: tuple[int, int],
    stream: int,
    last: int,
    *,
    closes: bool,
) -> tuple[Events, tuple[int, int]]:
    """Publish a stream up to a version, behind what its announcements say was stored before."""
    while progress[stream] < last:
        end = progress[stream] + 1
        if closes:
            owner = facts.owners[stream][progress[stream]]
            row = facts.world.row(owner)
            end = progress[stream] + row.size
            for index, before in enumerate(facts.world.lanes[owner // MOST_APPENDS].rows):
                if row.after >> index & 1 and before.stream != stream:
                    events, progress = _extended(
                        facts, events, progress, before.stream, before.end, closes=True
                    )
        events += _versions(stream, progress[stream], end)
        progress = (progress[0], end) if stream else (end, progress[1])
    return events, progress
