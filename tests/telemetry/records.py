"""Records as a store creates them, to call hooks with."""

from typing import Any
from uuid import UUID

from event_store_async.hooks import (
    AppendEnded,
    AttemptEnded,
    ListEnded,
    PageRead,
    ReadEnded,
    SerialRepair,
    SnapshotEnded,
    Source,
)

STREAM = UUID(int=7)
BANK = Source("cassandra", "bank", "events")
STARTED = 1_700_000_000.0


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
