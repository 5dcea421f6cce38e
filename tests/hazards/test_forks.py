"""A fork after a store was closed: what is closed and not freed yet would hang the child."""

import pytest

from . import child
from .fake_server import FakeServer

HOLDERS = [
    "the store",
    "an exception's traceback",
    "a suspended read",
    "a cancelled append",
    "the driver's session alone",
    "the caller's own session and its store",
    "the caller's own session alone",
]
"""What still holds a session that was closed before the fork, in the order of the scenarios."""


@pytest.mark.parametrize("scenario", ["drops_it", "ends"])
@pytest.mark.parametrize("how", range(len(HOLDERS)), ids=HOLDERS)
async def test_a_child_forked_after_closing_ends(fake: FakeServer, scenario: str, how: int) -> None:
    ended = await child.run("forks", scenario, fake.port, how, 0)

    assert ended.check("a fork after a store was closed") == {"status": 0}


@pytest.mark.parametrize("how", [0, 1, 4, 5], ids=[HOLDERS[how] for how in (0, 1, 4, 5)])
async def test_a_child_forked_after_closing_and_freezing_ends(fake: FakeServer, how: int) -> None:
    ended = await child.run("forks", "drops_it", fake.port, how, 1)

    assert ended.check("a fork after a store was closed and gc.freeze()") == {"status": 0}


async def test_a_closed_store_may_be_closed_again_in_a_child(fake: FakeServer) -> None:
    ended = await child.run("forks", "closed_in_the_child", fake.port)

    facts = ended.check("a closed store is closed again in a forked child")
    assert facts == {"child": "none", "status": 0}


async def test_nothing_is_kept_in_the_parent(fake: FakeServer) -> None:
    ended = await child.run("forks", "freed_in_the_parent", fake.port)

    assert ended.check("sessions are freed in the parent") == {"sessions": [0, 0, 0]}
