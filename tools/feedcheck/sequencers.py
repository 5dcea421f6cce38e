"""The steps of a sequencer, and of what sequencers sent."""

from collections.abc import Iterator

from .facts import Facts
from .memory import UNKNOWN, Memory, replaced
from .promises import FATAL, broken_by_entry
from .publication import Events, entries
from .rules import Closing, Dropping, Rules
from .step import Step
from .world import LONGEST_LOG, STREAMS, WRITERS, Lane, Stage, World, append_number


def initial_memory(rules: Rules) -> Memory:
    """Return what a sequencer knows of an empty log."""
    return Memory(progress=(UNKNOWN, UNKNOWN) if rules.progress_table else (0, 0))


def arrivals(facts: Facts) -> Iterator[Step]:
    """Give the steps that need no sequencer any more: what was sent arrives, or a flag is set."""
    rules, world = facts.rules, facts.world
    if not rules.progress_by_entry:
        for entry in range(1, facts.entries + 1):
            if world.progress_in_flight >> entry & 1:
                pending = world.progress_in_flight & ~(1 << entry)
                yield Step(
                    ("the progress of entry {0}, sent before, is written now", entry),
                    _with_progress(facts, world._replace(progress_in_flight=pending), entry),
                )
    for writer in WRITERS:
        lane = world.lanes[writer]
        if not rules.lows_only_rise:
            for low in range(lane.lows_in_flight.bit_length()):
                if lane.lows_in_flight >> low & 1:
                    pending = lane.lows_in_flight & ~(1 << low)
                    yield Step(
                        ("low({0:writer}) = {1}, sent before, is written now", writer, low),
                        world.with_lane(writer, lane._replace(low=low, lows_in_flight=pending)),
                    )
        if rules.closing is not Closing.NEVER and not lane.removed:
            for flag in range(lane.closing + 1, 3):
                state = "acknowledged" if flag == 2 else "sent"
                yield Step(
                    ("the closing flag of {0:writer} is {1}", writer, state),
                    world.with_lane(writer, lane._replace(closing=flag)),
                )
    if world.entry_in_flight:
        published = list(facts.published[-1])
        events: Events = ()
        for stream in world.entry_in_flight:
            published[stream] += 1
            events += ((stream, published[stream]),)
        yield Step(
            ("the log entry in flight applies: [{0:events}]", events),
            _with_entry(world, events),
            broken=broken_by_entry(facts, events),
        )


