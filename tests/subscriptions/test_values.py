"""Values of subscriptions: every field is checked, and every setting has its range."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async import Backoff, InvalidArgument, Position
from event_store_async.ports.changes import divided
from event_store_async.subscriptions import (
    Beat,
    Checkpoints,
    Division,
    Lag,
    Lease,
    Pace,
    ParkedStream,
    Recovery,
    Registration,
    Roster,
    SkippedEvent,
    SliceKey,
    SliceLag,
    Stopped,
    SubscriptionStatus,
)

FEED = UUID(int=9)
STREAM = UUID(int=7)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def at(ordinal: int) -> Position:
    return Position(FEED, ordinal, 1, ordinal)


KEY = SliceKey("mails", 1, 0)
REGISTRATION = Registration("mails", 1, 2, at(0))
PARKED = ParkedStream(STREAM, 1, 2, at(1), at(2), "noted", "error", 5, NOW)
SLICE_LAG = SliceLag(0, at(1), 3, 1.5, 0)
LAG = Lag(at(4), (SLICE_LAG, SliceLag(1, at(4), 0, 0.0, 2)))

VALUES: list[Any] = [
    KEY,
    REGISTRATION,
    PARKED,
    SLICE_LAG,
    LAG,
    Division(1, (at(1), at(2))),
    SkippedEvent(STREAM, 1, "error", "reason", "ann", NOW),
    Lease(KEY, STREAM, 1, at(1)),
    Beat(1, 2, {0: "waits"}),
    Roster(REGISTRATION, {STREAM: Beat(1, 1)}, {0: (STREAM, 1)}),
    Checkpoints(REGISTRATION, (at(1), at(2)), {}),
    Stopped(1, {0: at(1)}),
    SubscriptionStatus(REGISTRATION, {}, LAG),
    Recovery(),
    Pace(),
]
FREE_TEXT = {(ParkedStream, "error"), (SkippedEvent, "error")}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_field_is_checked_and_cannot_be_changed(value: Any) -> None:
    for name in value.__dataclass_fields__:
        with pytest.raises(InvalidArgument):
            replace(value, **{name: object()} if name not in ITERABLES else {name: (object(),)})
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, getattr(value, name))


ITERABLES = {"positions", "earlier", "slices", "transient"}


@pytest.mark.parametrize(
    "fields",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"backoff": 1.0},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": "1"},
        {"then": "skip"},
        {"transient": ConnectionError},
        {"transient": (1,)},
        {"transient": (BaseException,)},
        {"transient": (Exception,)},
        {"max_parked": -1},
    ],
    ids=str,
)
def test_what_is_no_recovery_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Recovery(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"page": 0},
        {"page": 10_001},
        {"commit_seconds": -1},
        {"commit_seconds": float("inf")},
        {"beat": 0},
        {"beat": float("nan")},
        {"lease": float("inf")},
        {"lease": 8.9},
        {"beat": 6},
        {"drain": -1},
    ],
    ids=str,
)
def test_what_is_no_pace_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Pace(**fields)


def test_the_settings_have_the_documented_defaults() -> None:
    recovery, pace = Recovery(), Pace()

    assert (recovery.attempts, recovery.timeout, recovery.then) == (5, 60.0, "park")
    assert recovery.backoff == Backoff(initial=0.1, maximum=5.0)
    assert recovery.max_parked == 100
    assert not issubclass(OSError, recovery.transient)
    assert not issubclass(TimeoutError, recovery.transient)
    assert issubclass(ConnectionResetError, recovery.transient)
    assert (pace.page, pace.commit_seconds, pace.beat, pace.lease, pace.drain) == (
        500,
        1.0,
        3.0,
        15.0,
        10.0,
    )


def test_the_lag_is_that_of_the_slowest_slice() -> None:
    assert (LAG.events, LAG.seconds, LAG.parked) == (3, 1.5, 2)


def test_a_division_that_all_have_passed_is_forgotten() -> None:
    old = Division(1, (at(3), at(5)))
    known = Registration("mails", 2, 2, at(3), earlier=(old,))

    assert divided(known, (at(4), at(9))) == (old, Division(2, (at(4), at(9))))
    assert divided(known, (at(5), at(9))) == (Division(2, (at(5), at(9))),)


def test_a_generation_that_was_never_prepared_handled_nothing() -> None:
    old = Division(1, (at(3), at(5)))
    known = Registration("mails", 2, 2, at(3), ready=False, earlier=(old,))

    assert divided(known, (at(3), at(3))) == (old,)
