"""`World`: the tables, as all actors share them."""

import enum
from typing import NamedTuple

STREAMS = (0, 1)
WRITERS = (0, 1)
MOST_APPENDS = 3
"""Of one writer."""
MOST_VERSIONS = 3
"""Of one stream."""
LONGEST_LOG = 6
"""In events: two streams of three versions."""


class Stage(enum.IntEnum):
    """How far an append has come."""

    SENT = 1  # the announcement: each read sees it or not
    SENDING = 2  # it is acknowledged, and the append may apply at any time from now on
    UNANNOUNCED = 3  # the append may apply, but nothing announces it
    UNCHECKED = 4  # it is acknowledged, and the closing flag is to be read
    GIVEN_UP = 5  # the lane was closed first


class Outcome(enum.IntEnum):
    """What a writer knows of its append."""

    UNKNOWN = 0
    STORED = 1
    VOID = 2


class Row(NamedTuple):
    """One announcement, with what its writer knows."""

    stage: int
    stream: int
    expected: int
    size: int  # in events
    fence: int  # the append is conditional on this one
    outcome: int = Outcome.UNKNOWN
    after: int = 0  # bits: earlier rows of the lane known to be stored when this one was planned
    voids: int = 0  # bits: earlier rows known to be void then

    @property
    def end(self) -> int:
        """The last version that it writes."""
        return self.expected + self.size


class Lane(NamedTuple):
    """The announcements of one writer, and the marks that belong to them."""

    rows: tuple[Row, ...] = ()
    low: int = 0  # so many rows are marked as finished
    lows_in_flight: int = 0  # bits: low marks that each read sees or not
    dropped: int = 0  # so many rows are deleted
    registered: bool = True
    rung: int = 0  # the doorbell has told of so many rows
    closing: int = 0  # the flag: 0 not set, 1 each read sees it or not, 2 set
    removed: bool = False  # nobody reads the lane any more


class Stream(NamedTuple):
    """The appends that one stream holds, and the row of the progress table for it."""

    appends: tuple[int, ...] = ()  # as `append_number`
    half: bool = False  # each read sees the last append or not
    fence: int = 0
    progress_entry: int = 0
    progress: int = 0


class World(NamedTuple):
    """The state of all tables, and of what was sent to them and has not arrived."""

    lanes: tuple[Lane, Lane]
    streams: tuple[Stream, Stream] = (Stream(), Stream())
    log: tuple[tuple[int, ...], ...] = ()  # entries: the streams of their events, in order
    progress_in_flight: int = 0  # bits: entries whose progress each read sees or not
    entry_in_flight: tuple[int, ...] = ()

    def with_lane(self, writer: int, lane: Lane) -> "World":
        """Return this world with one lane replaced."""
        first, second = self.lanes
        return self._replace(lanes=(first, lane) if writer else (lane, second))

    def with_row(self, writer: int, index: int, row: Row) -> "World":
        """Return this world with one announcement replaced, or added at the end of its lane."""
        lane = self.lanes[writer]
        rows = (*lane.rows[:index], row, *lane.rows[index + 1 :])
        return self.with_lane(writer, lane._replace(rows=rows))

    def with_stream(self, number: int, stream: Stream) -> "World":
        """Return this world with one stream replaced."""
        first, second = self.streams
        return self._replace(streams=(first, stream) if number else (stream, second))

    def row(self, append: int) -> Row:
        """Return the announcement of an append, given as `append_number`."""
        return self.lanes[append // MOST_APPENDS].rows[append % MOST_APPENDS]

    def renamed(self, *, streams: bool, writers: bool) -> "World":
        """Return this world with the names of its streams, of its writers, or both, swapped."""
        lanes, entries, pending = self.lanes, self.log, self.entry_in_flight
        held = self.streams
        if writers:
            lanes = (lanes[1], lanes[0])
            held = (_other_writers(held[0]), _other_writers(held[1]))
        if streams:
            lanes = (_other_streams(lanes[0]), _other_streams(lanes[1]))
            held = (held[1], held[0])
            entries = tuple(tuple(1 - stream for stream in entry) for entry in entries)
            pending = tuple(1 - stream for stream in pending)
        return World(lanes, held, entries, self.progress_in_flight, pending)


def append_number(writer: int, index: int) -> int:
    """Return the number of a writer's append that streams and masks are about."""
    return writer * MOST_APPENDS + index


def _other_streams(lane: Lane) -> Lane:
    return lane._replace(rows=tuple(row._replace(stream=1 - row.stream) for row in lane.rows))


def _other_writers(stream: Stream) -> Stream:
    swapped = tuple((number + MOST_APPENDS) % (2 * MOST_APPENDS) for number in stream.appends)
    return stream._replace(appends=swapped)
