"""The records that a hook receives, and the hook itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from ..versions import ExpectedVersion

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
"""What came of an append. The errors behind the words: ``unknown`` is `AppendOutcomeUnknown`,
``unavailable`` `StoreUnavailable`, ``overloaded`` `StoreOverloaded`, ``refused`` `RequestRefused`,
``invalid`` an `InvalidArgument`, ``failed`` whatever else. ``cancelled`` is the caller's: its
append may yet be stored."""

AttemptOutcome: TypeAlias = Literal[
    "applied", "found", "conflict", "behind", "unknown", "unsent", "refused"
]
"""What the answer to one conditional batch says: it was stored by this very attempt (``applied``),
or by one before it (``found``); the stream is elsewhere (``conflict``), or where an attempt before
this one may yet store it (``behind``). Of one that met a fault: it may be stored (``unknown``), no
replica can have it (``unsent``), the server will never take it (``refused``)."""

ReadOutcome: TypeAlias = Literal[
    "complete", "stopped", "hole", "undecodable", "unavailable", "refused", "cancelled", "failed"
]
"""How a read ended: with all that was asked for, with its reader going away (``stopped``), or with
an error: ``hole`` is `StreamHole`, ``undecodable`` `UndecodableEvent`, others as for appends."""


@dataclass(frozen=True, slots=True)
class Source:
    """
    Which store a record is of.

    Attributes:
        system: ``"cassandra"`` or ``"memory"``.
        keyspace: The table's keyspace; "" in memory.
        table: The table; "" in memory.
    """

    system: str
    keyspace: str = ""
    table: str = ""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """
    One conditional batch was answered, or met a fault. It may carry several callers' appends.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When it was sent, as seconds since the epoch.
        duration: Seconds until its answer.
        number: Which attempt to settle these events it was, from 1: those above 1 settle.
        outcome: What its answer says.
        fault: The driver's class of the fault that it met; None where it was answered.
        appends: How many callers' appends the batch held.
        events: How many events.
        bytes: Their payload and metadata, encoded, in bytes.
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
    An append ended, for its caller. An append that is cancelled is carried through without one.

    Attributes:
        source: The store.
        stream_id: The stream; None where what was given is no stream id.
        started: When it was called, as seconds since the epoch.
        duration: Seconds that the call took.
        outcome: What came of it.
        error: The class of the error that says so; None where it is stored.
        expected_version: What the caller expected.
        version: The stream's version, as the outcome shows it; None where it shows none.
        events: How many events it has; 0 where they were refused.
        bytes: Their payload and metadata, encoded, in bytes.
        limit: Bytes that an append may have, by `Settings.max_append_bytes`.
        queue_depth: How many appends to the stream waited in this process when it came.
        queue_wait: Seconds until its turn came, or it went away.
        attempts: The conditional batches that it had a part in, in order; one with itself alone,
            or shared with others. None was sent for an append that was found or refused before.
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
    One page of a read has come.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When it was asked for, as seconds since the epoch.
        duration: Seconds until it was there, repetitions included.
        events: How many events it holds.
        bytes: Their payload as stored, in bytes.
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
    A quorum read showed a hole, so the rest is read again at the serial level.

    An append may have been half-way through its commit; the serial read finishes it. A hole that
    remains ends the read with the outcome ``hole``.

    Attributes:
        source: The store.
        stream_id: The stream.
        version: The first version that was missing.
    """

    source: Source
    stream_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class ReadEnded:
    """
    A read ended. One that nobody ever asked for an event did not begin.

    Attributes:
        source: The store.
        stream_id: The stream.
        started: When its first event was asked for, as seconds since the epoch.
        duration: Seconds from then to the end, with all that its reader did between the events.
        waited: Seconds of these that it waited for pages.
        outcome: How it ended.
        error: The class of the error that it ended with; None where there was none.
        events: How many events it gave.
        pages: How many pages they came in.
        backward: Whether it was read newest first.
        serial: Whether any of it was read at the serial level, by request or to repair.
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


Record: TypeAlias = AppendEnded | AttemptEnded | PageRead | SerialRepair | ReadEnded
"""Whatever a hook may be told. Later versions may tell more: pass over what you do not know."""


class Hook(Protocol):
    """
    Is told what happens in a store: any callable with one argument.

    It is called on the event loop, in between the store's own steps: it must not block. What it
    raises harms no append and no read; the first time, it is logged with its traceback.
    `AppendEnded` and `ReadEnded` come in the caller's task and context, the others in whichever.
    """

    def __call__(self, record: Record, /) -> None:
        """Take a record."""
