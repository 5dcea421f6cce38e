"""Checkpoints: complete at any moment, of one job only, and never taken for something else."""

import os
import stat
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


async def test_links_are_not_followed(tmp_path: Path) -> None:
    path, victim = tmp_path / "point", tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "point.new").symlink_to(victim)
    checkpoint = Checkpoint(path, "export", {})

    await checkpoint.save({"n": 1})

    assert victim.read_text() == "mine"
    assert await checkpoint.load(dict) == {"n": 1}
    path.unlink()
    path.symlink_to(victim)
    os.link(victim, tmp_path / "point.new")
    await checkpoint.save({"n": 2})
    assert victim.read_text() == "mine"
    assert not path.is_symlink(), "the link is replaced, not the file that it names"


async def test_a_file_left_by_a_killed_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "point"
    (tmp_path / "point.new").write_text("half")
    checkpoint = Checkpoint(path, "export", {})

    await checkpoint.save({"n": 1})

    assert await checkpoint.load(dict) == {"n": 1}
    assert names(tmp_path) == ["point"]


async def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "point"
    old = os.umask(0)
    try:
        await Checkpoint(path, "export", {}).save({})
    finally:
        os.umask(old)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero")):
        with pytest.raises(InvalidCheckpoint, match="it is not a regular file"):
            await Checkpoint(path, "export", {}).load(dict)


async def test_a_huge_file_is_refused_without_reading_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(10 * 1024**4)

    with pytest.raises(InvalidCheckpoint, match="it has more than 268,435,456 bytes"):
        await Checkpoint(path, "export", {}).load(dict)


async def test_a_checkpoint_in_which_a_key_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "point"
    mine = Checkpoint(path, "export", {})
    await mine.save({"n": 1, "open": {"stream": 2}})
    sound = path.read_bytes()

    for before, after, key in (
        (b'"n":1', b'"n":1,"n":2', "n"),
        (b'"stream":2', b'"stream":2, "stream": 2', "stream"),
        (b'"format"', b'"work":"export","format"', "work"),
    ):
        path.write_bytes(sound.replace(before, after))
        with pytest.raises(
            InvalidCheckpoint, match=f"damaged: an object has the key '{key}' twice"
        ):
            await mine.load(dict)
