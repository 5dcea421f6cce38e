"""Records as a store creates them, to call hooks with."""

from typing import Any
from uuid import UUID

from event_store_async import Position
from event_store_async.hooks import (
    AppendEnded,
    AttemptEnded,
    CaughtUp,
    CheckpointCommitted,
    EntryLost,
    EntryPublished,
    ErasureEnded,
    EventHandled,
    FeedPageRead,
    FellBehind,
    GenerationChanged,
    KeyCallEnded,
    LaneHeldUp,
    LeadershipChanged,
    LeaseChanged,
    ListEnded,
    PageApplied,
    PageRead,
    ReadEnded,
    RoundEnded,
    ScanFound,
    SerialRepair,
    SnapshotEnded,
    Source,
)

STREAM = UUID(int=7)
BANK = Source("cassandra", "bank", "events")
STARTED = 1_700_000_000.0
FEED = UUID(int=8)


def attempt(**given: Any) -> AttemptEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "started": STARTED + 0.5,
        "duration": 0.25,
        "number": 1,
        "outcome": "applied",
        "fault": None,
        "appends": 1,
        "events": 2,
        "bytes": 300,
    }
    return AttemptEnded(**(facts | given))


def append(**given: Any) -> AppendEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "started": STARTED,
        "duration": 1.0,
        "outcome": "stored",
        "error": None,
        "expected_version": 3,
        "version": 5,
        "events": 2,
        "bytes": 300,
        "limit": 1000,
        "queue_depth": 4,
        "queue_wait": 0.125,
        "attempts": (attempt(),),
    }
    return AppendEnded(**(facts | given))


def page(**given: Any) -> PageRead:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "started": STARTED,
        "duration": 0.0625,
        "events": 10,
        "bytes": 5000,
        "serial": False,
    }
    return PageRead(**(facts | given))


def read(**given: Any) -> ReadEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "started": STARTED,
        "duration": 0.75,
        "waited": 0.5,
        "outcome": "complete",
        "error": None,
        "events": 10,
        "pages": 1,
        "backward": False,
        "serial": False,
    }
    return ReadEnded(**(facts | given))


def repair(**given: Any) -> SerialRepair:
    facts: dict[str, Any] = {"source": BANK, "stream_id": STREAM, "version": 6}
    return SerialRepair(**(facts | given))


def listing(**given: Any) -> ListEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "started": STARTED,
        "duration": 0.5,
        "outcome": "complete",
        "error": None,
        "streams": 7,
    }
    return ListEnded(**(facts | given))


def feed_page(**given: Any) -> FeedPageRead:
    facts: dict[str, Any] = {
        "source": BANK,
        "started": STARTED,
        "duration": 0.25,
        "links": 3,
        "events": 4,
        "position": Position(FEED, 2, 1, 10),
        "head": Position(FEED, 3, 5, 17),
    }
    return FeedPageRead(**(facts | given))


def entry(**given: Any) -> EntryPublished:
    facts: dict[str, Any] = {
        "source": BANK,
        "started": STARTED,
        "duration": 0.0625,
        "entry": 3,
        "links": 2,
        "events": 5,
        "delay": 0.125,
    }
    return EntryPublished(**(facts | given))


def lost(**given: Any) -> EntryLost:
    facts: dict[str, Any] = {"source": BANK, "entry": 3}
    return EntryLost(**(facts | given))


def round_ended(**given: Any) -> RoundEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "started": STARTED,
        "duration": 0.5,
        "lanes": 2,
        "undecided": 3,
        "undecided_events": 6,
        "oldest": 7.5,
    }
    return RoundEnded(**(facts | given))


def found(**given: Any) -> ScanFound:
    facts: dict[str, Any] = {"source": BANK, "stream_id": STREAM, "version": 6, "events": 2}
    return ScanFound(**(facts | given))


def held_up(**given: Any) -> LaneHeldUp:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "version": 6,
        "seconds": 61.5,
        "rounds": 12,
    }
    return LaneHeldUp(**(facts | given))


def lead(**given: Any) -> LeadershipChanged:
    facts: dict[str, Any] = {"source": BANK, "leads": True}
    return LeadershipChanged(**(facts | given))


def snapshot(**given: Any) -> SnapshotEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "kind": "account/1",
        "operation": "load",
        "started": STARTED,
        "duration": 0.25,
        "outcome": "found",
        "error": None,
        "reason": None,
        "version": 200,
        "bytes": 300,
    }
    return SnapshotEnded(**(facts | given))


def erasure(**given: Any) -> ErasureEnded:
    facts: dict[str, Any] = {
        "source": BANK,
        "stream_id": STREAM,
        "operation": "truncate",
        "started": STARTED,
        "duration": 0.25,
        "outcome": "erased",
        "error": None,
        "kept_from": 4,
        "version": 6,
    }
    return ErasureEnded(**(facts | given))


OF_SLICE: dict[str, Any] = {"source": BANK, "subscription": "mails", "slice": 3}
PLACE = Position(FEED, 2, 1, 10)


def handled(**given: Any) -> EventHandled:
    facts: dict[str, Any] = {
        **OF_SLICE,
        "stream_id": STREAM,
        "version": 6,
        "type": "withdrawn",
        "position": PLACE,
        "started": STARTED,
        "duration": 0.25,
        "attempts": 1,
        "outcome": "handled",
        "error": None,
    }
    return EventHandled(**(facts | given))


def applied(**given: Any) -> PageApplied:
    facts: dict[str, Any] = {
        **OF_SLICE,
        "events": 5,
        "position": PLACE,
        "started": STARTED,
        "duration": 0.5,
        "outcome": "applied",
        "error": None,
    }
    return PageApplied(**(facts | given))


def committed(**given: Any) -> CheckpointCommitted:
    facts: dict[str, Any] = {
        **OF_SLICE,
        "position": PLACE,
        "events": 5,
        "started": STARTED,
        "duration": 0.125,
        "outcome": "committed",
    }
    return CheckpointCommitted(**(facts | given))


def lease(**given: Any) -> LeaseChanged:
    return LeaseChanged(**({**OF_SLICE, "fence": 7, "change": "claimed"} | given))


def generation(**given: Any) -> GenerationChanged:
    facts: dict[str, Any] = {
        "source": BANK,
        "subscription": "mails",
        "generation": 2,
        "slices": 4,
        "why": "reset",
    }
    return GenerationChanged(**(facts | given))


def caught_up(**given: Any) -> CaughtUp:
    return CaughtUp(**({**OF_SLICE, "position": PLACE} | given))


def fell_behind(**given: Any) -> FellBehind:
    return FellBehind(**({**OF_SLICE, "position": PLACE} | given))


def keys(**given: Any) -> KeyCallEnded:
    facts: dict[str, Any] = {
        "source": Source("cassandra", "bank", "subject_keys"),
        "operation": "get",
        "started": STARTED,
        "duration": 0.25,
        "outcome": "done",
        "error": None,
        "subjects": 3,
        "subject": None,
    }
    return KeyCallEnded(**(facts | given))
