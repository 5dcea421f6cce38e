"""A round trip: what is exported and imported is the same, bit for bit, and twice is once."""

from pathlib import Path

from event_store_async.archive import export_events, import_events
from event_store_async.maintenance import verify_streams

from ..fixtures.server import Server
from ..maintenance.stores import contents, fill_with_everything, line_count, names, new_store


async def test_everything_comes_back_bit_for_bit(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl.zst"
    async with new_store(server) as (source, keyspace), new_store(server) as (target, _):
        await fill_with_everything(server, source, keyspace)
        wanted = await contents(source)

        exported = await export_events(source, path)
        first = await import_events(target, path)
        again = await import_events(target, path)

        assert await contents(target) == wanted
        assert exported.streams == len(wanted) == 5
        assert exported.events == sum(len(events) for events in wanted.values()) == 714
        assert line_count(path) == 1 + 714 + 5 + 1
        assert (first.stored, first.checked, first.findings) == (714, 5, 0)
        assert (again.stored, again.checked, again.findings) == (0, 5, 0)
        assert first.digest == again.digest == exported.digest
        digests = [(await verify_streams(store)).digest for store in (source, target)]
        assert digests == [exported.digest] * 2
    assert names(tmp_path) == [path.name]
