"""Checkpoints: complete at any moment, of one job only, and never taken for something else."""

from pathlib import Path

import pytest

from event_store_async import InvalidCheckpoint
from event_store_async.maintenance.checkpoint import Checkpoint

from .stores import names


async def test_a_checkpoint_belongs_to_one_job(tmp_path: Path) -> None:
    path = tmp_path / "point"
    mine = Checkpoint(path, "export", {"table": "a.events"})
    assert await mine.load(dict) is None
    await mine.save({"n": 1})
    await mine.save({"n": 2})
    assert await mine.load(dict) == {"n": 2}
    assert names(tmp_path) == ["point"]

    for other, reason in (
        (Checkpoint(path, "import", {"table": "a.events"}), "work 'export', not 'import'"),
        (Checkpoint(path, "export", {"table": "b.events"}), "table 'a.events', not 'b.events'"),
    ):
        with pytest.raises(InvalidCheckpoint, match=f"another job: {reason}"):
            await other.load(dict)
    for junk in (b"", b"{}", b"[]", b'{"format":"event-store-checkpoint"}', b"\xff"):
        path.write_bytes(junk)
        with pytest.raises(InvalidCheckpoint, match="it is not a checkpoint"):
            await mine.load(dict)
    await mine.remove()
    await mine.remove()
    with pytest.raises(InvalidCheckpoint, match="it cannot be written: No such file"):
        await Checkpoint(tmp_path / "none" / "point", "export", {}).save({})
    with pytest.raises(InvalidCheckpoint, match="it cannot be read: Is a directory"):
        await Checkpoint(tmp_path, "export", {}).load(dict)
    assert names(tmp_path) == []
