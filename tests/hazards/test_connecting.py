"""C1 and C2: connecting that is cancelled, fails, or never ends."""

import signal

import pytest

from . import child
from .fake_server import FakeServer


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_cancelled_connect_hangs_nothing_and_the_process_can_connect_afterwards(
    deaf: FakeServer, fake: FakeServer, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    monkeypatch.setenv("HAZARD_LOOP", loop)

    ended = await child.run("connecting", "connect_cancelled", deaf.port, fake.port)

    facts = ended.check("C1, connecting was cancelled")
    # By asyncio.timeout, anyio.move_on_after, wait_for and cancel; with and without a datacenter.
    assert facts["outcomes"] == [
        *["TimeoutError"] * 2,
        *["none"] * 2,
        *["TimeoutError"] * 2,
        *["CancelledError"] * 2,
    ]
    assert facts["works"]


async def test_a_connect_may_be_cancelled_at_every_step(fake: FakeServer) -> None:
    ended = await child.run("connecting", "connect_cancelled_at_every_step", fake.port)

    assert ended.check("C1, connecting was cancelled") == {"cancelled": True, "works": True}


async def test_cancelled_connects_leave_nothing_behind(fake: FakeServer) -> None:
    ended = await child.run("connecting", "cancelled_cycles", fake.port)

    assert ended.check("C1, connecting was cancelled") == {
        "descriptors": 0,
        "threads": 0,
        "tasks": 0,
    }


async def test_a_loop_may_end_while_connecting(deaf: FakeServer, fake: FakeServer) -> None:
    ended = await child.run("connecting", "loop_ends_while_connecting", deaf.port, fake.port)

    ended.check("C1, asyncio.run ended while connecting")


async def test_another_loop_may_begin_after_one_that_ended_while_connecting(
    deaf: FakeServer, fake: FakeServer
) -> None:
    name = "two_loops_after_one_that_ended_while_connecting"

    ended = await child.run("connecting", name, deaf.port, fake.port)

    assert ended.check("C1, asyncio.run ended while connecting") is True


async def test_an_interrupt_while_connecting_ends_the_process(deaf: FakeServer) -> None:
    async with child.running("connecting", "interrupted_while_connecting", deaf.port) as process:
        await deaf.connected()
        process.send(signal.SIGINT)

    process.check("C1, Ctrl-C while connecting", returncode=-signal.SIGINT)
    assert "KeyboardInterrupt" in process.errors


async def test_a_port_without_a_server_raises_connection_failed() -> None:
    ended = await child.run("connecting", "connect_refused")

    assert ended.check("connecting to a closed port") == {"error": "ConnectionFailed"}


async def test_a_server_that_never_answers_raises_connection_failed() -> None:
    ended = await child.run("connecting", "connect_to_a_black_hole")

    assert ended.check("connecting to a black hole") == {"error": "ConnectionFailed"}


async def test_a_server_that_accepts_and_never_answers_raises_connection_failed(
    deaf: FakeServer,
) -> None:
    ended = await child.run("connecting", "connect_to_a_deaf_server", deaf.port)

    assert ended.check("connecting to a deaf server") == {"error": "ConnectionFailed"}


async def test_connecting_again_makes_a_cluster_of_its_own(fake: FakeServer) -> None:
    ended = await child.run("connecting", "connect_again", fake.port)

    assert ended.check("C2, a session of a destroyed cluster") == [1, 1]


async def test_failed_connects_leave_nothing_behind() -> None:
    ended = await child.run("connecting", "failed_connect_again")

    assert ended.check("connecting failed 30 times") == {"descriptors": 0, "threads": 0, "tasks": 0}


async def test_a_store_that_cannot_be_created_leaves_no_connection_behind(fake: FakeServer) -> None:
    ended = await child.run("connecting", "connected_for_nothing", fake.port)

    assert ended.check("the store's constructor raised") == {
        "descriptors": 0,
        "threads": 0,
        "tasks": 0,
    }


async def test_connecting_out_of_descriptors_says_so_and_leaves_nothing_behind(
    fake: FakeServer,
) -> None:
    """However many are left: the driver fails in a different way at each of its steps."""
    ended = await child.run("connecting", "out_of_descriptors", fake.port)

    assert ended.check("connecting without file descriptors") == {
        "first": "ConnectionFailed",
        "last": "works",
        "changes": 1,
        "hints": [True],
        "leaked": 0,
    }


async def test_many_open_stores_are_warned_of_early(fake: FakeServer) -> None:
    """At 32, and then at every doubling; those that were closed do not count."""
    ended = await child.run("connecting", "many_open", fake.port)

    assert ended.check("many open stores") == {"warnings": ["32", "64"]}
