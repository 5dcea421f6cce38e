"""
Dying between any two steps: what a kill at a line of progress hardly ever meets.

Each step that changes a file, a checkpoint or the store is the last one of some run, done or not
done; the next run must bring it to the same end.
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
    """The process ends here, as far as the test goes."""


class Steps:
    """Counts steps, and dies in one of them: before it is done, or behind it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.last: int | None = None
        self.behind = False
        self.count = 0

    def of(self, owner: object, name: str) -> None:
        """Let the calls of a function be steps."""
        real = getattr(owner, name)

        def step(*arguments: object, **options: object) -> object:
            self.count += 1
            mine = self.count
            if mine == self.last and not self.behind:
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
        """Let a run die in its first step, the next one in its second, and so on; in both ways."""
        for self.behind in (False, True):
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
        # Always the same ones: how many steps there are hangs on how they fall into ranges.
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
