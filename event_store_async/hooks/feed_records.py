"""The records of the feed: of its readers, and of the sequencer of a store."""

from dataclasses import dataclass
from uuid import UUID

from ..feeds.position import Position
from .source import Source


@dataclass(frozen=True, slots=True)
class FeedPageRead:
    """
    A page of the feed was read. A follower that waits reads one only when there is news.

    Attributes:
        source: The store.
        started: When it was called, as seconds since the epoch.
        duration: Seconds until it was there, with the events of all streams in it. They are decoded
            when they are handed out.
        links: How many links of the log were fetched from their streams. A link holds the events
            of one append.
        events: How many events it holds, broken ones too.
        position: How far the feed was looked at: where the next page begins.
        head: The end of the feed, as far as the page knew it. ``head - position`` is how many
            events its reader is behind.
    """

    source: Source
    started: float
    duration: float
    links: int
    events: int
    position: Position
    head: Position


@dataclass(frozen=True, slots=True)
class EntryPublished:
    """
    The sequencer of this store has published an entry of the log.

    Attributes:
        source: The store.
        started: When the entry was sent, as seconds since the epoch.
        duration: Seconds until it was known to be in the log.
        entry: Its number in the log.
        links: How many links it has: appends, as a rule.
        events: How many events it has.
        delay: Seconds since this sequencer first read the oldest of the announcements that the
            entry publishes, by its own monotonic clock. An announcement bears no time: what passed
            before the sequencer read it is not in this number. That is milliseconds while a
            sequencer works (a second if a doorbell was lost), and all the time in which none did.
            None if nobody announced what the entry publishes.
    """

    source: Source
    started: float
    duration: float
    entry: int
    links: int
    events: int
    delay: float | None


@dataclass(frozen=True, slots=True)
class EntryLost:
    """
    Another sequencer appended an entry first. This one reads it, and computes anew.

    Attributes:
        source: The store.
        entry: The number of the entry in the log.
    """

    source: Source
    entry: int


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """
    A round of the sequencer has ended: it has read lanes, and published what it may.

    Attributes:
        source: The store.
        started: When it began, as seconds since the epoch.
        duration: Seconds that it took.
        lanes: How many lanes it read.
        undecided: How many announcements of all lanes are undecided, or not published yet.
        undecided_events: How many events these announce.
        oldest: Seconds since this sequencer read the oldest of them, by its own monotonic clock;
            None if there are none. What a dead writer left stays undecided for ever.
    """

    source: Source
    started: float
    duration: float
    lanes: int
    undecided: int
    undecided_events: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class ScanFound:
    """
    An alarm: the scan found events that no writer had announced, and publishes them.

    A process that does not know of the feed appends to the table, or announcements were lost. What
    the scan finds while a feed is built is no alarm, and not reported.

    Attributes:
        source: The store.
        stream_id: The stream.
        version: The version of the first of them.
        events: How many they are.
    """

    source: Source
    stream_id: UUID
    version: int
    events: int


@dataclass(frozen=True, slots=True)
class LaneHeldUp:
    """
    An alarm: a lane waited in vain for events that must come first. They are published now.

    Their announcement was lost. Every event is published all the same; only their order in relation
    to other streams may not be that of the appends.

    Attributes:
        source: The store.
        stream_id: The stream of the events that it waited for.
        version: The version of the first of them.
        seconds: How long it waited.
        rounds: For how many rounds of the sequencer.
    """

    source: Source
    stream_id: UUID
    version: int
    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class LeadershipChanged:
    """
    The sequencer of this store has taken the lead, or lost it.

    Attributes:
        source: The store.
        leads: Whether it leads now.
    """

    source: Source
    leads: bool
