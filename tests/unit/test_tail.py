"""The tail of a feed's log: however many readers wait, one poll serves all of them."""

import asyncio
from typing import Any
from uuid import UUID

from event_store_async.cassandra.feed.tail import Tail
from event_store_async.feeds import Position

from ..simulation.clock import Loop, run

FEED = UUID(int=7)


class PolledLog:
    """A log of entries of one event, that takes a while to answer."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.stored = 0
        self.ordinal = 0
        self.polls: list[float] = []
        self.fails = 0

    @property
    def end(self) -> Position:
        return at(self.ordinal)

    async def catch_up(self) -> bool:
        self.polls.append(self._loop.time())
        found = self.stored
        await asyncio.sleep(0.002)
        if self.fails:
            self.fails -= 1
            raise ConnectionError("no answer")
        moved = found > self.ordinal
        self.ordinal = max(found, self.ordinal)
        return moved


def at(number: int) -> Position:
    return Position(FEED, number, 1, number) if number else Position.beginning(FEED)


def tail_of(log: Any) -> Tail:
    return Tail(log)


def polls_of(readers: int) -> list[float]:
    """Return when a log is polled by so many readers that wait."""

    async def live(loop: Loop) -> list[float]:
        log = PolledLog(loop)
        tail = tail_of(log)
        waiting = []
        for _ in range(readers):
            waiting.append(loop.create_task(tail.changed(at(0), 10.0)))
            await asyncio.sleep(0.003)
        assert not any(await asyncio.gather(*waiting))
        return log.polls

    return run(live)


def test_many_readers_that_wait_poll_hardly_more_often_than_one() -> None:
    one, many = polls_of(1), polls_of(16)

    # Each of the sixteen looks once more at the end of its time.
    assert len(many) <= len(one) + 32


def test_all_readers_are_told_by_the_poll_of_one() -> None:
    async def live(loop: Loop) -> tuple[list[bool], float]:
        log = PolledLog(loop)
        tail = tail_of(log)
        waiting = [loop.create_task(tail.changed(at(0), 60.0)) for _ in range(16)]
        await asyncio.sleep(10.0)
        log.stored, began = 1, loop.time()
        return await asyncio.gather(*waiting), loop.time() - began

    told, took = run(live)

    assert told == [True] * 16
    assert took < 0.06


def test_what_a_sequencer_of_the_process_publishes_is_read_at_once() -> None:
    async def live(loop: Loop) -> float:
        log = PolledLog(loop)
        tail = tail_of(log)
        waiting = loop.create_task(tail.changed(at(0), 60.0))
        await asyncio.sleep(20.001)
        log.stored, began = 1, loop.time()
        published: Any = None  # it is not looked at
        tail.wake(published)
        assert await waiting
        return loop.time() - began

    assert run(live) < 0.004


def test_a_reader_that_waits_no_longer_has_looked_itself() -> None:
    async def live(loop: Loop) -> bool:
        log = PolledLog(loop)
        tail = tail_of(log)
        await tail.refresh()
        await asyncio.sleep(0.001)
        log.stored = 1  # after the last poll, and before the next one is due
        return await tail.changed(at(0), 0.0)

    assert run(live)


def test_a_failure_reaches_one_reader_and_the_others_go_on() -> None:
    async def live(loop: Loop) -> list[Any]:
        log = PolledLog(loop)
        tail = tail_of(log)
        waiting = [loop.create_task(tail.changed(at(0), 60.0)) for _ in range(4)]
        await asyncio.sleep(1.0)
        log.fails = 1
        await asyncio.sleep(1.0)
        log.stored = 1
        return await asyncio.gather(*waiting, return_exceptions=True)

    found = run(live)

    assert sorted(type(each).__name__ for each in found) == ["ConnectionError", *["bool"] * 3]
    assert [each for each in found if isinstance(each, bool)] == [True] * 3
