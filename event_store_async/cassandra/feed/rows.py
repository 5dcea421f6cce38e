"""Rows of the feed's tables."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from .announcement import Address

State = Literal["building", "complete"]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """
    The row of a feed.

    Attributes:
        log_id: The log.
        part_rows: How many announcements a part of a new lane has.
        segment_size: How many entries a segment of the log has.
        state: ``"building"`` until the streams from before the feed are in the log.
        leader: The sequencer that works, if any ever did.
        beat: Grows while it does.
        scanned: The token up to which the streams from before the feed are in the log.
    """

    log_id: UUID
    part_rows: int
    segment_size: int
    state: State
    leader: UUID | None = None
    beat: int | None = None
    scanned: int | None = None


@dataclass(frozen=True, slots=True)
class WriterRow:
    """
    A writer of a feed.

    Attributes:
        writer: The writer.
        part_rows: How many announcements a part of its lane has.
        prev: The writer that it was before, if it gave up a lane.
        closed_at: The last seq of the lane, if it was closed in good order.
        low: All announcements up to this one are finished.
    """

    writer: UUID
    part_rows: int
    prev: UUID | None
    closed_at: int | None
    low: int


@dataclass(frozen=True, slots=True)
class Doorbell:
    """
    What a writer says of its lane. It may be old.

    Attributes:
        writer: The writer.
        rings: How often it rang.
        told: Seqs of its lane whose appends are stored, only the latest of them, as text
            (`ranges_from_text`): most doorbells that are read tell nothing new.
    """

    writer: UUID
    rings: int
    told: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What stands in a stream at a version.

    Attributes:
        version: The version.
        address: The address of the announcement, if the row is the first of an announced append.
        type: The event's type, if any.
        category: The category of the stream, if any.
    """

    version: int
    address: Address | None
    type: str | None
    category: str | None
