"""
Death between any two steps, which kills at reports of progress rarely hit.

Every step that changes a file, a checkpoint or the store is the last one of some run, which dies
just before or just after it. The next run must come to the same end.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest

from event_store_async import EventStore
from event_store_async.archive import Frames, export_events, import_events
from event_store_async.archive.frames import FrameWriter
from event_store_async.cassandra import Storage
from event_store_async.maintenance import checkpoint, verify_streams
from event_store_async.maintenance.checkpoint import Checkpoint

from ..fixtures.server import Server
from ..maintenance.stores import names, new_store
from .interrupting import check_file


class Died(Exception):
    """Stands for the death of the process."""


class Steps:
    """Counts steps, and dies just before or just after one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.last: int | None = None
        self.after = False
        self.count = 0

    def of(self, owner: object, name: str) -> None:
        """Count the calls of a function as steps."""
        real = getattr(owner, name)

        def step(*arguments: object, **options: object) -> object:
            self.count += 1
            mine = self.count
            if mine == self.last and not self.after:
                raise Died
            result = real(*arguments, **options)
            if mine != self.last:
                return result
            if not isinstance(result, Awaitable):
                raise Died

            async def finish() -> None:
                await result
                raise Died

            return finish()

        self._patch.setattr(owner, name, step)

    async def die_in_each(
        self, work: Callable[[], Awaitable[object]], check: Callable[[], Awaitable[None]]
    ) -> int:
        """Let a run die at its first step, the next one at its second, and so on; in both ways."""
        for self.after in (False, True):
            step = 0
            died = True
            while died:
                step += 1
                self.count, self.last = 0, step
                try:
                    await work()
                    died = False
                except Died:
                    self.last = None
                    await work()
                await check()
        return self.count


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[EventStore]:
    """Give a store with five streams."""
    async with new_store(server) as (store, _):
        # Fixed ids: the number of steps depends on the ranges that the streams fall into.
        for number, length in enumerate((1, 2, 3, 150, 4)):
            await store.persist_events(UUID(int=number), range(length))
        yield store


async def test_an_export_may_die_between_any_two_steps(
    made: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = (await verify_streams(made)).digest
    path = tmp_path / "f"
    steps = Steps(monkeypatch)
    for owner, name in (
        (FrameWriter, "write"),
        (FrameWriter, "finish_frame"),
        (checkpoint, "sync_folder"),
        (Path, "replace"),
        (Checkpoint, "remove"),
    ):
        steps.of(owner, name)

    async def work() -> None:
        if path.exists() and not path.with_name("f.checkpoint").exists():
            assert check_file(path) == (5, 160), "it was finished"
            return
        report = await export_events(made, path, ranges=4, frames=Frames(events=1))
        assert (report.digest, report.events) == (wanted, 160)

    async def check() -> None:
        assert check_file(path) == (5, 160)
        assert names(tmp_path) == ["f"]
        path.unlink()

    assert await steps.die_in_each(work, check) > 15


async def test_an_import_may_die_between_any_two_steps(
    made: EventStore, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    exported = await export_events(made, path, ranges=4, frames=Frames(events=1))
    steps = Steps(monkeypatch)
    for owner, name in ((Storage, "restore"), (Path, "replace"), (Checkpoint, "remove")):
        steps.of(owner, name)
    async with new_store(server) as (target, keyspace):

        async def work() -> None:
            report = await import_events(target, path)
            assert (report.findings, report.events, report.digest) == (0, 160, exported.digest)

        async def check() -> None:
            assert (await verify_streams(target, ranges=4)).digest == exported.digest
            assert names(tmp_path) == ["f"]
            await target._engine.session.change_schema(f"TRUNCATE {keyspace}.events", timeout=30)

        assert await steps.die_in_each(work, check) >= 10
