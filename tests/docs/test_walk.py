"""The page of the walk shows what the command prints today."""

import asyncio
from pathlib import Path

import pytest

from tools import walk

from ..fixtures.server import Server


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_walk_prints_what_its_page_shows(server: Server, tmp_path: Path) -> None:
    """On a Cassandra of its own; `python -m tools.walk` records the page again."""
    walked = await asyncio.to_thread(walk.record, tmp_path)

    assert walked.splitlines() == walk.PAGE.read_text("utf-8").splitlines()


def test_every_command_of_the_walk_is_on_the_page() -> None:
    shown = walk.PAGE.read_text("utf-8").splitlines()
    typed = [f"$ {command}" for part in walk.PARTS for command in part.commands]

    assert [line for line in shown if line.startswith("$ ")] == typed


def test_the_copy_on_the_page_has_the_digest_of_its_source() -> None:
    page = walk.PAGE.read_text("utf-8")
    _, part = page.split("## Moving data\n")
    lines = part.split("\n## ")[0].splitlines()
    digests = [line.split()[1].rstrip(",") for line in lines if line.startswith("digest ")]

    assert len(digests) == 4, "verify, export, import, verify"
    assert len(set(digests)) == 1
    assert [line for line in lines if line.startswith("findings ")] == ["findings  none"] * 4


def test_different_digests_stay_different() -> None:
    one, two = "1" * 64, "2" * 64

    first, second, again = walk._with_stable_digests(f"{one} {two} {one}").split()

    assert first == again != second
    assert {first, second}.isdisjoint({one, two})
