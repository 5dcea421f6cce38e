"""Stores on another event loop, and in a forked child."""

import pytest

from . import child
from .fake_server import FakeServer


@pytest.mark.parametrize("used_before", [True, False])
async def test_another_event_loop_is_refused_and_nothing_is_sent(
    fake: FakeServer, used_before: bool
) -> None:
    ended = await child.run("elsewhere", "another_loop", fake.port, int(used_before))

    assert ended.check("a store was used on another event loop") == {
        "errors": ["WrongEventLoop"] * 6,
        "sent": 0,
        "first loop works": True,
    }


@pytest.mark.parametrize("runs", [0, 1])
async def test_a_session_of_another_event_loop_is_refused(fake: FakeServer, runs: int) -> None:
    ended = await child.run("elsewhere", "another_loops_session", fake.port, runs)

    assert ended.check("a session was used on another event loop than its own") == {
        "errors": ["WrongEventLoop", "WrongEventLoop", "none", "0 in flight"]
    }


async def test_closing_on_another_event_loop_is_refused_and_harms_nothing(
    fake: FakeServer,
) -> None:
    ended = await child.run("elsewhere", "closed_on_another_loop", fake.port)

    assert ended.check("a store was closed on another event loop") == {
        "error": "WrongEventLoop",
        "works on its own": "none",
        "closed on its own": "none",
    }


async def test_closing_after_the_event_loop_has_ended_does_not_hang(
    fake: FakeServer,
) -> None:
    ended = await child.run("elsewhere", "closed_after_its_loop", fake.port)

    facts = ended.check("a store was closed on another event loop than its own, which is gone")
    # Either WrongEventLoop or the driver's own error.
    assert facts["error"] in {"WrongEventLoop", "RuntimeError"}
    assert facts["works"]


async def test_a_child_that_is_forked_with_appends_in_flight_ends(fake: FakeServer) -> None:
    ended = await child.run("elsewhere", "forked", fake.port, 0)

    facts = ended.check("a fork with requests in flight")
    assert facts == {"child": "bye", "status": 0, "versions": [1, 1, 1]}


async def test_a_forked_child_that_uses_the_store_is_refused(fake: FakeServer) -> None:
    ended = await child.run("elsewhere", "forked", fake.port, 1)

    facts = ended.check("a store was used in a forked child")
    assert facts == {
        "child": " ".join(["WrongProcess"] * 5),
        "status": 0,
        "versions": [1, 1, 1],
    }


async def test_closing_in_a_forked_child_does_nothing(fake: FakeServer) -> None:
    ended = await child.run("elsewhere", "forked", fake.port, 2)

    facts = ended.check("a store was closed in a forked child")
    assert facts == {"child": "none", "status": 0, "versions": [1, 1, 1]}


async def test_a_forked_child_opens_a_store_of_its_own_and_ends_as_any_program_does(
    fake: FakeServer,
) -> None:
    ended = await child.run("elsewhere", "forked_outside_a_loop", fake.port)

    facts = ended.check("a fork, and the interpreter's clean-up in the child")
    assert facts == {"child": "True", "status": 0, "version": 1}


async def test_a_forked_child_may_leave_the_block(fake: FakeServer) -> None:
    ended = await child.run("elsewhere", "forked_inside_the_block", fake.port)

    facts = ended.check("a forked child left async with")
    assert facts == {"child": "left", "status": 0, "version": 1}