class Sequencer:
    """All steps of a sequencer with this memory, in this world."""

    __slots__ = ("facts", "is_at_rest", "memory", "rules", "world")

    def __init__(self, facts: Facts, memory: Memory) -> None:
        self.facts = facts
        self.memory = memory
        self.rules = facts.rules
        self.world = facts.world
        self.is_at_rest = True
        """After `steps` ended: no step of its own must change anything, whatever reads return."""

    def steps(self) -> Iterator[Step]:
        """Give every step, each with the memory after it."""
        for writer in WRITERS:
            yield from self._lane_reads(writer)
            if self.rules.lows:
                yield from self._low_reads(writer)
                yield from self._low_writes(writer)
            if self.rules.closing is not Closing.NEVER:
                yield from self._lane_removal(writer)
            yield from self._decisions(writer)
        if self.rules.progress_table:
            yield from self._progress_reads()
            yield from self._progress_writes()
        yield from self._log_read()
        yield from self._log_appends()
        yield from self._restarts()

    def _settled(self, memory: Memory) -> Memory:
        return self.facts.settled(memory)

    def _lane_reads(self, writer: int) -> Iterator[Step]:
        lane, memory, rules = self.world.lanes[writer], self.memory, self.rules
        high = memory.high[writer]
        if not lane.registered or lane.removed or (not rules.polls_lanes and high >= lane.rung):
            return
        rows = lane.rows
        if high >= len(rows) or rows[high].stage == Stage.UNANNOUNCED:
            return
        if high >= lane.dropped:
            text = "{by} reads the next row of lane {0:writer}"
            if rows[high].stage == Stage.SENT:
                text += " (and happens to see it)"
            else:
                self.is_at_rest = False
            read = memory._replace(high=replaced(memory.high, writer, high + 1))
            yield Step((text, writer), self.world, self._settled(read))
        if rules.passes_holes and rows[high + 1 :] and rows[high + 1].stage == Stage.SENT:
            read = memory._replace(
                high=replaced(memory.high, writer, high + 2),
                void=memory.void | 1 << append_number(writer, high),
            )
            text = (
                "{by} sees row {1} of lane {0:writer}, but not the one before, and passes it over"
            )
            yield Step((text, writer, high + 2), self.world, self._settled(read))

    def _low_reads(self, writer: int) -> Iterator[Step]:
        if not self.rules.rereads_lows:
            return
        memory = self.memory
        for low in self.facts.lows[writer]:
            if low <= memory.low[writer]:
                continue
            if low == self.world.lanes[writer].low:
                self.is_at_rest = False
            read = memory._replace(
                low=replaced(memory.low, writer, low),
                high=replaced(memory.high, writer, max(low, memory.high[writer])),
            )
            label = ("{by} reads low({0:writer}) = {1}", writer, low)
            yield Step(label, self.world, self._settled(read))

    def _low_writes(self, writer: int) -> Iterator[Step]:
        rules, world, memory = self.rules, self.world, self.memory
        lane = world.lanes[writer]
        low = memory.low[writer]
        if rules.low_before_entry:
            while low < memory.high[writer] and (
                self.facts.is_finished(memory, writer, low)
                or self.facts.heads[lane.rows[low].stream] > lane.rows[low].expected
            ):
                low += 1
        if low > lane.low or (not rules.lows_only_rise and low != lane.low):
            yield Step(
                ("{by} writes low({0:writer}) = {1}, acknowledged", writer, low),
                world.with_lane(writer, self._with_low(writer, low)),
                memory,
            )
            if rules.half_lows and not lane.lows_in_flight >> low & 1:
                pending = lane.lows_in_flight | 1 << low
                yield Step(
                    ("{by} sends low({0:writer}) = {1}", writer, low),
                    world.with_lane(writer, lane._replace(lows_in_flight=pending)),
                    memory,
                )
        end = lane.dropped + rules.part_size
        if rules.dropping is not Dropping.NEVER and memory.low[writer] >= end:
            text = "{by} drops the part of lane {0:writer} that ends at row {1}"
            if rules.dropping is Dropping.STORED:
                lane = self._with_low(writer, memory.low[writer])
                text += " (its low mark was acknowledged before)"
            yield Step(
                (text, writer, end), world.with_lane(writer, lane._replace(dropped=end)), memory
            )

    def _with_low(self, writer: int, low: int) -> Lane:
        lane, pending = self.world.lanes[writer], self.world.lanes[writer].lows_in_flight
        if self.rules.lows_only_rise:
            low = max(low, lane.low)
            pending &= ~((2 << low) - 1)  # lower marks lose against this one
        return lane._replace(low=low, lows_in_flight=pending)

    def _lane_removal(self, writer: int) -> Iterator[Step]:
        lane, memory = self.world.lanes[writer], self.memory
        high = memory.high[writer]
        if lane.removed or lane.closing < 2 or memory.low[writer] != high:
            return
        if high >= len(lane.rows) or lane.rows[high].stage == Stage.SENT:
            yield Step(
                ("{by} finds lane {0:writer} finished to its end, and removes it", writer),
                self.world.with_lane(writer, lane._replace(removed=True)),
                memory,
            )

    def _decisions(self, writer: int) -> Iterator[Step]:
        """Give the ways in which an open announcement is found void, but for newer progress."""
        rules, world, memory, facts = self.rules, self.world, self.memory, self.facts
        if not (rules.fences or rules.by_announcement or rules.head_at_expected_decides):
            return
        for index in facts.open_rows(memory, writer):
            append = append_number(writer, index)
            row = world.lanes[writer].rows[index]
            stream = world.streams[row.stream]
            is_stored = facts.committed >> append & 1
            void = self._settled(memory._replace(void=memory.void | 1 << append))
            if rules.head_at_expected_decides and facts.visible[row.stream] == row.expected:
                text = "{by} sees the head of {0:append} {1:plan} at e, and takes it for decided"
                yield Step((text, append, row), world, void)
            found = ("{by} finds {0:append} {1:plan} void", append, row)
            if rules.by_announcement and not is_stored and facts.heads[row.stream] > row.expected:
                if facts.visible[row.stream] > row.expected:
                    self.is_at_rest = False
                yield Step(found, world, void)
            if not rules.fences:
                continue
            if stream.fence > row.fence and not is_stored:
                self.is_at_rest = False
                yield Step(found, world, void)
            elif stream.fence == row.fence == 0:
                raised = stream._replace(fence=1, half=False)
                label = ("{by} raises the fence of {0:stream}", row.stream)
                yield Step(label, world.with_stream(row.stream, raised), memory)

    def _progress_reads(self) -> Iterator[Step]:
        facts, memory, rules = self.facts, self.memory, self.rules
        if UNKNOWN not in memory.progress or not (
            rules.scans or any(facts.open_rows(memory, writer) for writer in WRITERS)
        ):
            return
        for stream in STREAMS:
            if memory.progress[stream] != UNKNOWN:
                continue
            self.is_at_rest = False
            if rules.progress_read_early and memory.raw[stream] != UNKNOWN:
                merged = self._overlaid(stream, memory.raw[stream])
                read = memory._replace(
                    progress=replaced(memory.progress, stream, merged),
                    raw=replaced(memory.raw, stream, UNKNOWN),
                )
                text = "{by} merges what it read with its window: progress({0:stream}) = {1}"
                yield Step((text, stream, merged), self.world, self._settled(read))
                continue
            for raw in self._readable_progress(stream):
                if rules.progress_read_early:
                    value = raw
                    read = memory._replace(raw=replaced(memory.raw, stream, raw))
                    text = "{by} reads progress({0:stream}) = {1}, and does not merge it yet"
                else:
                    value = self._overlaid(stream, raw)
                    read = memory._replace(progress=replaced(memory.progress, stream, value))
                    text = "{by} has progress({0:stream}) = {1} from the table and its window"
                yield Step((text, stream, value), self.world, self._settled(read))

    def _readable_progress(self, stream: int) -> list[int]:
        """Return what a read of the progress table may return."""
        facts, row = self.facts, self.world.streams[stream]
        seen = {row.progress}
        for entry in range(1, facts.entries + 1):
            is_sent = self.world.progress_in_flight >> entry & 1
            wins = entry > row.progress_entry or not self.rules.progress_by_entry
            if is_sent and wins and facts.in_entry(entry, stream):
                seen.add(facts.published[entry][stream])
        return sorted(seen)

    def _overlaid(self, stream: int, progress: int) -> int:
        if self.rules.overlays_window:
            newest = self.memory.entry
            for entry in range(max(newest + 1 - self.rules.window, 1), newest + 1):
                if self.facts.in_entry(entry, stream):
                    progress = max(progress, self.facts.published[entry][stream])
        return progress

    def _progress_writes(self) -> Iterator[Step]:
        facts, world, memory = self.facts, self.world, self.memory
        if memory.written >= memory.entry:
            return
        self.is_at_rest = False
        due = memory.written + 1
        yield Step(
            ("{by} writes the progress of entry {0}, acknowledged", due),
            _with_progress(facts, world, due),
            memory._replace(written=due),
        )
        for entry in range(due, memory.entry + 1):
            pending = world.progress_in_flight
            if not pending >> entry & 1 and not _is_overtaken(facts, world, entry):
                yield Step(
                    ("{by} sends the progress of entry {0}", entry),
                    world._replace(progress_in_flight=pending | 1 << entry),
                    memory,
                )

    def _log_read(self) -> Iterator[Step]:
        facts, rules, memory = self.facts, self.rules, self.memory
        if memory.entry == facts.entries:
            return
        self.is_at_rest = False
        entry = memory.entry + 1
        progress = memory.progress
        for stream in STREAMS:
            if facts.in_entry(entry, stream):
                known = max(progress[stream], facts.published[entry][stream])
                progress = replaced(progress, stream, known)
        written = memory.written
        if rules.progress_table:
            written = max(written, entry - rules.window)
            if not rules.writes_progress_of_others and written + 1 == entry:
                written = entry
        read = memory._replace(entry=entry, progress=progress, written=written)
        yield Step(("{by} reads log entry {0}", entry), self.world, self._settled(read))

    def _log_appends(self) -> Iterator[Step]:
        facts, rules, world, memory = self.facts, self.rules, self.world, self.memory
        if memory.entry != facts.entries and rules.log_is_conditional:
            return
        if (
            rules.progress_table
            and rules.writes_due_progress
            and memory.written + rules.window < memory.entry + 1
        ):
            return
        entry = facts.entries + 1
        for events, is_sure in entries(facts, memory).items():
            if facts.events + len(events) > LONGEST_LOG:
                continue
            if is_sure:
                self.is_at_rest = False
            broken = broken_by_entry(facts, events)
            progress = memory.progress
            for stream, version in events:
                progress = replaced(progress, stream, max(progress[stream], version))
            written = memory.written
            if rules.progress_table and not rules.writes_due_progress:
                written = max(written, entry - rules.window)
            appended = memory._replace(entry=entry, progress=progress, written=written)
            yield Step(
                ("{by} appends log entry {0}: [{1:events}]", entry, events),
                _with_entry(world, events),
                memory if broken & FATAL else self._settled(appended),
                broken,
            )
            restarted = self._restarted(world.lanes[0].low, world.lanes[1].low)
            if rules.entry_in_flight and not world.entry_in_flight and not broken & FATAL:
                sent = tuple(stream for stream, _ in events)
                yield Step(
                    ("{by} sends log entry [{0:events}], crashes and restarts", events),
                    world._replace(entry_in_flight=sent),
                    restarted,
                )
            if rules.progress_before_entry:
                early = world
                for number, version in events:
                    held = early.streams[number]
                    now = max((held.progress_entry, held.progress), (entry, version))
                    held = held._replace(progress_entry=now[0], progress=now[1])
                    early = early.with_stream(number, held)
                text = "{by} writes the progress of [{0:events}], crashes before the log append, "
                yield Step((text + "and restarts", events), early, restarted)

    def _restarts(self) -> Iterator[Step]:
        for first in self.facts.lows[0]:
            for second in self.facts.lows[1]:
                restarted = self._restarted(first, second)
                if restarted != self.memory:
                    label = ("{by} crashes and restarts, with low marks {0} and {1}", first, second)
                    yield Step(label, self.world, restarted)

    def _restarted(self, first: int, second: int) -> Memory:
        facts, rules = self.facts, self.rules
        progress, written = facts.published[-1], 0
        if rules.progress_table:
            progress = (UNKNOWN, UNKNOWN)
            written = facts.entries
            if not rules.takeover_trusts:
                written = max(written - rules.window, 0)
        lows = (first, second)
        return Memory(facts.entries, progress, low=lows, high=lows, written=written)


