"""Stores that are not closed: dropped, interrupted, or their loop ended."""

import signal

import pytest

from . import child
from .fake_server import FakeServer


async def test_a_dropped_store_warns_and_its_appends_run_to_their_end(fake: FakeServer) -> None:
    ended = await child.run("leaving", "dropped", fake.port)

    assert ended.check("an unclosed store was dropped with requests in flight") == {
        "warnings": ["ResourceWarning"],
        "carried through": [[[True]]] * 3,
        "descriptors stay": True,
    }


@pytest.mark.parametrize("appends", [0, 3])
async def test_the_process_ends_if_the_store_is_not_closed(fake: FakeServer, appends: int) -> None:
    ended = await child.run("leaving", "loop_ends_in_flight", fake.port, appends)

    ended.check("asyncio.run ended without a close")


async def test_another_loop_may_begin_after_one_that_ended_with_appends_at_the_server(
    fake: FakeServer,
) -> None:
    ended = await child.run("leaving", "loop_ends_in_flight_and_another_begins", fake.port)

    assert ended.check("asyncio.run ended with requests in flight") is True


async def test_a_loop_may_end_while_a_task_is_inside_the_block(fake: FakeServer) -> None:
    ended = await child.run("leaving", "loop_ends_in_flight_inside_the_block", fake.port)

    ended.check("asyncio.run ended inside async with")


@pytest.mark.parametrize("answered", [True, False])
async def test_an_interrupt_in_the_middle_of_an_append_ends_the_process(
    fake: FakeServer, answered: bool
) -> None:
    arguments = "interrupted_while_appending", fake.port, int(answered)
    async with child.running("leaving", *arguments) as process:
        await fake.arrived(1)
        process.send(signal.SIGINT)
        if answered:
            await fake.release()

    process.check("Ctrl-C in the middle of an append", returncode=-signal.SIGINT)
    assert "KeyboardInterrupt" in process.errors
    assert ("outcome is unknown" in process.errors) is not answered
