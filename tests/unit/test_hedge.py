"""A request that only asks is sent again, elsewhere, if it is not answered soon."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from event_store_async.cassandra.driver import hedge
from event_store_async.cassandra.driver.faults import Certainty, Fault
from event_store_async.cassandra.driver.hedge import MOST, hedged

LONG = 60.0


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next request follow as soon as the one before waits."""
    monkeypatch.setattr(hedge, "PATIENCE", 0.0)


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedge, "PATIENCE", LONG)


impatient = pytest.mark.usefixtures("_impatient")
patient = pytest.mark.usefixtures("_patient")


class Node:
    """Answers each request as it is told, in order; notes where it was asked to go."""

    def __init__(self, *answers: Callable[[], Awaitable[str]]) -> None:
        self.answers = list(answers)
        self.elsewhere: list[bool] = []
        self.cancelled = 0

    async def __call__(self, again: bool) -> str:
        self.elsewhere.append(again)
        try:
            return await self.answers[len(self.elsewhere) - 1]()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise


async def hang() -> str:
    await anyio.sleep_forever()
    raise AssertionError


async def answer() -> str:
    return "answer"


def fault(certainty: Certainty = Certainty.UNKNOWN, name: str = "LibRequestTimedOut") -> Fault:
    return Fault(name, "no answer", certainty)


def failing(error: Exception) -> Callable[[], Awaitable[str]]:
    async def fail() -> str:
        raise error

    return fail


@patient
async def test_what_is_answered_soon_is_sent_once() -> None:
    node = Node(answer)

    assert await hedged(node) == "answer"
    assert node.elsewhere == [False]


@impatient
async def test_what_is_not_answered_soon_is_sent_elsewhere_and_given_up() -> None:
    node = Node(hang, answer)

    with anyio.fail_after(LONG):
        assert await hedged(node) == "answer"
    assert node.elsewhere == [False, True]
    assert node.cancelled == 1


@impatient
async def test_the_first_request_may_still_be_answered() -> None:
    second_sent = anyio.Event()

    async def late() -> str:
        await second_sent.wait()
        return "late"

    async def hang_and_tell() -> str:
        second_sent.set()
        return await hang()

    with anyio.fail_after(LONG):
        assert await hedged(Node(late, hang_and_tell, hang)) == "late"


@patient
async def test_a_fault_of_the_only_request_is_raised_at_once() -> None:
    node = Node(failing(fault()), answer)

    with pytest.raises(Fault):
        await hedged(node)
    assert node.elsewhere == [False]


@impatient
async def test_a_fault_counts_only_if_no_request_is_answered() -> None:
    failed = anyio.Event()

    async def fail() -> str:
        failed.set()
        raise fault()

    async def answer_then() -> str:
        await failed.wait()
        return "answer"

    with anyio.fail_after(LONG):
        assert await hedged(Node(answer_then, fail, hang)) == "answer"


@impatient
async def test_the_fault_that_came_first_is_raised_if_all_meet_one() -> None:
    all_sent = anyio.Event()
    first, second, third = fault(), fault(), fault()

    async def wait_and_fail() -> str:
        await all_sent.wait()
        raise first

    async def fail_last() -> str:
        all_sent.set()
        raise third

    node = Node(wait_and_fail, failing(second), fail_last)
    with anyio.fail_after(LONG), pytest.raises(Fault) as caught:
        await hedged(node)
    assert caught.value is second
    assert node.elsewhere == [False, True, True]


@impatient
async def test_a_refusal_is_final_though_another_request_waits() -> None:
    refused = fault(Certainty.REFUSED, "ServerInvalidQuery")

    with anyio.fail_after(LONG), pytest.raises(Fault) as caught:
        await hedged(Node(hang, failing(refused), answer))
    assert caught.value is refused


@impatient
async def test_no_more_requests_are_sent_than_allowed() -> None:
    node = Node(*[hang] * (MOST + 1))

    async def send() -> None:
        await hedged(node)

    async with anyio.create_task_group() as group:
        group.start_soon(send)
        while len(node.elsewhere) < MOST:
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert node.elsewhere == [False, *[True] * (MOST - 1)]
    assert node.cancelled == MOST


@patient
async def test_an_error_that_is_no_fault_is_raised_alone() -> None:
    with pytest.raises(ValueError, match="closed"):
        await hedged(Node(failing(ValueError("closed"))))
