"""C3: closing early, twice, cancelled, or with requests at the server."""

import pytest

from . import child
from .fake_server import FakeServer

NOTHING = {"descriptors": 0, "threads": 0, "tasks": 0}


async def test_close_waits_for_500_appends_and_refuses_new_ones(fake: FakeServer) -> None:
    ended = await child.run("closing", "closed_in_flight", fake.port)

    facts = ended.check("C3, closing with requests in flight")
    assert facts == {"outcomes": {"Persisted": 500}, "refused": "StoreClosed"}


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_cancelled_close_continues_and_a_second_one_waits_for_it(
    fake: FakeServer, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    monkeypatch.setenv("HAZARD_LOOP", loop)

    ended = await child.run("closing", "close_cancelled", fake.port)

    assert ended.check("closing was cancelled") == {
        "outcomes": ["TimeoutError", "none", "CancelledError"],
        "append went on": True,
        "second waits": True,
        "version": 1,
        "tasks": 0,
    }


async def test_closing_a_store_whose_server_is_silent_writes_into_no_other_file(
    fake: FakeServer,
) -> None:
    ended = await child.run("closing", "closed_without_an_answer", fake.port)

    facts = ended.check("C3, closing with a server that does not answer")
    assert facts == {"outcome": "AppendOutcomeUnknown", "freed": True, "written": 0}


async def test_50_stores_leave_no_descriptor_thread_or_task_behind(fake: FakeServer) -> None:
    ended = await child.run("closing", "cycles", fake.port, limit=120)

    assert ended.check("connecting and closing 50 times") == NOTHING


async def test_a_closed_store_refuses_everything_and_may_be_closed_twice(fake: FakeServer) -> None:
    ended = await child.run("closing", "used_after_close", fake.port)

    facts = ended.check("a closed store was used")
    assert set(facts.values()) == {"StoreClosed"}
    assert len(facts) == 7


async def test_a_session_that_its_owner_has_closed_is_a_closed_store(fake: FakeServer) -> None:
    ended = await child.run("closing", "session_closed_by_its_owner", fake.port)

    assert ended.check("the driver's session was closed") == {"error": "StoreClosed"}
