"""Kills: an export and an import resume after one, and no event is lost or duplicated."""

import asyncio
import signal
from pathlib import Path

import pytest

from event_store_async import EventStore
from event_store_async.maintenance import verify_streams

from ..fixtures.server import Server
from ..maintenance.stores import contents, names, new_store
from .interrupting import Command, check_file, fill

EVENTS = 5000
FRAMES = ("--frame-events", "20")


@pytest.fixture
def where(server: Server) -> list[str]:
    return ["--contact-points", ",".join(server.contact_points), "--port", str(server.port)]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_and_resumed(server: Server, where: list[str], tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl.zst"
    async with new_store(server) as (source, one), new_store(server) as (target, two):
        await fill(source, EVENTS, seed=7, longest=40)

        def kill_and_resume(command: Command, *arguments: str) -> dict[str, object]:
            # Of some 250 reports each.
            for lines in (1, 15, 8):
                command.kill_after(lines, *arguments)
            return command.run(*arguments)

        exported = await asyncio.to_thread(
            kill_and_resume, Command(where, one), "export", str(path), *FRAMES
        )
        streams, events = check_file(path)
        imported = await asyncio.to_thread(
            kill_and_resume, Command(where, two), "import", str(path)
        )

        assert (exported["streams"], exported["events"], exported["resumed"]) == (
            streams,
            EVENTS,
            True,
        )
        assert (imported["events"], imported["findings"], imported["resumed"]) == (EVENTS, 0, True)
        assert events == EVENTS
        assert await digest(source) == await digest(target) == exported["digest"]
        assert await contents(source) == await contents(target)
    assert names(tmp_path) == [path.name]


async def test_ctrl_c_ends_quietly_and_the_same_command_resumes(
    server: Server, where: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl.zst"
    async with new_store(server) as (source, one), new_store(server) as (target, two):
        await fill(source, 2000, seed=3, longest=10)

        def interrupt_and_resume(command: Command, *arguments: str) -> dict[str, object]:
            command.kill_after(10, *arguments, how=signal.SIGINT)
            return command.run(*arguments)

        exported = await asyncio.to_thread(
            interrupt_and_resume, Command(where, one), "export", str(path), *FRAMES
        )
        imported = await asyncio.to_thread(
            interrupt_and_resume, Command(where, two), "import", str(path)
        )

        assert (exported["resumed"], imported["resumed"]) == (True, True)
        assert check_file(path)[1] == 2000
        assert await digest(target) == exported["digest"]


async def digest(store: EventStore) -> str:
    return (await verify_streams(store)).digest
