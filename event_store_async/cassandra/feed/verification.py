"""Verification of a feed: what was compared, and what is wrong, as values."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from ...values import value


class FeedFindingKind(StrEnum):
    """What can be wrong with a feed."""

    ENTRY = "entry"
    """An entry of the log is missing, cannot be read, or stands after the log's own end."""

    ORDINAL = "ordinal"
    """An entry does not count on from the one before it: positions are wrong."""

    MISSING = "missing"
    """Events of a stream are not in the log, and no sequencer will publish them."""

    REPEATED = "repeated"
    """Events of a stream stand in the log more than once."""

    MISPLACED = "misplaced"
    """Events of a stream stand in the log after later ones."""

    FOREIGN = "foreign"
    """The log has events that no stream has."""

    PROGRESS = "progress"
    """The table of progress and the log contradict each other."""


@value
class FeedFinding:
    """
    Something that is wrong with a feed.

    Attributes:
        kind: What is wrong.
        detail: The facts, in words.
        stream_id: The stream; None if it is an entry of the log.
        version: The version at which it is; None if it is not at a version.
        entry: The entry of the log; None if it is in none.
    """

    kind: FeedFindingKind
    detail: str
    stream_id: UUID | None = None
    version: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        places = (
            ("stream", self.stream_id),
            ("version", self.version),
            ("entry", self.entry),
        )
        place = ", ".join([f"{name} {at}" for name, at in places if at is not None])
        return f"feed, {place}: {self.kind}: {self.detail}"


@value
class FeedVerification:
    """
    The result of comparing a feed with the streams.

    Attributes:
        state: ``"building"`` until the events from before the feed are in it; then ``"complete"``.
        entries: Entries of the log.
        events: Events in them.
        streams: Streams that were compared.
        unpublished: Events that stand in the streams and are not in the log yet. They will be: they
            are no finding. A number that stays needs a look at `FeedStatus`: nobody sequences, a
            backfill goes on, or a writer does not announce and waits for the scan.
        unpublished_streams: The streams of these events.
        findings: How many findings there were of each kind; empty if there were none.
    """

    state: Literal["building", "complete"]
    entries: int
    events: int
    streams: int
    unpublished: int
    unpublished_streams: int
    findings: dict[FeedFindingKind, int]


@value
class FeedVerificationProgress:
    """
    How far a verification of a feed has come.

    Attributes:
        fraction: How much of it is done, from 0 to 1.
        events: Events of the log that were read.
        streams: Streams that were compared.
    """

    fraction: float
    events: int
    streams: int
