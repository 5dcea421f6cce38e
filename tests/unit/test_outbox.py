"""The outbox: what is sent at once, what at the end of the turn, what is held for a moment."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, cast

import pytest

from event_store_async.cassandra.driver.request import BUSY, PATIENCE, Outbox, Request

WHOSE: ContextVar[str] = ContextVar("whose")


class Timer:
    """What a loop returns for a later callback."""

    def __init__(self, seconds: float, callback: Callable[[], object]) -> None:
        self.seconds = seconds
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Never call back."""
        self.cancelled = True


class Loop:
    """An event loop whose turns and time pass when a test wants them to."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], object]] = []
        self.timers: list[Timer] = []

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call back at the end of the turn."""
        self.soon.append(callback)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back after *seconds*."""
        self.timers.append(Timer(seconds, callback))
        return self.timers[-1]

    def turn(self) -> None:
        """End a turn."""
        due, self.soon = self.soon, []
        for callback in due:
            callback()


class Bench:
    """An outbox, its loop, and what was sent."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.outbox = Outbox()
        self.left: list[str] = []

    def request(self, name: str) -> Request:
        """Return a request that notes when it is sent."""

        def make() -> Coroutine[Any, Any, Any]:
            self.left.append(f"{name} of {WHOSE.get('nobody')}")
            return nothing()

        return Request(make, lambda _: None, cast("asyncio.AbstractEventLoop", self.loop))


async def nothing() -> None:
    """Answer at once."""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_with_nothing_at_the_server_a_request_is_sent_at_once(bench: Bench) -> None:
    bench.outbox.post(bench.request("a"), 0)

    assert bench.left == ["a of nobody"]
    assert len(bench.outbox.held) == 0


def test_with_few_at_the_server_the_requests_of_a_turn_are_sent_together(bench: Bench) -> None:
    bench.outbox.post(bench.request("a"), 1)
    bench.outbox.post(bench.request("b"), BUSY)

    assert (bench.left, len(bench.outbox.held), len(bench.loop.soon)) == ([], 2, 1)
    bench.loop.turn()
    assert bench.left == ["a of nobody", "b of nobody"]
    assert (len(bench.outbox.held), bench.loop.timers) == (0, [])


def test_with_many_at_the_server_a_request_is_held_for_a_moment(bench: Bench) -> None:
    for name in ("a", "b"):
        bench.outbox.post(bench.request(name), BUSY + 1)

    assert (bench.left, bench.loop.soon) == ([], [])
    [timer] = bench.loop.timers
    assert timer.seconds == PATIENCE
    timer.callback()
    assert bench.left == ["a of nobody", "b of nobody"], "in the order in which they came"


def test_it_is_held_only_while_many_are_at_the_server(bench: Bench) -> None:
    bench.outbox.post(bench.request("a"), BUSY + 1)

    bench.outbox.landed(BUSY + 1)
    assert bench.loop.soon == []
    bench.outbox.landed(BUSY)
    bench.outbox.landed(BUSY - 1)
    assert len(bench.loop.soon) == 1
    bench.loop.turn()

    assert bench.left == ["a of nobody"]
    assert bench.loop.timers[0].cancelled


def test_one_that_is_sent_at_the_turns_end_takes_the_held_ones_along(bench: Bench) -> None:
    bench.outbox.post(bench.request("a"), BUSY + 1)
    bench.outbox.post(bench.request("b"), BUSY)
    bench.loop.turn()

    assert bench.left == ["a of nobody", "b of nobody"]
    bench.outbox.post(bench.request("c"), BUSY + 1)
    assert [timer.cancelled for timer in bench.loop.timers] == [True, False]


def test_held_requests_are_not_overtaken(bench: Bench) -> None:
    bench.outbox.post(bench.request("a"), 1)
    bench.outbox.post(bench.request("b"), 0)

    assert bench.left == []
    bench.loop.turn()
    assert bench.left == ["a of nobody", "b of nobody"]


def test_each_is_sent_in_the_context_of_its_own_caller(bench: Bench) -> None:
    for name in ("a", "b"):
        token = WHOSE.set(f"caller {name}")
        bench.outbox.post(bench.request(name), 1)
        WHOSE.reset(token)
    bench.loop.turn()

    assert bench.left == ["a of caller a", "b of caller b"]


def test_a_request_that_ends_does_not_disturb_an_empty_outbox(bench: Bench) -> None:
    bench.outbox.landed(0)

    assert (bench.loop.soon, bench.loop.timers) == ([], [])
