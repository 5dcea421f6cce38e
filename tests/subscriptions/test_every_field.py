"""R8: each field of `Recovery` and of `Pace` has a test that fails if the field is ignored."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import MISSING, fields
from functools import partial
from typing import Any
from unittest import mock

import pytest

from event_store_async.subscriptions import Pace, Recovery

from . import test_subscription as tests
from .group import simulated

Test = Callable[[], object]

TESTS: dict[tuple[type, str], Test] = {
    (Recovery, "attempts"): tests.test_an_event_is_tried_again_and_then_its_stream_is_parked,
    (Recovery, "backoff"): tests.test_the_pauses_between_attempts_are_those_of_the_recovery,
    (Recovery, "timeout"): tests.test_a_handler_that_takes_too_long_has_failed,
    (Recovery, "then"): tests.test_a_held_slice_goes_on_once_the_event_succeeds,
    (Recovery, "transient"): tests.test_what_is_transient_is_said_by_the_recovery,
    (Recovery, "max_parked"): tests.test_more_parked_streams_than_allowed_hold_the_slice,
    (Pace, "page"): tests.test_commits_are_as_often_as_the_pace_says,
    (Pace, "commit_seconds"): tests.test_commits_are_as_often_as_the_pace_says,
    (Pace, "beat"): partial(tests.test_r8_what_an_operator_does_is_seen_at_the_next_beat, 5.0),
    (Pace, "lease"): partial(
        tests.test_r8_a_dead_member_is_taken_over_after_its_lease_and_a_beat, 1.0, 4.0
    ),
    (Pace, "drain"): partial(
        tests.test_r5_what_is_in_hand_may_end_while_it_stops_and_nothing_is_lost, 30.0, False
    ),
}


def test_every_field_has_a_test() -> None:
    assert {(kind, each.name) for kind in (Recovery, Pace) for each in fields(kind)} == set(TESTS)


@pytest.mark.parametrize(
    ("kind", "name"), TESTS, ids=[f"{kind.__name__}.{name}" for kind, name in TESTS]
)
def test_its_test_fails_if_the_field_is_ignored(kind: type, name: str) -> None:
    test = TESTS[kind, name]
    field = next(each for each in fields(kind) if each.name == name)
    default = field.default if field.default is not MISSING else getattr(kind(), name)
    check = kind.__post_init__  # type: ignore[attr-defined]

    def ignoring(self: Any) -> None:
        check(self)
        object.__setattr__(self, name, default)

    def bounded(program: Callable[[], Coroutine[Any, Any, Any]]) -> object:
        return simulated(lambda: asyncio.wait_for(program(), 300.0))  # it may try for ever

    test()
    with (
        mock.patch.object(tests, "simulated", bounded),
        mock.patch.object(kind, "__post_init__", ignoring),
        pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)),
    ):
        test()