def _with_entry(world: World, events: Events) -> World:
    entry = tuple(stream for stream, _ in events)
    # An entry in flight has the same number, so it has lost.
    return world._replace(log=(*world.log, entry), entry_in_flight=())


def _with_progress(facts: Facts, world: World, entry: int) -> World:
    """Return the world after the progress of a log entry was written."""
    by_entry = facts.rules.progress_by_entry
    for number in STREAMS:
        stream = world.streams[number]
        if facts.in_entry(entry, number) and (entry >= stream.progress_entry or not by_entry):
            progress = facts.published[entry][number]
            if by_entry and (stream.progress_entry, stream.progress) > (entry, progress):
                continue
            written = stream._replace(progress_entry=entry, progress=progress)
            world = world.with_stream(number, written)
    pending = world.progress_in_flight
    for other in range(1, facts.entries + 1):
        if pending >> other & 1 and _is_overtaken(facts, world, other):
            pending &= ~(1 << other)
    return world._replace(progress_in_flight=pending)


def _is_overtaken(facts: Facts, world: World, entry: int) -> bool:
    """Tell whether a write of an entry's progress can change nothing any more."""
    return facts.rules.progress_by_entry and all(
        world.streams[stream].progress_entry >= entry
        for stream in STREAMS
        if facts.in_entry(entry, stream)
    )
