"""The page of the walk shows what the command says today."""

import asyncio
from pathlib import Path

import pytest

from tools import walk

from ..fixtures.server import Server


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_walk_goes_as_its_page_says(server: Server, tmp_path: Path) -> None:
    """On a Cassandra of its own, beside the tests'; `python -m tools.walk` records it anew."""
    walked = await asyncio.to_thread(walk.record, tmp_path)

    assert walked.splitlines() == walk.PAGE.read_text("utf-8").splitlines()


def test_every_command_of_the_walk_is_on_the_page() -> None:
    shown = walk.PAGE.read_text("utf-8").splitlines()
    typed = [f"$ {command}" for part in walk.PARTS for command in part.commands]

    assert [line for line in shown if line.startswith("$ ")] == typed
