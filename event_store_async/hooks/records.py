"""The records that a hook receives, and the protocol of a hook."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from ..versions import ExpectedVersion
from .feed_records import (
    EntryLost,
    EntryPublished,
    FeedPageRead,
    LaneHeldUp,
    LeadershipChanged,
    RoundEnded,
    ScanFound,
)
from .key_records import KeyCallEnded
from .source import Source
from .subscription_records import SubscriptionRecord

AppendOutcome: TypeAlias = Literal[
    "stored",
    "stored_earlier",
    "conflict",
    "unknown",
    "unavailable",
    "overloaded",
    "refused",
    "cancelled",
    "invalid",
    "failed",
]
"""How an append ended. With an error: ``conflict`` is `ConcurrentModification` or `WrongCategory`
(`AppendEnded.error` says which), ``unknown`` is `AppendOutcomeUnknown`, ``unavailable``
`StoreUnavailable`, ``overloaded`` `StoreOverloaded`, ``refused`` `RequestRefused`, ``invalid`` an
`InvalidArgument`, ``failed`` any other error. ``cancelled``: the caller was cancelled, and the
append may still be stored."""

AttemptOutcome: TypeAlias = Literal[
    "applied", "found", "conflict", "behind", "unknown", "unsent", "refused"
]
"""How an attempt to store one conditional batch ended. Answered: this attempt stored the batch
(``applied``), an earlier attempt did (``found``), the stream is at another version or of another
category (``conflict``), or an earlier attempt may still store the batch (``behind``). Failed: the
batch may be stored (``unknown``), no replica can have it (``unsent``), or the server will never
accept it (``refused``)."""

ReadOutcome: TypeAlias = Literal[
    "complete", "stopped", "hole", "undecodable", "unavailable", "refused", "cancelled", "failed"
]
"""How a read ended: with every event that was asked for (``complete``), because its reader stopped
iterating (``stopped``), or with an error: ``hole`` is `StreamHole`, ``undecodable`` is
`UndecodableEvent`, the others are those of appends."""

ErasureOperation: TypeAlias = Literal["truncate", "delete", "close"]
"""What was done to a stream; see the methods of `StreamEraser`."""

ErasureOutcome: TypeAlias = Literal[
    "erased",
    "conflict",
    "unknown",
    "unavailable",
    "overloaded",
    "refused",
    "cancelled",
    "invalid",
    "failed",
]
"""How an erasure ended: the events are gone, by this call or an earlier one (``erased``); or the
stream is not in the expected state (``conflict``). ``unknown`` is `ErasureOutcomeUnknown`; the
others are those of appends."""

SnapshotOperation: TypeAlias = Literal["load", "save", "reject", "forget"]
"""What was done to a stored snapshot; see the methods of `SnapshotStore`."""

SnapshotOutcome: TypeAlias = Literal[
    "found",
    "missing",
    "saved",
    "outdated",
    "rejected",
    "forgotten",
    "dropped",
    "undecodable",
    "invalid",
    "unavailable",
    "refused",
    "cancelled",
    "failed",
]
"""How a call on a stored snapshot ended. Without an error: a load found one (``found``) or there is
none (``missing``); a save kept it (``saved``), or newer ones are kept (``outdated``); it did not
fit its stream (``rejected``); all of a stream were deleted (``forgotten``). ``dropped``: too many
were waiting to be saved. ``undecodable`` is `UndecodableSnapshot`; the others are those of
appends."""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """
    An attempt to store one conditional batch has ended; the batch may carry several appends.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When it was sent, as seconds since the epoch.
        duration: Seconds until its answer.
        number: The number of the attempt to store this batch, from 1. An attempt after the first
            also finds out whether an earlier one stored the batch.
        outcome: How it ended.
        fault: The driver's exception class if it failed; None if it was answered.
        appends: How many appends the batch holds.
        events: How many events the batch holds.
        bytes: Size of their encoded payload and metadata, in bytes.
    """

    source: Source
    stream_id: UUID
    started: float
    duration: float
    number: int
    outcome: AttemptOutcome
    fault: str | None
    appends: int
    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class AppendEnded:
    """
    An append has ended for its caller.

    If the caller was cancelled, the append itself goes on in the background.

    Attributes:
        source: The store.
        stream_id: The stream; None if the argument was not a UUID.
        started: When it was called, as seconds since the epoch.
        duration: Seconds that the call took.
        outcome: How it ended.
        error: The name of the error's class; None if the events are stored.
        expected_version: The expected version that the caller gave.
        version: The version of the stream that the outcome reports; None if it reports none.
        events: How many events it has; 0 if they were not valid.
        bytes: Size of their encoded payload and metadata, in bytes.
        limit: The most bytes that an append may have: `Settings.max_append_bytes`.
        queue_depth: How many appends to the stream were queued or in progress in this process
            when this one was queued.
        queue_wait: Seconds that it was queued.
        attempts: The attempts to store the batches that carried it, alone or with other appends,
            in order; empty if it ended before a batch was sent.
    """

    source: Source
    stream_id: UUID | None
    started: float
    duration: float
    outcome: AppendOutcome
    error: str | None
    expected_version: ExpectedVersion
    version: int | None
    events: int
    bytes: int
    limit: int
    queue_depth: int
    queue_wait: float
    attempts: Sequence[AttemptEnded]


@dataclass(frozen=True, slots=True)
class PageRead:
    """
    A page of a read has arrived.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When it was requested, as seconds since the epoch.
        duration: Seconds until it arrived, retries included.
        events: How many events it holds.
        bytes: Size of their payload as stored, in bytes.
        serial: Whether it was read at the serial level.
    """

    source: Source
    stream_id: UUID
    started: float
    duration: float
    events: int
    bytes: int
    serial: bool


@dataclass(frozen=True, slots=True)
class SerialRepair:
    """
    A quorum read found a hole, so the rest of it is repeated at the serial level.

    An append may have been in the middle of its commit; the serial read completes it. If the hole
    is still there, the read ends with the outcome ``hole``.

    Attributes:
        source: The store.
        stream_id: The stream.
        version: The first missing version.
    """

    source: Source
    stream_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class ReadEnded:
    """
    A read has ended. A read that was never iterated is not reported. Each poll of `follow` is one.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When its first event was requested, as seconds since the epoch.
        duration: Seconds from then to the end, including the reader's own work between events.
        waited: The part of these seconds that it waited for pages.
        outcome: How it ended.
        error: The name of the error's class; None if there was no error.
        events: How many events it returned.
        pages: How many pages they came in.
        backward: Whether it ran from the newest event to the oldest.
        serial: Whether any part was read at the serial level, by request or as a repair.
    """

    source: Source
    stream_id: UUID
    started: float
    duration: float
    waited: float
    outcome: ReadOutcome
    error: str | None
    events: int
    pages: int
    backward: bool
    serial: bool


@dataclass(frozen=True, slots=True)
class ListEnded:
    """
    A list of the streams has ended. A list that was never iterated is not reported.

    Attributes:
        source: The store.
        started: When its first stream was requested, as seconds since the epoch.
        duration: Seconds from then to the end, including the caller's own work between streams.
        outcome: How it ended; never ``hole`` or ``undecodable``.
        error: The name of the error's class; None if there was no error.
        streams: How many streams it returned.
    """

    source: Source
    started: float
    duration: float
    outcome: ReadOutcome
    error: str | None
    streams: int


@dataclass(frozen=True, slots=True)
class SnapshotEnded:
    """
    A call on a stored snapshot has ended; a save usually runs in the background.

    Attributes:
        source: The store.
        stream_id: The stream; None if the argument was not a UUID.
        kind: The kind of the snapshot; "" if all of a stream were deleted, or it was not a str.
        operation: What was done.
        started: When it was called, or when the save began, as seconds since the epoch.
        duration: Seconds that it took.
        outcome: How it ended.
        error: The name of the error's class; None if there was no error.
        reason: Why the snapshot was rejected; None for another operation.
        version: The version of the snapshot; None if there is none.
        bytes: Size of the encoded aggregate; 0 if it was neither read nor written.
    """

    source: Source
    stream_id: UUID | None
    kind: str
    operation: SnapshotOperation
    started: float
    duration: float
    outcome: SnapshotOutcome
    error: str | None
    reason: str | None
    version: int | None
    bytes: int


@dataclass(frozen=True, slots=True)
class ErasureEnded:
    """
    A call that truncates, deletes or closes a stream has ended.

    Attributes:
        source: The store.
        stream_id: The stream; None if the argument was not a UUID.
        operation: What was done.
        started: When it was called, as seconds since the epoch.
        duration: Seconds that it took.
        outcome: How it ended.
        error: The name of the error's class; None if there was no error.
        kept_from: The version of the first event that is kept, or of the next one; None unless
            events are erased.
        version: The version of the stream; None after an error other than a conflict.
    """

    source: Source
    stream_id: UUID | None
    operation: ErasureOperation
    started: float
    duration: float
    outcome: ErasureOutcome
    error: str | None
    kept_from: int | None
    version: int | None


FeedRecord: TypeAlias = (
    FeedPageRead
    | EntryPublished
    | EntryLost
    | RoundEnded
    | ScanFound
    | LaneHeldUp
    | LeadershipChanged
)
"""What a hook receives of the feed: of its readers, and of the sequencer of this store."""

Record: TypeAlias = (
    AppendEnded
    | AttemptEnded
    | PageRead
    | SerialRepair
    | ReadEnded
    | ListEnded
    | SnapshotEnded
    | ErasureEnded
    | KeyCallEnded
    | FeedRecord
    | SubscriptionRecord
)
"""What a hook receives. Later versions may add kinds of records: ignore those you do not know."""


class Hook(Protocol):
    """
    Receives the records of a store: any callable with one argument.

    It is called on the event loop, between the store's own steps, so it must not block. An
    exception that it raises affects no append and no read; the first one is logged with its
    traceback. `AppendEnded`, `ErasureEnded`, `ReadEnded`, `ListEnded`, `FeedPageRead`,
    `KeyCallEnded` and, for a load, `SnapshotEnded` arrive in the caller's task and context, the
    others in any task. A hook that is to be around the calls of handlers is a `HandlerHook`, too.
    """

    def __call__(self, record: Record, /) -> None:
        """Receive a record."""
