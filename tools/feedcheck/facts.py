"""`Facts`: what follows from the tables, worked out once for each state of them."""

from .memory import Memory
from .rules import Closing, Rules
from .world import MOST_APPENDS, STREAMS, WRITERS, Stage, World, append_number


class Facts:
    """What follows from a `World` for everyone who looks at it."""

    __slots__ = (
        "committed",
        "entries",
        "events",
        "fragile",
        "heads",
        "lows",
        "owners",
        "published",
        "rules",
        "visible",
        "world",
    )

    def __init__(self, rules: Rules, world: World) -> None:
        self.rules = rules
        self.world = world
        owners: list[list[int]] = [[], []]
        visible = [0, 0]
        committed = 0
        for number in STREAMS:
            stream = world.streams[number]
            for append in stream.appends:
                owners[number] += [append] * world.row(append).size
                committed |= 1 << append
            visible[number] = len(owners[number])
            if stream.half:
                visible[number] -= world.row(stream.appends[-1]).size
        self.owners = owners
        """Of each stream: the append that wrote each version, from version 1 on."""
        self.heads = (len(owners[0]), len(owners[1]))
        self.visible = visible
        """Of each stream: the head that every read sees."""
        self.committed = committed
        """Bits: the appends that are stored."""
        counts = [(0, 0)]
        for entry in world.log:
            first, second = counts[-1]
            ones = sum(entry)
            counts.append((first + len(entry) - ones, second + ones))
        self.published = counts
        """For each entry, from 0 on: the events of each stream up to it."""
        self.entries = len(world.log)
        self.events = sum(counts[-1])
        self.fragile = self._fragile()
        """Bits: announcements that must not count as finished."""
        self.lows = (self._lows(0), self._lows(1))
        """Of each lane: the low marks that a read may see."""

    def in_entry(self, entry: int, stream: int) -> bool:
        """Tell whether a log entry has an event of a stream."""
        return self.published[entry][stream] > self.published[entry - 1][stream]

    def may_apply(self, writer: int, index: int) -> bool:
        """Tell whether an append can still be stored, now or later."""
        rules, lane = self.rules, self.world.lanes[writer]
        row = lane.rows[index]
        if row.stage == Stage.GIVEN_UP or self.committed >> append_number(writer, index) & 1:
            return False
        if (
            lane.closing == 2
            and row.stage != Stage.SENDING
            and rules.closing is Closing.CHECK_AFTER
        ):
            return False  # the writer will find the flag
        fence = self.world.streams[row.stream].fence
        return self.heads[row.stream] <= row.expected and (
            fence == row.fence or not rules.fence_is_checked
        )

    def is_finished(self, memory: Memory, writer: int, index: int) -> bool:
        """Tell whether a sequencer counts an announcement that it knows as finished."""
        if index < memory.low[writer] or memory.void >> append_number(writer, index) & 1:
            return True
        rules, rows = self.rules, self.world.lanes[writer].rows
        row = rows[index]
        progress = memory.progress[row.stream]
        if row.expected < progress <= 6 and (
            not rules.by_announcement
            or (progress >= row.end and self.committed >> append_number(writer, index) & 1)
        ):
            return True
        return rules.outcome_marks and any(
            later.voids >> index & 1 for later in rows[index + 1 : memory.high[writer]]
        )

    def settled(self, memory: Memory) -> Memory:
        """Return a memory whose low marks stand behind everything that is finished."""
        low, void = memory.low, memory.void
        for writer in WRITERS:
            mark, high = low[writer], memory.high[writer]
            if mark == high:
                continue
            while mark < high and self.is_finished(memory, writer, mark):
                mark += 1
            low = (low[0], mark) if writer else (mark, low[1])
        if void:
            for writer in WRITERS:
                void &= ~(((1 << low[writer]) - 1) << append_number(writer, 0))
        if low == memory.low and void == memory.void:
            return memory
        return memory._replace(low=low, void=void)

    def open_rows(self, memory: Memory, writer: int) -> list[int]:
        """Return the rows of a lane that a sequencer knows and that are not finished."""
        return [
            index
            for index in range(memory.low[writer], memory.high[writer])
            if not self.is_finished(memory, writer, index)
        ]

    def _fragile(self) -> int:
        last = self.published[-1]
        bits = 0
        for writer in WRITERS:
            for index, row in enumerate(self.world.lanes[writer].rows):
                bit = 1 << append_number(writer, index)
                if self.committed & bit:
                    if last[row.stream] < row.end:
                        bits |= bit
                elif self.may_apply(writer, index):
                    bits |= bit
        return bits

    def _lows(self, writer: int) -> tuple[int, ...]:
        lane = self.world.lanes[writer]
        if not lane.lows_in_flight:
            return (lane.low,)
        seen = {lane.low}
        for low in range(MOST_APPENDS + 1):
            if lane.lows_in_flight >> low & 1 and (low > lane.low or not self.rules.lows_only_rise):
                seen.add(low)
        return tuple(sorted(seen))
